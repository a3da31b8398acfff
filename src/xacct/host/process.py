"""Whether a process is still the one it was: a pid alone may have been given to another."""

from __future__ import annotations

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
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return None
    except PermissionError:
        pass
    import subprocess  # noqa: PLC0415 - it takes its time, and Linux needs it not

    shown = subprocess.run(["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603
    return shown.stdout.strip() or None


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
