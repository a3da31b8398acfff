"""What the kernel tells of a process: whether it is still the one it was, its parent, what stems from it."""
# ruff: noqa: PTH123, PTH208 - files of /proc, whose names are numbers, and of which there are hundreds

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_STARTED = 19
"""Where the start stands among the fields behind the name."""


class Stat(NamedTuple):
    """What /proc/PID/stat says (proc_pid_stat(5)).

    Attributes:
        name: its name, as it may have set it itself.
        state: a letter; Z: it has ended, and nobody has waited for it.
        parent: the parent's pid.
        group: its process group.
        terminal: the controlling terminal's number; 0: none.
        started: when, in clock ticks since the boot.
    """

    name: str
    state: str
    parent: int
    group: int
    terminal: int
    started: int


def stat(pid: int, proc: str = "/proc") -> Stat:
    """What Linux tells of a process. Some 20 µs.

    Args:
        pid: its number.
        proc: where the system tells of processes.

    Raises:
        OSError: it is gone, or can't be read.
        ValueError: it is not what was expected.
    """
    with open(f"{proc}/{pid}/stat", "rb") as file:
        line = file.read().decode("utf-8", "backslashreplace")
    before, _, after = line.rpartition(")")  # a name may hold anything
    fields = after.split()
    if len(fields) <= _STARTED:
        raise ValueError(f"{len(fields)} fields")
    parent, group, terminal, started_at = (int(fields[place]) for place in (1, 2, 4, _STARTED))
    return Stat(before.partition("(")[2], fields[0], parent, group, terminal, started_at)


def started(pid: int) -> str | None:
    """When a process started, as an opaque mark that no later process of that pid shares; None if it is gone."""
    if sys.platform == "linux":
        try:
            found = stat(pid)
        except (OSError, ValueError):
            return None
        return None if found.state == "Z" else str(found.started)
    return _started_macos(pid)


def _started_macos(pid: int) -> str | None:
    """What `kernel_entry` says of its start: the first 16 bytes, a `struct timeval`."""
    entry = kernel_entry(pid)
    return None if entry is None else entry[:16].hex()


def kernel_entry(pid: int) -> bytes | None:
    """What macOS's kernel tells of a process, as it tells ps: sysctl(3), KERN_PROC_PID; None if it is gone.

    A `kinfo_proc` begins with the time of its start. XNU's bsd/sys/sysctl.h (struct kinfo_proc, 648 bytes) and
    bsd/sys/proc.h (struct extern_proc, p_un.__p_starttime).
    """
    if not 0 < pid < 1 << 31:  # ctypes would cut it
        return None
    name = (ctypes.c_int * 4)(1, 14, 1, pid)  # CTL_KERN, KERN_PROC, KERN_PROC_PID
    found, size = ctypes.create_string_buffer(648), ctypes.c_size_t(648)
    failed = ctypes.CDLL(None).sysctl(name, 4, found, ctypes.byref(size), None, ctypes.c_size_t(0))
    return None if failed or not size.value else found.raw


def descendants(pid: int) -> list[int]:
    """Every process that stems from this one, children first; empty where the system has no /proc."""
    children: dict[int, list[int]] = {}
    for one, parent, _ in _table():
        children.setdefault(parent, []).append(one)
    found, left = [], [pid]
    while left:
        found += (of_one := children.pop(left.pop(), []))
        left += of_one
    return found


def group_members(group: int) -> list[int]:
    """Every process of this process group; empty where the system has no /proc."""
    return [pid for pid, _, its_group in _table() if its_group == group]


def _table() -> Iterator[tuple[int, int, int]]:
    """Yield pid, parent's pid and process group of every process that lives."""
    if sys.platform != "linux":
        return
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        with suppress(OSError, ValueError):
            found = stat(int(name))
            if found.state != "Z":
                yield int(name), found.parent, found.group
