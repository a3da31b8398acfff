"""Text in cells of a screen: as wide as a terminal draws it, cut and filled to a width."""

from __future__ import annotations

from unicodedata import combining, east_asian_width

from xacct.text import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

_MARK: Final = ".."


def width(text: str) -> int:
    """Return how many columns a text takes: characters of East Asia take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(char) else 1 + (east_asian_width(char) in "WF") for char in text)


def fit(text: str, columns: int) -> str:
    """Return somebody's words in just `columns` columns: without their middle if need be, for names differ at ends."""
    text = clean(text)  # guard: screen-shows-words
    wide = width(text)
    if wide <= columns:
        return text + " " * (columns - wide)
    if columns <= len(_MARK):
        return _head(text, columns)
    tail = (columns - len(_MARK)) // 2
    head = _head(text, columns - len(_MARK) - tail).rstrip(" ")
    end = _head(text[::-1], tail)[::-1]
    short = head + _MARK + end
    return short + " " * (columns - width(short))


def _head(text: str, columns: int) -> str:
    taken = 0
    for place, char in enumerate(text):
        taken += width(char)
        if taken > columns:
            return text[:place] + " " * (columns - taken + width(char))
    return text + " " * (columns - taken)
