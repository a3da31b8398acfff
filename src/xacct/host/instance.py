"""One daemon for each runtime directory: a lock the kernel drops when its holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

from xacct import errors, fileio

if TYPE_CHECKING:
    from pathlib import Path


def lock(path: Path) -> int:
    """Take the lock for the life of this process.

    Returns:
        Its descriptor, to be kept open.

    Raises:
        StartupFailed: another daemon holds it, or the file can't be made.
    """
    try:
        descriptor = fileio.open_regular(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW)
    except OSError as error:
        raise errors.StartupFailed(f"{path} can't be made ({error.strerror}).", "Check its directory.") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # guard: one-daemon-directory
    except BlockingIOError:
        os.close(descriptor)
        raise errors.StartupFailed(
            "xacctd is running already.", "xacctctl status shows it; xacctctl stop ends it."
        ) from None
    sign(descriptor)
    return descriptor


def is_at(descriptor: int, path: Path) -> bool:
    """Whether this lock is the one of the file at `path`, which whoever comes next will try to take."""
    try:
        ours, there = os.fstat(descriptor), path.stat()
    except OSError:
        return False
    return (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)


def sign(descriptor: int) -> None:
    """Write our pid into the lock's file, for people: a successor has the lock handed to it."""
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
