"""How a picker looks: its lines, of a width and a height."""

from __future__ import annotations

from xacct.ctl.render import paint, until
from xacct.ctl.screen.text import fit, width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final

    from xacct import wire
    from xacct.ctl.picker.choice import Choice

_HELP: Final = (
    "Type to filter   Space choose   Ctrl-A all   Enter log in   Esc leave",
    "Type: filter  Space: choose  Enter: go  Esc: leave",
    "Space Enter Esc",
)
_HELP_OF_ONE: Final = ("Type to filter   Enter use it   Esc leave", "Enter Esc")
_TONES: Final = {"held": "good", "waiting": "warn", "failed": "bad"}
_STATE: Final = 12
_ACCOUNT: Final = 20
"""Columns of a cell, at most."""

_LEAST: Final = 60
"""Columns from which on the account is shown."""


def frame(choice: Choice, now: float, size: tuple[int, int]) -> list[str]:
    """Return the lines of a picker: what was typed, the roles around the cursor, and the keys there are."""
    columns, height = size
    count = f"{len(choice.shown)} of {choice.total}" + (f", {len(choice.chosen)} chosen" if choice.chosen else "")
    asked = f"{choice.title}: {choice.filter}_"
    head = fit(asked, max(1, columns - width(count) - 2)) + f"  {count}"
    window = choice.window(height - 3)
    names = min(max((width(row["name"]) for row in choice.shown), default=0), columns - _beside(columns))
    rows = [_line(choice, place, now, columns, names) for place in window]
    if not choice.shown:
        rows = [paint(fit("No role has that in its name, account or IAM role.", columns), "dim", tty=True)]
    rows += [""] * (height - 3 - len(rows))
    help_line = next((line for line in (_HELP_OF_ONE if choice.single else _HELP) if len(line) <= columns), "")
    return [head, *rows, "", paint(fit(help_line, columns), "dim", tty=True)]


def _beside(columns: int) -> int:
    """Return the columns that a line takes beside the name."""
    return len("> [x] ") + 2 + _STATE + (2 + _ACCOUNT if columns >= _LEAST else 0)


def _line(choice: Choice, place: int, now: float, columns: int, names: int) -> str:
    row = choice.shown[place]
    cursor = ">" if place == choice.cursor else " "
    chosen = "x" if row["name"] in choice.chosen else " "
    name = paint(fit(row["name"], names), "production" if row.get("production") else "", tty=True)
    cells = [name]
    if columns >= _LEAST:
        cells.append(fit(row.get("account_name") or row["account"] or "-", _ACCOUNT))
    cells.append(paint(fit(standing(row, now), _STATE).rstrip(), _TONES.get(row["state"], "dim"), tty=True))
    return f"{cursor} [{chosen}] " + "  ".join(cells)


def standing(row: wire.RoleStatus, now: float) -> str:
    """Return how a role stands: "held 55m", or its state where that is worth a word."""
    if row["state"] == "held":
        return f"held {until(row['expires_at'], now)}".removesuffix(" -")
    return "" if row["state"] in ("idle", "needs-code") else row["state"].replace("-", " ")


def numbered(rows: Sequence[wire.RoleStatus], now: float) -> list[str]:
    """Return the roles with numbers, for a terminal that can't be drawn on."""
    wide = len(str(len(rows)))
    return [
        f"{number:>{wide}}  {row['name']}" + (f"  ({said})" if (said := standing(row, now)) else "")
        for number, row in enumerate(rows, 1)
    ]
