"""Which processes a process stems from, as the kernel knows them: its parent, that one's, up to the first of all.

A chain is read from the bottom to the top while processes come and go. What that can lead to: a parent ends between two
readings, its number is given to another process, and the chain goes on there. No process is older than its parent,
though, nor than a subreaper or init that has taken it in, both of which are ancestors of the parent that it had; so a
"parent" that is younger than its child is not it. Where a decision hangs on the chain, all is read again then; where
people are only told of it, it ends there.
"""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from xacct.host import process
from xacct.host.processes import executable
from xacct.model import ProcessMark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xacct.host.process import Stat

DEEPEST = 256
"""Processes of a chain at most: what is longer is not read to its end, and so not known."""

TOLD = 8
"""Processes of a chain that people are told of. Our choice: shell, terminal, editor, session."""

TRIES = 3
"""How often a chain is read that does not fit together."""

_PARENT = slice(560, 564)
"""Where `kinfo_proc` has the parent's number: kp_eproc.e_ppid, on a 64-bit macOS (XNU's bsd/sys/sysctl.h)."""


class Process(NamedTuple):
    """A process, and the file that it runs or, where that is not for us to know, its name; None: neither is known."""

    pid: int
    exe: str | None


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
        except (OSError, ValueError):  # it has ended, or is not for us to look at
            continue
        if found is not None:
            return found
    return None


def parents(pid: int | None) -> tuple[Process, ...]:
    """The processes that one stems from, for people: its parent first, without init. Linux; 0.1 ms; never fails.

    Whoever's parent has ended is its nearest living ancestor's that takes such in (prctl(2), PR_SET_CHILD_SUBREAPER).
    """
    chain = () if pid is None else islice(above(pid), TOLD)
    return tuple(Process(number, executable(number) or _name_of(number)) for number, _ in chain if number > 1)


def above(pid: int, proc: str = "/proc") -> Iterator[tuple[int, Stat]]:
    """The processes that one stems from, its parent first, as far as they can be read and fit together. Linux.

    Args:
        pid: the process.
        proc: where the system tells of processes.
    """
    below = _stat(pid, proc)
    while below is not None and below.parent > 0:
        found = _stat(below.parent, proc)
        if found is None or found.started > below.started:  # guard: no-ancestor-is-younger
            return
        yield below.parent, found
        below = found


def lives(known: ProcessMark) -> bool:
    """Whether a process is there still, or nobody can tell.

    One that has ended and that nobody has waited for counts as well: it may have threads that go on.
    """
    try:
        entry = _entry(known.pid)
    except (FileNotFoundError, ProcessLookupError):
        return False
    except (OSError, ValueError):  # no descriptor is left, say: it has not ended for that
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
    """
    return _entry_linux(pid) if sys.platform == "linux" else _entry_macos(pid)


def _entry_linux(pid: int) -> _Entry:
    found = process.stat(pid)
    return _Entry(str(found.started), (found.started, 0), found.parent)


def _entry_macos(pid: int) -> _Entry | None:
    entry = process.kernel_entry(pid)
    if entry is None:
        return None
    age = int.from_bytes(entry[:8], sys.byteorder), int.from_bytes(entry[8:12], sys.byteorder)
    return _Entry(entry[:16].hex(), age, int.from_bytes(entry[_PARENT], sys.byteorder))


def _stat(pid: int, proc: str) -> Stat | None:
    try:
        return process.stat(pid, proc)
    except (OSError, ValueError):
        return None


def _name_of(pid: int) -> str | None:
    try:
        return Path(f"/proc/{pid}/comm").read_bytes().decode("utf-8", "backslashreplace").strip()
    except OSError:
        return None
