"""The copy's text: the user's lines and one profile more; and what a tool changed in it, carried back. Pure text."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from xacct.copies import lines

_REMARK: Final = "# Of xacct, for shells that xacctctl env or exec made; all else here is"
"""How the line above the profile begins. By it the profile is known even where a tool has written the file anew."""


class Parts(NamedTuple):
    """A copy taken apart: the user's lines, and those of the profile (None: it is not there)."""

    users: list[str]
    profile: list[str] | None


def eol_of(content: Sequence[str]) -> str:
    """Return how the lines end."""
    return "\r\n" if content and content[0].endswith("\r\n") else "\n"


def ended(content: Sequence[str]) -> list[str]:
    """Return the lines with an end behind the last one."""
    return (
        [*content[:-1], content[-1] if content[-1].endswith("\n") else content[-1] + eol_of(content)] if content else []
    )


def composed(users: Sequence[str], name: str, body: Sequence[str], path: str) -> list[str]:
    """Return the user's lines and the profile `name` with the lines of `body` behind them."""
    eol = eol_of(users)
    own = [f"{_REMARK} {path}", f"[profile {name or chr(34) * 2}]", *(line.rstrip("\r\n") for line in body)]
    return [*ended(users), *(line + eol for line in own)]


def apart(copy: Sequence[str], name: str) -> Parts:
    """Take a copy apart, wherever in it the profile stands by now."""
    heading = re.compile(rf"\[\s*profile\s+([\"']?){re.escape(name)}\1\s*\]" if name else r"\[profile \"\"\]")
    start = next((number for number, line in enumerate(copy) if heading.match(line)), None)
    if start is None:
        return Parts(list(copy), None)
    end = next((n for n in range(start + 1, len(copy)) if copy[n].startswith("[")), len(copy))
    body = list(copy[start + 1 : end])
    while body and (not body[-1].strip() or body[-1].startswith(("#", ";"))):
        body.pop()  # what stands above the next heading belongs to that
    before = start - 1 if start and copy[start - 1].startswith(_REMARK) else start
    return Parts([*copy[:before], *copy[start + 1 + len(body) :]], body)


def changed_options(before: Sequence[str], after: Sequence[str]) -> dict[str, list[str]]:
    """Return the options of the profile that a tool has set since: it meant [default], which this shell calls so."""
    was, now = (lines.options(["[default]\n", *body]) for body in (before, after))
    return {option: value for option, value in now.items() if was.get(option) != value}
