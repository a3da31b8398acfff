"""Replacing a file's content whole or not at all: what reads it meanwhile sees the old or the new.

Others write to it, too. So the new content is exchanged for what is there, in one step; only then is it looked at
what that was. If it was not what was expected they change back; and what somebody wrote in between is merged into that.
Nobody's edit is lost: where two can't be merged, one is kept beside the file, and the sentence says where.
"""
# ruff: noqa: PTH103, PTH105, PTH108, PTH115, PTH116, PTH118, PTH119, PTH120, PTH211 - see paths.py

import errno
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from xacct import fileio
from xacct.userfiles.exchange import exchange
from xacct.userfiles.merge import has, merged
from xacct.userfiles.writing import has_writer

_LATE: Final = 0.05
"""Seconds for which an edit is waited for that was begun before the change, by a program that writes into the file."""

_LOOKS: Final = 40
"""How often that is done at most, while the program has the file open: two seconds."""

_ROUNDS: Final = 10
"""How often edits that come in the instant between two exchanges are merged, before one is put aside."""

_NOT_WRITABLE: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
"""Why a directory takes no other file."""

_ACL: Final = "system.posix_acl_access"


class Refused(Exception):
    """The file is left alone.

    Attributes:
        sentence: why.
        hint: what to do.
    """

    def __init__(self, sentence: str, hint: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint


def content(path: str) -> bytes:
    """Return what is in the file, nothing where there is none.

    Raises:
        OSError: it is no plain file.
    """
    try:
        return fileio.read(path, null=False)
    except FileNotFoundError:
        return b""


def replace(path: str, old: bytes, new: bytes) -> bool:
    """Write `new` into the file at `path` (behind a symlink: into its target), keeping its mode, owner and ACL.

    A missing file is made, for its user alone. One whose directory takes no other file, or that is mounted by itself,
    is written into.

    Returns:
        False if `old` is no longer what is in it, or what `new` changed did not stay: read it again.

    Raises:
        Refused: It has a second name, or is open in an editor or another program.
        OSError: It can't be written.
    """
    target = os.path.realpath(path)  # guard: symlink-stays-one
    if not os.path.lexists(target):
        os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
    fresh = os.path.join(os.path.dirname(target), f".{os.path.basename(target)}.xacct-{os.getpid()}")
    with _edited(target):
        try:
            return _replace(fresh, target, old, new)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(fresh)


def _replace(fresh: str, target: str, old: bytes, new: bytes) -> bool:
    try:
        _write(fresh, new)
    except OSError as error:
        if error.errno not in _NOT_WRITABLE or not os.access(target, os.W_OK):
            raise
        return _write_into(target, old, new)
    try:
        there = _made_alike(fresh, target)
        if content(target) != old:
            return False
        _put(fresh, target, old, new, there=there)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        return _write_into(target, old, new)  # a mount point, as in a container: it can't be renamed
    fileio.sync_directory(os.path.dirname(target))
    return _has(content(target), old, new)


def _write(fresh: str, new: bytes) -> None:
    with suppress(FileNotFoundError):
        os.unlink(fresh)  # one of an earlier process of our number, that was killed
    fileio.write_new(fresh, new)


def _write_into(target: str, old: bytes, new: bytes) -> bool:
    """Write where no file can replace it: never empty, but neither whole nor old for a moment."""
    if content(target) != old or has_writer(target):
        return False
    descriptor = fileio.open_regular(target, os.O_WRONLY)
    try:
        fileio.write_all(descriptor, new)
        os.ftruncate(descriptor, len(new))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return content(target) == new


def _put(fresh: str, target: str, old: bytes, new: bytes, *, there: bool) -> None:
    """Replace the one by the other; where somebody else was quicker, what they wrote is there afterwards."""
    if not there:
        with suppress(FileExistsError):
            os.link(fresh, target)  # this, unlike a rename, replaces nothing
        return
    _swap(fresh, target)
    if content(fresh) != old:  # guard: what-others-write-meanwhile-is-seen
        _restore(fresh, target, old, new)
        return
    is_closed = _settle(fresh)
    if content(fresh) != old or not is_closed:
        _restore(fresh, target, old, new)
    if not is_closed:
        raise Refused(f"{target} is open for writing in another program.", "Close it there, and try again.")


def _restore(fresh: str, target: str, old: bytes, new: bytes) -> None:
    """Undo an exchange: `fresh` has what others wrote where `old` was, `target` has `new` or what they made of it."""
    try:
        is_merged = _undone(fresh, target, old, new)
    except OSError:
        is_merged = False
    if not is_merged:
        kept = fileio.keep_copy(target, content(fresh))  # guard: what-cannot-be-merged-is-kept
        raise Refused(f"{target} is written to by others at once.", f"What one of them wrote is in {kept}.")


def _undone(fresh: str, target: str, old: bytes, new: bytes) -> bool:
    """Put theirs back, and what was written meanwhile, too; false if that can't be: then that is in `fresh`."""
    there = content(fresh)
    came = _settled_swap(fresh, target)
    if came == new:  # guard: what-others-write-between-two-exchanges-is-merged
        return True
    both = _both(old, new, there, came)
    for _ in range(_ROUNDS):
        if both is None:
            return False
        _write(fresh, both)
        _made_alike(fresh, target)
        came = _settled_swap(fresh, target)
        if came == there:
            return True
        was, there = there, content(target)
        both = _merged(was, came, there)
        if both == there:
            return True
    return False


def _settled_swap(fresh: str, target: str) -> bytes:
    """Exchange them, and return what the one that has lost its name holds when nobody writes it any more."""
    _swap(fresh, target)
    _settle(fresh)
    return content(fresh)


def _both(old: bytes, new: bytes, theirs: bytes, came: bytes) -> bytes | None:
    """Return what was written at the same time, without ours if that can be; None where the same lines changed.

    Args:
        old: What both began with.
        new: Ours, which was there for an instant.
        theirs: What was written over it.
        came: What was written into it or over it, by somebody who had read ours, or theirs, or the old.
    """
    if _has(came, old, theirs):
        return came
    without = _merged(new if _has(came, old, new) else old, came, theirs)
    return _merged(old, theirs, came) if without is None else without


def _has(now: bytes, base: bytes, copy: bytes) -> bool:
    return has(*(text.splitlines(keepends=True) for text in (now, base, copy)))


def _merged(base: bytes, copy: bytes, now: bytes) -> bytes | None:
    """Return `now` with what was changed from `base` to `copy`, or as it is if it has that; None where both did."""
    if _has(now, base, copy):
        return now
    lines = merged(*(text.splitlines(keepends=True) for text in (base, copy, now)))
    return None if lines is None else b"".join(lines)


def _swap(fresh: str, target: str) -> None:
    """Exchange them. Where the file system can't: almost in one step, so that an edit in between is lost."""
    if exchange(fresh, target):  # guard: files-are-exchanged-in-one-step
        return
    before = f"{fresh}-before"
    with suppress(FileNotFoundError):
        os.unlink(before)
    os.link(target, before)
    os.replace(fresh, target)
    os.replace(before, fresh)


def _settle(path: str) -> bool:
    """Wait until nobody writes a file any more that has lost its name; false where that takes too long."""
    for _ in range(_LOOKS):
        time.sleep(_LATE)
        if not has_writer(path):  # guard: who-still-writes-is-waited-for
            return True
    return False


@contextmanager
def _edited(target: str) -> Iterator[None]:
    """Hold the lock by which Emacs and others say that they edit a file. `Refused` if it is held, or vim's is."""
    directory, name = os.path.split(target)
    lock, swap = os.path.join(directory, f".#{name}"), os.path.join(directory, f".{name}.swp")
    if _is_left_behind(lock):
        with suppress(FileNotFoundError):
            os.unlink(lock)
    for sign in (lock, swap):
        if os.path.lexists(sign):  # guard: file-in-editor-is-left-alone
            raise Refused(f"{target} is open in an editor ({sign}).", "Save and close it there, and try again.")
    try:
        os.symlink(f"{_us()}{os.getpid()}", lock)
    except FileExistsError:
        raise Refused(f"{target} is open in an editor ({lock}).", "Save and close it there, and try again.") from None
    except OSError as error:
        if error.errno not in _NOT_WRITABLE:
            raise
        yield  # a directory, or a file system, that takes no such lock
        return
    try:
        yield
    finally:
        with suppress(FileNotFoundError):
            os.unlink(lock)


def _us() -> str:
    return f"xacct@{os.uname().nodename}."


def _is_left_behind(lock: str) -> bool:
    """Say whether a lock is one of ours whose process has been killed."""
    try:
        held_by = os.readlink(lock)
        if not held_by.startswith(_us()):
            return False
        os.kill(int(held_by.removeprefix(_us())), 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError, OverflowError):
        return False
    return False


def _made_alike(fresh: str, target: str) -> bool:
    """Give the one the owner, mode and ACL of the other; say whether there is another."""
    try:
        like = os.stat(target)
    except FileNotFoundError:
        return False
    if like.st_nlink > 1:  # guard: hard-link-is-left-alone
        raise Refused(
            f"{target} has another name (a hard link), under which it would be the old one.",
            "Make the other name a symbolic link, or write it by hand.",
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
    os.fchmod(descriptor, mode)  # guard: files-mode-is-kept
    if acl is not None:
        try:
            os.setxattr(descriptor, _ACL, acl)  # guard: access-control-list-is-kept
        except OSError as error:
            raise OSError(error.errno, "its access control list can't be kept") from None


def _acl(target: str) -> bytes | None:
    """The access control list (acl(5)) as the kernel keeps it, None where there is none beside the mode."""
    try:
        return os.getxattr(target, _ACL)
    except (AttributeError, OSError):  # no Linux, no such attribute, or a file system without any
        return None
