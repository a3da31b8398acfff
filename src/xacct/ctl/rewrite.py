"""Replacing a file's content whole or not at all: what reads it meanwhile sees the old or the new."""
# ruff: noqa: PTH103, PTH105, PTH108, PTH116, PTH118, PTH119, PTH120, PTH123 - see places.py

import os
import stat
from contextlib import suppress

from xacct import fileio
from xacct.ctl.failure import CtlError


def content(path: str) -> bytes:
    """Return what is in the file, nothing where there is none. Raises `CtlError` if it is no plain file."""
    try:
        return fileio.read(path, null=False)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise CtlError(f"{path} can't be read: {error.strerror}.", "Look at AWS_CONFIG_FILE.") from None


def replace(path: str, old: bytes, new: bytes) -> bool:
    """Write `new` into the file at `path` (behind a symlink: into its target), keeping its mode.

    False, and nothing is changed, if `old` is no longer what is in it. A missing file is made, for its user alone.
    Raises `CtlError` if that can't be done.
    """
    target = os.path.realpath(path)
    fresh = os.path.join(os.path.dirname(target), f".{os.path.basename(target)}.xacct-{os.getpid()}")
    try:
        os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
        with suppress(FileNotFoundError):
            os.unlink(fresh)  # one of an earlier process of our number, that was killed
        try:
            _write(fresh, new, _like(target))
            if content(target) != old:
                return False
            os.replace(fresh, target)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(fresh)
        _settle(os.path.dirname(target))
    except OSError as error:
        raise CtlError(f"{target} can't be written: {error.strerror}.", "Look at its directory's owner.") from None
    return True


def _like(target: str) -> os.stat_result | None:
    try:
        return os.stat(target)
    except FileNotFoundError:
        return None


def _write(path: str, new: bytes, like: os.stat_result | None) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:
        if like is not None:
            mode = stat.S_IMODE(like.st_mode)
            try:
                os.fchown(descriptor, like.st_uid, like.st_gid)
            except PermissionError:
                mode &= 0o700  # what was for another group's eyes is not for ours
            os.fchmod(descriptor, mode)
        file.write(new)
        file.flush()
        os.fsync(descriptor)


def _settle(directory: str) -> None:
    """The new name, too, has to be on the disk before anybody relies on it."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
