"""Reading and writing files so that nothing can hang or tear, for the daemon and xacctctl alike. Standard library only.

A FIFO, a socket or a device where a file should be would make a plain open() wait for ever: here only regular files
are read, up to a limit. What is written is whole on the disk or not there. Paths are strings, or anything that has one.
"""
# ruff: noqa: PTH105, PTH108, PTH116, PTH120 - see paths.py

from __future__ import annotations

import errno
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 16 * 1024 * 1024
"""Bytes a file may have unless its reader says something else: no file that people or tools write by hand is larger."""

_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
# guard: files-are-made-through-no-symlink
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def read(
    path: str | os.PathLike[str],
    limit: int = MOST,
    *,
    follow: bool = True,
    null: bool = True,
    owner: int | None = None,
) -> bytes:
    """Return what is in a regular file.

    Args:
        path: The file.
        limit: Bytes it may have.
        follow: Whether a symbolic link is followed. False for files that only we write.
        null: Whether /dev/null is read as the empty file that people mean by it.
        owner: The id of the user whose it has to be; None: anybody's.

    Raises:
        OSError: It is not there (`FileNotFoundError`), is no regular file, is larger, is somebody else's, or can't be
            read. `strerror` says which, so that it can stand in a sentence.
    """
    descriptor = open_regular(path, _READ | (0 if follow else os.O_NOFOLLOW), null=null)
    try:
        if owner is not None and os.fstat(descriptor).st_uid != owner:  # guard: file-of-another-user-is-not-read
            raise OSError(errno.EPERM, "it belongs to somebody else", os.fspath(path))
        content = _read_all(descriptor, limit)
    finally:
        os.close(descriptor)
    if len(content) > limit:  # guard: file-is-read-up-to-limit
        raise OSError(errno.EFBIG, f"it is larger than {_size(limit)}", os.fspath(path))
    return content


def read_text(path: str | os.PathLike[str], limit: int = MOST) -> str:
    """Return the text of a regular file in UTF-8, a byte order mark left out.

    Raises:
        UnicodeDecodeError: it is none.
        OSError: as `read`.
    """
    return read(path, limit).decode("utf-8-sig")


def open_regular(path: str | os.PathLike[str], flags: int, *, null: bool = False) -> int:
    """Open a regular file and return its descriptor; never wait for it, and never open anything else.

    Args:
        path: The file.
        flags: As of `os.open`. O_NONBLOCK and O_CLOEXEC are added.
        null: Whether /dev/null will do.

    Raises:
        OSError: It is no regular file, or can't be opened. `strerror` says which.
    """
    try:  # looked at before it is opened: to open a device can set it off
        _demand_regular(os.lstat(path) if flags & os.O_NOFOLLOW else os.stat(path), path, null=null)
    except FileNotFoundError:
        pass
    try:
        descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)  # guard: file-is-opened-without-waiting
    except OSError as error:
        if error.errno == errno.ENXIO:  # a FIFO that came meanwhile, opened for writing
            raise _irregular(path) from None
        raise
    try:
        _demand_regular(os.fstat(descriptor), path, null=null)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def write_private(
    path: str | os.PathLike[str],
    content: bytes,
    mode: int = 0o600,
    put: Callable[[Callable[[], None]], None] = lambda replace: replace(),
) -> None:
    """Replace what is in the file: old or new, never half, and on the disk afterwards. One at a time.

    Args:
        path: The file.
        content: What it is to hold.
        mode: Its mode: for its user alone, unless the caller says something else.
        put: Calls what it is given to make this the file; or does not, and the old one stays.

    Raises:
        OSError: It can't be written. What was there is still there.
    """
    fresh = draft(path)
    try:
        # guard: sealed-nothing-half-is-left
        os.unlink(fresh)  # of a write that was killed
    except FileNotFoundError:
        pass
    try:
        write_new(fresh, content, mode)
        put(lambda: os.replace(fresh, path))
        sync_directory(os.path.dirname(os.fspath(path)))
    finally:
        try:
            os.unlink(fresh)
        except OSError:
            pass


def draft(path: str | os.PathLike[str]) -> str:
    """Return where `write_private` writes first: a write that was killed leaves it behind."""
    return f"{os.fspath(path)}.new"


def write_new(path: str | os.PathLike[str], content: bytes, mode: int = 0o600) -> None:
    """Write a file that is not there yet, for its user alone, and have it on the disk.

    Raises:
        OSError: that can't be.
    """
    descriptor = os.open(path, _CREATE, mode)  # guard: private-files, sealed-born-private
    try:
        write_all(descriptor, content)  # guard: sealed-on-disk-before-it-counts
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def takes_files(directory: str | os.PathLike[str]) -> bool:
    """Return whether a file can be written in this directory now, by writing one and removing it."""
    probe = f"{os.fspath(directory)}/.probe.{os.getpid()}"
    try:
        try:
            os.unlink(probe)
        except FileNotFoundError:
            pass
        write_new(probe, b"-")
        os.unlink(probe)
    except OSError:
        return False
    return True


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of it, however little the disk takes at once.

    Raises:
        OSError: it takes no more.
    """
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def set_aside(path: str | os.PathLike[str]) -> str:
    """Rename what lies at `path`, whatever it is, to a free name beside it, and return that name.

    Raises:
        OSError: It can't be renamed.
    """
    free = _free_name(os.fspath(path))
    os.rename(path, free)  # noqa: PTH104
    return free


def keep_copy(path: str | os.PathLike[str], content: bytes) -> str:
    """Write `content`, which is what lies at `path`, to a free name beside it, and return that name.

    Raises:
        OSError: It can't be written.
    """
    free = _free_name(os.fspath(path))
    write_new(free, content)
    return free


def _free_name(path: str) -> str:
    number = 0
    while os.path.lexists(free := f"{path}.broken" + (f".{number}" if number else "")):
        number += 1
    return free


def sync_directory(directory: str) -> None:
    """Have a new name survive a power cut, too. Not every file system can."""
    try:
        descriptor = os.open(directory or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError:
        pass


def _read_all(descriptor: int, limit: int) -> bytes:
    """Up to one byte more than the limit, so that the caller sees that there is more."""
    parts: list[bytes] = []
    left = limit + 1
    while left > 0 and (part := os.read(descriptor, min(left, 1 << 20))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _demand_regular(status: os.stat_result, path: str | os.PathLike[str], *, null: bool) -> None:
    if stat.S_ISREG(status.st_mode) or (null and stat.S_ISCHR(status.st_mode) and _is_null(status)):
        return
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a directory", os.fspath(path))
    if stat.S_ISLNK(status.st_mode):
        raise OSError(errno.ELOOP, "it is a symbolic link", os.fspath(path))
    raise _irregular(path)  # guard: what-is-no-regular-file-is-not-opened


def _irregular(path: str | os.PathLike[str]) -> OSError:
    return OSError(errno.EINVAL, "it is no regular file", os.fspath(path))


def _is_null(status: os.stat_result) -> bool:
    return status.st_rdev == os.stat(os.devnull).st_rdev


def _size(limit: int) -> str:
    return f"{limit >> 20} MiB" if limit >= 1 << 20 else f"{limit >> 10} KiB"
