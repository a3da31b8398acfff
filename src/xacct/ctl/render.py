"""Text for people: durations, tables, colour, and nothing that could drive their terminal."""

from __future__ import annotations

import os
import sys

from xacct import awsfiles
from xacct.text import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Final

    from xacct import wire

__all__ = ["clean", "duration", "out", "paint", "say", "show", "since", "table", "until"]

_COLOURS: Final = {"good": "32", "warn": "33", "bad": "31", "dim": "2", "production": "35"}
_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86400
_SHORTEST: Final = 8
"""Characters of a cell that are never cut."""


def out(text: str) -> None:
    """Print lines of ours to stdout. They may be painted; for any other control character there is a space.

    Somebody else's words are cleaned before they become part of a line: here an end of line is one.
    """
    if sys.stdout is not None:
        # guard: terminal-our-lines-have-our-colours-alone
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
    out(clean(text))  # guard: terminal-line-is-words


def out_json(answer: object) -> None:
    """Print a value as JSON, for programs."""
    import json  # noqa: PLC0415 - of use where it is asked for

    out(json.dumps(answer, indent=2))


def say(text: str) -> None:
    """Print one line to stderr, where people read and scripts don't."""
    if sys.stderr is not None:
        sys.stderr.write(clean(text) + "\n")  # guard: terminal-error-is-words


def files_of(said: wire.AwsFiles) -> str:
    """Return which AWS files, and which STS, an answer names."""
    return awsfiles.in_words(said["config"], said["credentials"], said.get("sts", {}))


def count(number: int, thing: str) -> str:
    """Return "1 role", "2 roles"."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


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


def allowed(approval: wire.Approval, now: float) -> str:
    """Return a human's yes that holds now as a sentence.

    Args:
        approval: it.
        now: the daemon's clock, Unix seconds.
    """
    who = "anybody" if approval["consumer"] is None else approval["label"]
    if approval["consumer"] not in (None, approval["label"]):
        who += f" (grant {approval['consumer']})"
    known = {"once": "once", "grant": "as long as its grant is in force", "logout": "until logout"}
    how = known.get(approval["lasts"]) or (f"for {until(approval['until'], now)} more" if approval["until"] else "")
    return clean(f"A human lets {who} use {approval['role']} {how}".rstrip())


def each_of(worded: Callable[[float | None, float], str], instants: Sequence[float | None], now: float) -> list[str]:
    """Return `until` or `since` for each of these instants: most are the same, or none."""
    said = {instant: worded(instant, now) for instant in set(instants)}
    return [said[instant] for instant in instants]


def columns() -> int | None:
    """Return how wide lines may be: COLUMNS, or the terminal's width; None where neither says (a file, a pipe)."""
    return _size("COLUMNS", 0)


def lines() -> int | None:
    """Return how many lines are seen at once; None where nothing says."""
    return _size("LINES", 1)


def _size(variable: str, place: int) -> int | None:
    said = os.environ.get(variable, "")
    if said.isascii() and said.isdigit() and int(said[:6]) > 0:
        return int(said[:6])
    try:
        return os.get_terminal_size(sys.__stdout__.fileno())[place] or None  # type: ignore[union-attr]
    except (OSError, ValueError, AttributeError):
        return None


def folded(text: str, width: int | None, indent: int = 0) -> str:
    """Return a sentence in lines of `width` columns, broken at spaces; those after the first are indented."""
    if width is None or len(text) + indent <= width:
        return text
    found, fits = [""], max(_SHORTEST, width - indent)
    for word in text.split(" "):
        if found[-1] and len(found[-1]) + 1 + len(word) > fits:
            found.append(word)
        else:
            found[-1] += f" {word}" if found[-1] else word
    return ("\n" + " " * indent).join(found)


def table(
    rows: Sequence[Sequence[str]],
    *,
    unless: Sequence[int] = (),
    less: Sequence[int] = (),
    shorter: Sequence[int] = (),
    last: Sequence[int] = (),
    shortest: int = _SHORTEST,
) -> list[str]:
    """Return `rows` as lines with aligned columns, two spaces apart, no wider than the terminal if that can be.

    Columns of `unless` that have nothing but dashes are left out. Where it is too narrow, the columns `less` are left
    out one after another, then those of `shorter` are cut, and where even that is not enough, those of `last` are left
    out. No cell is cut to less than `shortest` characters.
    """
    cleaned = [_cleaned_cells(column) for column in zip(*rows, strict=True)]
    widths = [max(map(len, column)) for column in cleaned]
    empty = [each for each in unless if all(cell in ("-", "") for cell in cleaned[each][1:])]
    kept, limit = [each for each in range(len(widths)) if each not in empty], columns()
    if limit is not None:
        least = [min(width, shortest) if each in shorter else width for each, width in enumerate(widths)]
        # a column that may be left out and cut is cut before it goes; names are cut once it has gone
        soft = [least[each] if each in less else width for each, width in enumerate(widths)]
        for column in (*less, *last):
            if column in kept and _total(least if column in last else soft, kept) > limit:
                kept.remove(column)
        for first in ([each for each in shorter if each in less], shorter):
            while _total(widths, kept) > limit and (wide := _wide(widths, shortest, first, kept)):
                widths[max(wide, key=lambda each: widths[each])] -= 1
    fitting = [
        [_cut(cell, widths[each]) for cell in cleaned[each]] if limit is not None else cleaned[each] for each in kept
    ]
    line = "  ".join(f"%-{widths[each]}s" for each in kept)
    return [(line % row).rstrip() for row in zip(*fitting, strict=True)]


def _cleaned_cells(column: Sequence[str]) -> Sequence[str]:
    """Return a column's cells as `clean` does: almost always all of them are printable, which is asked once."""
    return column if "".join(column).isprintable() else [clean(cell) for cell in column]


def _wide(widths: Sequence[int], shortest: int, which: Sequence[int], kept: Sequence[int]) -> list[int]:
    """Return which of the columns can still be cut."""
    return [each for each in which if widths[each] > shortest and each in kept]


def _total(widths: Sequence[int], kept: Sequence[int]) -> int:
    return sum(widths[each] + 2 for each in kept) - 2


def _cut(cell: str, width: int) -> str:
    """Return `cell` in `width` characters, without its middle: names differ at both ends."""
    if len(cell) <= width:
        return cell
    tail = (width - 2) // 2
    return f"{cell[: width - 2 - tail]}..{cell[len(cell) - tail :]}"


def coloured() -> bool:
    """Say whether stdout shows colours."""
    tty = sys.stdout is not None and sys.stdout.isatty()
    return tty and not _plain_terminal()


def paint(text: str, tone: str, *, tty: bool | None = None) -> str:
    """Return `text` in the colour of `tone` ("good", ..., "dim") where a terminal shows it."""
    if tone not in _COLOURS or not (coloured() if tty is None else tty and not _plain_terminal()):
        return text
    return f"\x1b[{_COLOURS[tone]}m{text}\x1b[0m"


def _plain_terminal() -> bool:
    """Say whether whoever looks wants no colours."""
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
