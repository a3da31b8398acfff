"""Whether somebody is in the middle of writing a file: `aws configure` empties it first, and writes it then."""
# ruff: noqa: PTH116 - see paths.py

import errno
import fcntl
import os
import signal
from typing import Final

SETTLE: Final = 0.3
"""Seconds for which a file has to be unchanged, where the system doesn't say who has it open."""

_SETLEASE: Final = getattr(fcntl, "F_SETLEASE", None)
_SETSIG: Final = 10
"""Linux's F_SETSIG (fcntl.h), which Python has no name for."""


def is_written(path: str, now: float) -> bool:
    """Say whether a file is open for writing; where that can't be told, whether it changed a moment before `now`."""
    told = has_writer(path)
    return _was_changed(path, now) if told is None else told


def has_writer(path: str) -> bool | None:
    """Say whether anybody has the file open for writing; None where the system doesn't tell.

    On Linux by asking for an entry, which is refused while anybody writes (fcntl(2)), and giving it back. The signal of
    an entry that is broken in between is one that is ignored.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        if _SETLEASE is not None:
            fcntl.fcntl(descriptor, _SETSIG, signal.SIGURG)
            fcntl.fcntl(descriptor, _SETLEASE, fcntl.F_RDLCK)
            fcntl.fcntl(descriptor, _SETLEASE, fcntl.F_UNLCK)
            return False
    except OSError as error:
        if error.errno == errno.EAGAIN:  # guard: copy-being-written-not-believed
            return True
    finally:
        os.close(descriptor)
    return None


def _was_changed(path: str, now: float) -> bool:
    try:
        return 0 <= now - os.stat(path).st_mtime < SETTLE
    except OSError:
        return False
