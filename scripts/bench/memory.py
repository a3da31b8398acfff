"""Resident memory of daemons."""

from __future__ import annotations

import re
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from page import show_progress, table
from stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MEMORY_RUNS = 3
SETTLE = 0.5
"""Seconds until what was just done has had its after-effects."""

KIB = 1024.0
FLEET = [f"fleet-{number:02d}" for number in range(1, 21)]


class Memory(NamedTuple):
    """MiB. `pss` counts what is shared by its share, `uss` not at all; None where the kernel does not tell."""

    rss: float
    pss: float | None
    uss: float | None


def memory_of(pid: int) -> Memory:
    """What a process holds now."""
    try:
        shown = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:  # of a process that is not dumpable for root alone; not on macOS
        shown = ""
    sizes = {name: int(size) / KIB for name, size in re.findall(r"^(\w+):\s+(\d+) kB$", shown, re.MULTILINE)}
    if not sizes:
        told = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)
        return Memory(int(told.stdout) / KIB, None, None)
    return Memory(sizes["Rss"], sizes["Pss"], sizes["Private_Clean"] + sizes["Private_Dirty"])


@contextmanager
def stack_in(directory: Path, settings: str = "") -> Iterator[Stack]:
    """A sandbox, and a daemon that logs as it does by default."""
    with Stack(directory, daemon=False, apart=True, settings=settings) as stack:
        stack.start("--log-level", "info")
        yield stack


def memory(scratch: Path) -> dict[str, list[Memory]]:
    """Of fresh daemons."""
    found: dict[str, list[Memory]] = {"idle": [], "after one login": [], "with 20 roles held": []}
    for number in range(MEMORY_RUNS):
        # Each with a sandbox of its own: an MFA device shows one code in thirty seconds.
        with stack_in(scratch / f"m{number}") as stack:
            time.sleep(SETTLE)
            found["idle"].append(memory_of(stack.daemon.pid))
            stack.login("prod")
            time.sleep(SETTLE)
            found["after one login"].append(memory_of(stack.daemon.pid))
            stack.login(*FLEET[:19], code="000000")  # no code is asked for: the session is there
            time.sleep(SETTLE)
            found["with 20 roles held"].append(memory_of(stack.daemon.pid))
            held = sum(role["state"] == "held" and role["role_arn"] is not None for role in stack.status()["roles"])
            if held != len(FLEET):
                raise SystemExit(f"{held} roles are held, not {len(FLEET)}")
        show_progress()
    return found


def memory_table(held: Mapping[str, Sequence[Memory]]) -> str:
    """Medians, and each one's resident memory to that of the first."""
    first = median(memory.rss for memory in next(iter(held.values())))
    rows = [["", "resident MiB", "PSS", "USS", "ratio"]]
    for name, found in held.items():
        rss = median(memory.rss for memory in found)
        rows.append(
            [
                name,
                f"{rss:.1f}",
                _median([m.pss for m in found]),
                _median([m.uss for m in found]),
                f"x {rss / first:.2f}",
            ]
        )
    rows[1][0] += ", for comparison"
    return table(rows)


def _median(sizes: Sequence[float | None]) -> str:
    known = [size for size in sizes if size is not None]
    return f"{median(known):.1f}" if known else "-"
