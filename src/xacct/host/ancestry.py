"""Which processes a process stems from, as the kernel knows them: its parent, that one's, up to the first of all.

A chain is read from the bottom to the top while processes come and go. What that can lead to: a parent ends between two
readings, its number is given to another process, and the chain goes on there. No process is older than its parent,
though, nor than a subreaper or init that has taken it in, both of which are ancestors of the parent that it had; so a
"parent" that is younger than its child is not it, and all is read again.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

from xacct.host import process
from xacct.model import ProcessMark

DEEPEST = 256
"""Processes of a chain at most: what is longer is not read to its end, and so not known."""

TRIES = 3
"""How often a chain is read that does not fit together."""

_PARENT = slice(560, 564)
"""Where `kinfo_proc` has the parent's number: kp_eproc.e_ppid, on a 64-bit macOS (XNU's bsd/sys/sysctl.h)."""


class _Entry(NamedTuple):
    """What the kernel says of one process: `age` grows with the time of its start."""

    started: str
    age: tuple[int, int]
    parent: int


def of(of_whom: ProcessMark) -> frozenset[ProcessMark] | None:
    """The process itself and all that it stems from; None where that can't be told, or the process is gone.

    Some 20 µs for each of them.
    """
    for _ in range(TRIES):
        try:
            found = _walk(of_whom)
        except (OSError, ValueError, IndexError):  # it has ended, or is not for us to look at
            continue
        if found is not None:
            return found
    return None


def lives(known: ProcessMark) -> bool:
    """Whether a process is there still, or nobody can tell.

    One that has ended and that nobody has waited for counts as well: it may have threads that go on.
    """
    try:
        entry = _entry(known.pid)
    except (FileNotFoundError, ProcessLookupError):
        return False
    except (OSError, ValueError, IndexError):  # no descriptor is left, say: it has not ended for that
        return True  # guard: ancestry-what-cannot-be-read-lives
    return entry is not None and entry.started == known.started


def _walk(of_whom: ProcessMark) -> frozenset[ProcessMark] | None:
    chain: list[ProcessMark] = []
    pid, age = of_whom.pid, None
    while pid > 0 and len(chain) < DEEPEST:  # 0: none, or one of a PID namespace that we are in and can't see out of
        entry = _entry(pid)
        if entry is None:
            return None
        # guard: ancestry-starts-at-the-very-process
        if not chain and entry.started != of_whom.started:
            return None
        if age is not None and entry.age > age:  # guard: ancestry-no-parent-is-younger
            return None
        chain.append(ProcessMark(pid, entry.started))
        pid, age = entry.parent, entry.age
    return frozenset(chain) if pid == 0 else None  # guard: ancestry-unfinished-is-unknown


def _entry(pid: int) -> _Entry | None:
    """What there is of a process; None if it is gone.

    Raises:
        OSError: it is gone, or can't be read.
        ValueError: it is not what was expected.
        IndexError: likewise.
    """
    return _entry_linux(pid) if sys.platform == "linux" else _entry_macos(pid)


def _entry_linux(pid: int) -> _Entry:
    """Of /proc/PID/stat (proc(5)): field 4 is the parent, 22 the start in clock ticks since boot."""
    fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    return _Entry(fields[19].decode("ascii"), (int(fields[19]), 0), int(fields[1]))


def _entry_macos(pid: int) -> _Entry | None:
    entry = process.kernel_entry(pid)
    if entry is None:
        return None
    age = int.from_bytes(entry[:8], sys.byteorder), int.from_bytes(entry[8:12], sys.byteorder)
    return _Entry(entry[:16].hex(), age, int.from_bytes(entry[_PARENT], sys.byteorder))
