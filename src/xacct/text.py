"""Other people's words, made fit to be shown: labels, names, paths of programs, what AWS says. Standard library only.

Whatever shows or writes text goes through here at its border: terminals, dialogs, notices, the log, the audit, files
that other programs read. So a word can be no more than a word: it ends no line, drives no terminal, is no markup, and
does not turn the order of what stands beside it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final

LONGEST: Final = 300
"""Characters of one stranger's text in a dialog or notice: more would push what matters off the screen."""

_HYPHENS: Final = "-\u2010\u2011\u2012\u2013\u2014"
"""What stands between the halves of a code: hyphens, and what editors and web pages make of them."""

_KEY: Final = r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/])"
"""Forty characters of base64 (IAM User Guide, Manage access keys for IAM users, shows the form)."""

_MARKUP: Final = str.maketrans({"<": "(", ">": ")", "&": "+", "\\": "/"})
"""Pango (zenity, notification servers) and Qt (kdialog) read markup, and zenity, notify-send and kdialog a backslash as
C does. Some of them escape and some do not, by version and by kind of dialog, so these signs are not quoted but left
out: the nearest plain ones stand for them."""


def clean(text: str) -> str:
    """Return `text` as one line without control characters.

    What is not printable becomes a space: controls of both ranges (an escape sequence stays words), ends of lines of
    every kind, marks that turn the direction of writing, invisible characters, halves of surrogate pairs.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else " " for char in text)  # guard: words-no-control-no-mark


def listed(names: Sequence[str], most: int = 5) -> str:
    """Return names as a list in a sentence, not longer than one can read."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def digits(code: str) -> str:
    """Return an MFA code without the spaces and hyphens that devices and password managers show in it."""
    return "".join(char for char in code if not char.isspace() and char not in _HYPHENS)


def plain(text: str, most: int = LONGEST) -> str:
    """Return `text` for a desktop's dialogs and notices: as `clean` does, without markup, `most` characters long."""
    return cut(clean(text).translate(_MARKUP), most)  # guard: words-no-markup-on-desktop, words-no-more-than-fit-dialog


def without_keys(text: str, instead: str = "…") -> str:
    """Return `text` without what has the shape of an AWS secret access key: pasted in error, it must not be shown."""
    import re  # noqa: PLC0415 - late: daily verbs do without it

    return re.sub(_KEY, instead, text)


def cut(text: str, most: int) -> str:
    """Return at most `most` characters of `text`; an ellipsis says where there were more."""
    return text if len(text) <= most else text[: most - 1] + "…"


def without_password(url: str, instead: str = "…") -> str:
    """Return an address with `instead` for its user and password, however badly these are written.

    All before the last @ counts: a password may hold a slash or another @, and a proxy may be named without a scheme.
    """
    before, at, host = url.rpartition("@")
    if not at:
        return url
    scheme, slashes, _ = before.partition("//")
    return f"{scheme if slashes else ''}{slashes}{instead}@{host}"
