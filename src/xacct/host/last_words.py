"""The last line that a program wrote before it failed, fit to be shown: no controls, nothing that looks secret."""

from __future__ import annotations

import re

LONGEST = 200
"""Characters of it that are shown."""

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-_])")
"""Colours, titles and other sequences for a terminal (ECMA-48: CSI, OSC, and those of two characters)."""

_NAME = r"(?:pass(?:word|phrase|wd|code)?|secret|token|pin|otp|bearer|authorization|credential|api.?key|access.?key)"
_NAMED = re.compile(
    rf"""(?ix) ( {_NAME} \w* ["']? \s* [:=] \s* ["']? (?:bearer\s+|basic\s+)? ) [^\s"',;]+   # password=x, Token: "x"
        | ( {_NAME} \s+ ["']? ) (?=[^\s"',;]*[0-9]) [^\s"',;]+                             # password x1
    """
)
"""What follows a word such as password or token; without a colon or an equals sign only what has a digit in it."""

_LOOKS_SECRET = re.compile(
    r"""(?x) \b (?:AKIA|ASIA|AROA|AIDA) [A-Z0-9]{12,} \b         # AWS's own identifiers of keys
        | (?<![\w+/=-]) (?=[^\s]*[0-9]) (?=[^\s]*[A-Za-z]) [\w+=-]{24,} (?![\w])  # tokens of one word
        | (?<![\w/]) (?=[\w+/]*[A-Z]) (?=[\w+/]*[a-z]) (?=[\w+/]*[0-9]) [A-Za-z0-9+/]{40,} =*   # base64
        | \b [0-9]{6,8} \b                                         # one-time codes
    """
)


def last_words(printed: bytes) -> str:
    """Return the last line with anything on it, cleaned, cut, and without what may be a secret; empty if there is none.

    Args:
        printed: What a program wrote to its standard error, or the end of it.
    """
    text = _ESCAPES.sub("", printed.decode("utf-8", "replace"))
    lines = re.split(r"[\n\r\v\f\x85\u2028\u2029]+", text)
    cleaned = ["".join(char if char.isprintable() else " " for char in line).strip() for line in lines]
    line = next((line for line in reversed(cleaned) if line), "")
    line = _LOOKS_SECRET.sub("…", _NAMED.sub(r"\1\2…", line))  # guard: last-words-without-secrets
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
