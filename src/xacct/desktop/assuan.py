"""The protocol in which pinentry is asked (The Assuan Reference Manual, and pinentry's own manual): a client's part.

A line is a command; what comes back is data ("D ..."), remarks ("S ...", "# ..."), and at the end "OK" or "ERR code".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Awaitable

LINE = 1000
"""Bytes of a line, without its end (Assuan's LINELENGTH)."""

DATA = 1024
"""Bytes that an answer may have: a code has six, what a browser shows at the end of a sign-in some hundreds."""

LINES = 1000
"""Lines that may come before an answer is at its end."""

CANCELLED = frozenset({99, 114, 198})
"""GPG_ERR_CANCELED, GPG_ERR_NOT_CONFIRMED and GPG_ERR_FULLY_CANCELED of libgpg-error's err-codes.h."""

TIMED_OUT = 62
"""GPG_ERR_TIMEOUT."""

LOCALE_PROBLEM = 166
"""GPG_ERR_LOCALE_PROBLEM: what is to be shown has characters that its locale has not."""

_CODE = 0xFFFF
"""The bits of an error's number that say what it is; the others say whose it is (83886179 is pinentry's 99)."""

_ESCAPED = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})


class Lines(Protocol):
    """Where lines go, and come from."""

    def say(self, line: bytes) -> None:
        """Send one."""

    def heard(self) -> Awaitable[bytes]:
        """Wait for one."""


class BadAnswer(Exception):
    """What came is no answer in this protocol."""


class Refused(Exception):
    """The other side has answered with an error.

    Attributes:
        code: What it is, without whose it is.
    """

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def line_of(command: str, text: str = "") -> bytes:
    """A line that is a command and its argument, which can't end it; what is too long is cut."""
    parts, room = [command.encode()], LINE - len(command) - 1
    if text:
        parts.append(b" ")
    for char in text:
        # guard: assuan-argument-ends-no-line
        escaped = char.translate(_ESCAPED).encode("utf-8", "replace")
        room -= len(escaped)
        if room < 0:
            break
        parts.append(escaped)
    return b"".join(parts)


def fits(command: str, text: str) -> bool:
    """Whether `line_of` would cut nothing off."""
    return len(command) + 1 + len(text.translate(_ESCAPED).encode("utf-8", "replace")) <= LINE


async def ask(lines: Lines, command: str, text: str = "") -> str:
    """Send a command, and return the data it brings.

    Raises:
        Refused: The other side says no.
        BadAnswer: It says what is no answer, or too much.
    """
    lines.say(line_of(command, text))
    data = bytearray()
    for _ in range(LINES):
        word, _, rest = (await lines.heard()).rstrip(b"\r").partition(b" ")
        match word:
            case b"OK":
                return data.decode("utf-8", "replace")
            case b"ERR":
                raise Refused(_error(rest))
            case b"D":
                data += unquote_to_bytes(rest)
                if len(data) > DATA:  # guard: pin-is-bounded
                    raise BadAnswer
            case b"INQUIRE":
                lines.say(b"END")  # there is nothing we could tell it
            case b"S" | b"":
                continue
            case _ if not word.startswith(b"#"):
                raise BadAnswer
    raise BadAnswer


async def greeted(lines: Lines) -> None:
    """Wait until the other side is there.

    Raises:
        BadAnswer: It says something else.
    """
    for _ in range(LINES):
        heard = await lines.heard()
        if heard.startswith(b"OK"):
            return
        if not heard.startswith(b"#"):
            break
    raise BadAnswer


def _error(rest: bytes) -> int:
    number = re.match(rb"[0-9]{1,10}(?= |$)", rest)
    if number is None:
        raise BadAnswer
    return int(number.group()) & _CODE
