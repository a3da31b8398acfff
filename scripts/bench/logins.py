"""Logging in: from a code typed to a role held, and many roles at once; bench_login.py has more, and compares."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from page import show_progress, table

ROOT = Path(__file__).parents[2]
sys.path.insert(2, str(ROOT / "scripts"))
import bench_login  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROUNDS = 3
REFILLED = 5.0
"""Seconds after which as many calls may go out at once again as ever (credentials/rate_limiter.py)."""

FEW, BULK, LAZY = 20, 80, 900
TYPED = "a code is typed, until the role is held (the SDK was loaded meanwhile)"


def logins(scratch: Path) -> dict[str, list[float]]:
    """Milliseconds, by what is logged in to; each round has a daemon of its own."""
    found: dict[str, list[float]] = {}
    for number in range(ROUNDS):
        with bench_login.stack_of(ROOT, scratch / f"l{number}") as stack:
            taken = {TYPED: bench_login.first_login(stack)[0]}
            done = 0
            for count, more in ((FEW, {}), (BULK, {}), (LAZY, {"lazy": True})):
                time.sleep(REFILLED)
                name = f"{count} roles{', with --lazy' if more else ''}, no code needed"
                taken[name] = bench_login.timed(stack, bench_login.names(done, count), **more)
                done += count
            for name, seconds in taken.items():
                found.setdefault(name, []).append(seconds * 1000)
        show_progress()
    return found


def logins_table(found: Mapping[str, Sequence[float]]) -> str:
    """Medians over the rounds, and the worst."""
    rows = [["", "median ms", "worst ms"]]
    rows += [[name, f"{median(times):.0f}", f"{max(times):.0f}"] for name, times in found.items()]
    return table(rows)
