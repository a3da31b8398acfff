"""Whether a process is still the one it was: a pid alone may have been given to another."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def started(pid: int) -> str | None:
    """When a process started, as an opaque mark that no later process of that pid shares; None if it is gone."""
    if sys.platform == "linux":
        try:
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        except OSError:
            return None
        state, *rest = fields.rpartition(")")[2].split()
        return None if state == "Z" else rest[18]
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
    """Yield pid, parent's pid and process group of every process that lives (proc(5), /proc/pid/stat)."""
    if sys.platform != "linux":
        return
    for name in os.listdir("/proc"):  # noqa: PTH208 - pathlib is slow, and there are hundreds
        if not name.isdigit():
            continue
        with suppress(OSError, ValueError, IndexError):
            stat = Path(f"/proc/{name}/stat").read_text(encoding="ascii", errors="replace")
            state, parent, group, *_ = stat.rpartition(")")[2].split()
            if state != "Z":
                yield int(name), int(parent), int(group)
