"""A picker for terminals that can't be drawn on (TERM=dumb): a numbered list, and a line to type."""

from __future__ import annotations

from xacct.ctl.picker.view import numbered

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final

    from xacct import wire
    from xacct.ctl.terminal import Terminal

_SEEN: Final = 40
"""Roles of a list that one can still look through."""


def pick(
    tty: Terminal, rows: Sequence[wire.RoleStatus], now: float, title: str = "Log in to", *, single: bool = False
) -> list[str]:
    """Return the names that somebody has typed the numbers of; none where they left."""
    left = list(rows)
    while True:
        for line in numbered(left[:_SEEN], now):
            tty.show(line)
        if len(left) > _SEEN:
            tty.show(f"... and {len(left) - _SEEN} more: type a part of a name to see fewer.")
        tty.ask(f"{title} ({'a number' if single else 'numbers, 1-3'}, or a part of a name; empty: none): ")
        typed = tty.line()
        if not typed:
            return []
        places = chosen(typed, len(left))
        if places is not None and not (single and len(places) > 1):
            return [left[place - 1]["name"] for place in places]
        fewer = [row for row in rows if typed.lower() in f"{row['name']} {row.get('account_name', '')}".lower()]
        if not fewer:
            tty.show(f"No role has {typed!r} in its name.")
        left = fewer or left


def chosen(typed: str, most: int) -> list[int] | None:
    """Return the places that "2 5-7" names, None where it is no such list."""
    found: dict[int, None] = {}
    for word in typed.replace(",", " ").split():
        first, dash, last = word.partition("-")
        if not (first.isascii() and first.isdigit()) or (dash and not (last.isascii() and last.isdigit())):
            return None
        places = range(int(first[:9]), int((last if dash else first)[:9]) + 1)
        if not places or places[0] < 1 or places[-1] > most:
            return None
        found |= dict.fromkeys(places)
    return list(found)
