"""Replacing a file's content whole or not at all: what reads it meanwhile sees the old or the new.

Others write to it, too. So the new content changes places with what is there, in one step; only then is it looked at
what that was. If it was not what was expected they change back, and nobody's edit is lost.
"""
# ruff: noqa: PTH103, PTH105, PTH108, PTH116, PTH118, PTH119, PTH120, PTH211 - see places.py

import errno
import os
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from xacct import fileio
from xacct.ctl.exchange import exchange
from xacct.ctl.failure import CtlError

_LATE: Final = 0.05
"""Seconds for which an edit is waited for that was begun before the change, by a program that writes into the file."""

_ACL: Final = "system.posix_acl_access"


def content(path: str) -> bytes:
    """Return what is in the file, nothing where there is none. Raises `CtlError` if it is no plain file."""
    try:
        return fileio.read(path, null=False)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise CtlError(f"{path} can't be read: {error.strerror}.", "Look at AWS_CONFIG_FILE.") from None


def replace(path: str, old: bytes, new: bytes) -> bool:
    """Write `new` into the file at `path` (behind a symlink: into its target), keeping its mode, owner and ACL.

    False if `old` is no longer what is in it, or `new` did not stay. A missing file is made, for its user alone.
    Raises `CtlError` if that can't be done: a file with a second name, one that is open in an editor.
    """
    target = os.path.realpath(path)
    fresh = os.path.join(os.path.dirname(target), f".{os.path.basename(target)}.xacct-{os.getpid()}")
    try:
        os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
        with _edited(target):
            with suppress(FileNotFoundError):
                os.unlink(fresh)  # one of an earlier process of our number, that was killed
            try:
                fileio.write_new(fresh, new)
                there = _made_alike(fresh, target)
                if content(target) != old or not _put(fresh, target, old, new, there=there):
                    return False
            finally:
                with suppress(FileNotFoundError):
                    os.unlink(fresh)
            fileio.sync_directory(os.path.dirname(target))
            return content(target) == new
    except OSError as error:
        raise CtlError(f"{target} can't be written: {error.strerror}.", "Look at its directory's owner.") from None


def _put(fresh: str, target: str, old: bytes, new: bytes, *, there: bool) -> bool:
    """Put the one in the place of the other; false, and all is as before, if that had been changed by then."""
    if not there:
        try:
            os.link(fresh, target)  # this, unlike a rename, takes nobody's place
        except FileExistsError:
            return False
        return True
    if not exchange(fresh, target):
        os.replace(fresh, target)  # a file system that can't: as good as can be
        return True
    if content(fresh) == old:
        time.sleep(_LATE)
        if content(fresh) == old:
            return True
    exchange(fresh, target)
    if content(fresh) != new:  # somebody has edited ours already
        kept = fileio.set_aside(fresh)
        raise CtlError(f"{target} is written to by others at once.", f"What one of them wrote is in {kept}.")
    return False


@contextmanager
def _edited(target: str) -> Iterator[None]:
    """Hold the lock by which Emacs and others say that they edit a file. `CtlError` if it is held, or vim's is."""
    directory, name = os.path.split(target)
    lock, swap = os.path.join(directory, f".#{name}"), os.path.join(directory, f".{name}.swp")
    for sign in (lock, swap):
        if os.path.lexists(sign):
            raise CtlError(f"{target} is open in an editor ({sign}).", "Save and close it there, and try again.")
    os.symlink(f"xacctctl@{socket.gethostname()}.{os.getpid()}", lock)
    try:
        yield
    finally:
        with suppress(FileNotFoundError):
            os.unlink(lock)


def _made_alike(fresh: str, target: str) -> bool:
    """Give the one the owner, mode and ACL of the other; say whether there is another."""
    try:
        like = os.stat(target)
    except FileNotFoundError:
        return False
    if like.st_nlink > 1:
        raise CtlError(
            f"{target} has another name (a hard link), under which it would be the old one.",
            "Make the other name a symbolic link, or write it by hand: --dry-run shows what.",
        )
    descriptor = os.open(fresh, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        _give(descriptor, like, _acl(target))
    finally:
        os.close(descriptor)
    return True


def _give(descriptor: int, like: os.stat_result, acl: bytes | None) -> None:
    mode = stat.S_IMODE(like.st_mode)
    try:
        os.fchown(descriptor, like.st_uid, like.st_gid)
    except PermissionError:
        if acl is not None:
            raise OSError(errno.EPERM, "its owner and its access control list can't be kept") from None
        mode &= 0o700  # what was for another group's eyes is not for ours
    os.fchmod(descriptor, mode)
    if acl is not None:
        try:
            os.setxattr(descriptor, _ACL, acl)
        except OSError as error:
            raise OSError(error.errno, "its access control list can't be kept") from None


def _acl(target: str) -> bytes | None:
    """The access control list (acl(5)) as the kernel keeps it, None where there is none beside the mode."""
    try:
        return os.getxattr(target, _ACL)
    except (AttributeError, OSError):  # no Linux, no such attribute, or a file system without any
        return None
