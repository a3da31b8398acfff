"""Start-up: what the daily verbs cost, beside a Python that does nothing."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from page import show_progress, table

if TYPE_CHECKING:
    from stack import Stack

START_ROUNDS = 21


def start_up(stack: Stack) -> dict[str, list[float]]:
    """Wall time of the daily verbs, in milliseconds, taking turns with a Python that does nothing."""
    script = Path(sys.executable).with_name("xacctctl")
    xacctctl = [str(script)] if script.exists() else [sys.executable, "-m", "xacct.ctl"]
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "xacctctl env prod": [*xacctctl, "env", "prod"],
        "xacctctl process prod": [*xacctctl, "process", "prod"],
        "xacctctl status": [*xacctctl, "status"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    names = list(commands)
    for number in range(-2, START_ROUNDS):  # the first two warm the caches
        for place in range(len(names)):
            name = names[(place + number) % len(names)]
            began = time.perf_counter()
            subprocess.run(
                commands[name], env=stack.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True
            )
            if number >= 0:
                times[name].append((time.perf_counter() - began) * 1000)
        show_progress()
    return times


def times_table(times: dict[str, list[float]]) -> str:
    """Medians, and the ratio to a Python that does nothing."""
    nothing = next(iter(times.values()))
    rows = [["", "median ms", "fastest ms", "more than nothing, ms", "ratio"]]
    for name, taken in times.items():
        pairs = list(zip(taken, nothing, strict=True))
        rows.append(
            [
                f"`{name}`",
                f"{median(taken):.1f}",
                f"{min(taken):.1f}",
                f"{median(mine - other for mine, other in pairs):.1f}",
                f"x {median(mine / other for mine, other in pairs):.2f}",
            ]
        )
    return table(rows)
