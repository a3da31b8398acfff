"""What was typed, of the bytes that a terminal sends: a character, or the name of a key."""

from __future__ import annotations

import codecs
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Final

_SEQUENCE: Final = re.compile(rb"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|O[@-~])")
"""A control sequence (ECMA-48), or what a keypad sends in application mode."""

_BEGUN: Final = re.compile(rb"\x1b(?:\[[0-9;?]*[ -/]*|O)?")
"""What may become one."""

_NAMES: Final[Mapping[bytes, str]] = {
    b"A": "up",
    b"B": "down",
    b"C": "right",
    b"D": "left",
    b"H": "home",
    b"F": "end",
    b"1~": "home",
    b"4~": "end",
    b"5~": "page-up",
    b"6~": "page-down",
    b"3~": "delete",
}
_CONTROLS: Final[Mapping[str, str]] = {
    "\r": "enter",
    "\n": "enter",
    "\x7f": "backspace",
    "\x08": "backspace",
    "\t": "tab",
    "\x1b": "escape",
    " ": "space",
}


class Keys:
    """Turns bytes into keys: printable characters as themselves, all else by name ("up", "enter", "ctrl-c")."""

    def __init__(self) -> None:
        self._rest = b""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    @property
    def unfinished(self) -> bool:
        """Whether an escape was read that may be the key itself, or the beginning of another."""
        return bool(self._rest)

    def typed(self, data: bytes, *, more: bool = True) -> Iterator[str]:
        """Yield the keys of what was read; with `more` false nothing follows, and an escape is the key."""
        data, self._rest = self._rest + data, b""
        while data:
            if not data.startswith(b"\x1b"):
                text, escape, rest = data.partition(b"\x1b")
                yield from filter(None, map(_key, self._decoder.decode(text)))
                data = escape + rest
            elif found := _SEQUENCE.match(data):
                data = data[found.end() :]
                if name := _NAMES.get(found[0][2:]):
                    yield name
            elif more and _BEGUN.fullmatch(data):
                self._rest, data = data, b""
            else:
                yield "escape"
                data = data[1:]


def _key(char: str) -> str:
    if char in _CONTROLS:
        return _CONTROLS[char]
    if char < " ":
        return f"ctrl-{chr(ord(char) | 64).lower()}"
    return char if char.isprintable() else ""
