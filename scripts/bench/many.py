"""The part of the bench about many configured roles: what a human waits for with 5,000 of them, and with 10.

Both daemons run at once, and each command is run in turns with the few and with the many. A key of the picker is taken
in this process, as xacctctl takes it: the filter, and the lines that are drawn.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from commands import launcher, timed
from page import show_progress, table
from race import cpu_seconds
from stack import Stack

from xacct.ctl.picker.choice import Choice
from xacct.ctl.picker.view import frame

if TYPE_CHECKING:
    from collections.abc import Iterator

FEW, MANY = 10, 5000
ROUNDS = 15
SIZE = (120, 40)
"""Columns and lines of the terminal that the picker is drawn on."""

TYPED = "many-00"
"""What is typed into the picker: the first key leaves nearly all, the last a hundredth."""

COMMANDS = {
    "completion of a role's name": ["__complete", "login", "pro"],
    "completion with what each is": ["__describe", "login", "pro"],
    "completion where nothing is typed yet": ["__complete", "login", ""],
    "`xacctctl status --prompt`": ["status", "--prompt"],
    "`xacctctl status prod`": ["status", "prod"],
    "`xacctctl status`, all roles": ["status"],
}


def configure(stack: Stack, roles: int) -> None:
    """Have a stack whose daemon has not been started configure just so many roles: central, prod, many-0000, ..."""
    config = Path(stack.env["AWS_CONFIG_FILE"])
    central_and_prod = config.read_text("utf-8").split("\n\n")[:2]
    arn = "arn:aws:iam::111122223333:role"
    sections = [
        f"[profile many-{number:04d}]\nrole_arn = {arn}/many-{number}\nsource_profile = central"
        for number in range(roles - len(central_and_prod))
    ]
    config.write_text("\n\n".join([*central_and_prod, *sections]) + "\n", "utf-8")


def stacks(scratch: Path) -> Iterator[Stack]:
    """Two stacks, with few roles and with many, to be entered; the caller starts them."""
    for roles in (FEW, MANY):
        yield Stack(scratch / f"of-{roles}", daemon=False, apart=True)


def ready(stack: Stack, roles: int) -> None:
    """Start a stack's daemon with so many roles, of which prod is held."""
    configure(stack, roles)
    stack.start("--log-level", "info")
    stack.login("prod")
    found = len(stack.api("GET", "/v1/status")["roles"])
    if found != roles:
        raise SystemExit(f"{found} roles are configured, and not {roles}")


def commands_table(both: list[Stack]) -> str:
    """Time each command, and what the daemon does for it, with the few and with the many; `XACCT_ROLE` is prod."""
    programs = [launcher(stack.dir) for stack in both]
    taken: dict[str, list[list[tuple[float, float]]]] = {name: [[], []] for name in COMMANDS}
    for number in range(-2, ROUNDS):  # the first two warm the caches
        for name, words in COMMANDS.items():
            for place in (0, 1) if number % 2 else (1, 0):
                before = cpu_seconds(both[place].daemon.pid)
                wall, cpu = timed([programs[place], *words], both[place].env | {"XACCT_ROLE": "prod"})
                daemons = (cpu_seconds(both[place].daemon.pid) - before) * 1000
                if number >= 0:
                    taken[name][place].append((wall, cpu + daemons))
        show_progress()
    rows = [["", f"{FEW} roles: ms", f"{MANY:,} roles: ms", "more", f"{FEW}: CPU ms", f"{MANY:,}: CPU ms", "more"]]
    rows += [[name, *_cells(few, many)] for name, (few, many) in taken.items()]
    return table(rows)


def _cells(few: list[tuple[float, float]], many: list[tuple[float, float]]) -> list[str]:
    cells = []
    for kind in (0, 1):  # wall, processor
        pairs = [(mine[kind], other[kind]) for mine, other in zip(few, many, strict=True)]
        cells += [
            f"{median(mine for mine, _ in pairs):.1f}",
            f"{median(other for _, other in pairs):.1f}",
            f"{median(other - mine for mine, other in pairs):.1f}",
        ]
    return cells


def picker_table(both: list[Stack]) -> str:
    """Time each key of a word that is typed into the picker, and its frame."""
    rows = [["", f"{FEW} roles: ms", f"{MANY:,} roles: ms", "longest of all ms"]]
    answers = [stack.api("GET", "/v1/status") for stack in both]
    found = [[_typed(answer["roles"], answer["now"]) for _ in range(ROUNDS)] for answer in answers]
    for place, what in enumerate(("before a key", *(f"key {key!r}" for key in TYPED), "all deleted again")):
        few, many = ([times[place] for times in rounds] for rounds in found)
        rows.append([what, f"{median(few):.2f}", f"{median(many):.2f}", f"{max(many):.1f}"])
    return table(rows)


def _typed(roles: list[dict[str, object]], now: float) -> list[float]:
    """Milliseconds until each frame is there: the first, one after each key, and one after the filter is cleared."""
    began, times = time.perf_counter(), []
    choice = Choice(roles)  # type: ignore[arg-type]  # as the daemon said them
    for key in ("", *TYPED, "ctrl-u"):
        if key:
            began = time.perf_counter()
            choice.type(key)
        frame(choice, now, SIZE)
        times.append((time.perf_counter() - began) * 1000)
    return times


def measured(scratch: Path) -> dict[str, str]:
    """The two tables."""
    os.environ.pop("NO_COLOR", None)
    few, many = stacks(scratch)
    with few, many:
        for stack, roles in ((few, FEW), (many, MANY)):
            ready(stack, roles)
        found = {"commands": commands_table([few, many]), "picker": picker_table([few, many])}
    print(file=sys.stderr)
    return found
