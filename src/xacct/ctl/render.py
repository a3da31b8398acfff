"""Text for people: durations, tables, colour, and nothing that could drive their terminal."""

import os
import sys
from collections.abc import Sequence
from typing import Final

from xacct.text import clean

__all__ = ["clean", "duration", "out", "paint", "say", "show", "since", "table", "until"]

_COLOURS: Final = {"good": "32", "warn": "33", "bad": "31", "dim": "2"}
_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86400


def out(text: str) -> None:
    """Print lines of ours to stdout. They may be painted; for any other control character there is a space.

    Somebody else's words are cleaned before they become part of a line: here an end of line is one.
    """
    if sys.stdout is not None:
        sys.stdout.write("\n".join(map(_cleaned, text.split("\n"))) + "\n")
        sys.stdout.flush()


def _cleaned(line: str) -> str:
    """Return a line without control characters, but for colours of ours."""
    if "\x1b" not in line:
        return clean(line)
    first, *rest = line.split("\x1b[")
    kept = [clean(first)]
    for part in rest:
        code, m, after = part.partition("m")
        ours = m and (code == "0" or code in _COLOURS.values())
        kept.append(f"\x1b[{code}m{clean(after)}" if ours else clean(f"\x1b[{part}"))
    return "".join(kept)


def show(text: str) -> None:
    """Print one line to stdout that may hold somebody else's words."""
    out(clean(text))


def say(text: str) -> None:
    """Print one line to stderr, where people read and scripts don't."""
    if sys.stderr is not None:
        sys.stderr.write(clean(text) + "\n")


def duration(seconds: float) -> str:
    """Return `seconds` in two units at most: 45s, 12m, 7h 05m, 2d 3h; "now" from zero down."""
    whole = int(seconds)
    if whole <= 0:
        return "now"
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m"
    if whole < _DAY:
        return f"{whole // _HOUR}h {whole % _HOUR // _MINUTE:02d}m"
    return f"{whole // _DAY}d {whole % _DAY // _HOUR}h"


def until(instant: float | None, now: float) -> str:
    """Return how long from `now` to `instant` (Unix seconds), or a dash when there is none."""
    return "-" if instant is None else duration(instant - now)


def since(instant: float | None, now: float) -> str:
    """Return how long `instant` (Unix seconds) is past, or a dash when there is none."""
    if instant is None:
        return "-"
    passed = duration(now - instant)
    return passed if passed == "now" else f"{passed} ago"


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return `rows` as lines with aligned columns, two spaces apart."""
    cleaned = [[clean(cell) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*cleaned, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cleaned]


def paint(text: str, tone: str, *, tty: bool | None = None) -> str:
    """Return `text` in the colour of `tone` ("good", ..., "dim") where a terminal shows it."""
    if tone not in _COLOURS or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    if tty is None:
        tty = sys.stdout is not None and sys.stdout.isatty()
    return f"\x1b[{_COLOURS[tone]}m{text}\x1b[0m" if tty else text
