"""A process's command line as others may see it: what may be secret in it is blanked. Pure.

Nothing can tell a secret from another word for certain, so in doubt it is blanked: values of names that sound like a
secret's, every NAME=VALUE, access keys' ids, words that look random, what stands before the @ of an address.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from xacct.text import clean, cut, without_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

BLANK = "***"

SHOWN = 200
"""Characters of a command line, at most: more would push the question off the screen."""

LOOKED_AT = 400
"""Characters of an argument that are looked at: patterns take a long one's square in time, and hold up all else."""

_NAME = (
    r"(?:pass|pwd|secret|token|cred|key|auth|bearer|cookie|session|signature|otp|mfa|code|seed|pin|jwt|private|login)"
)
"""Parts of names whose values are blanked. `key` is in access-key and api_key as well."""

_ASKS = re.compile(rf"-[\w-]*{_NAME}[\w-]*|-[pPwH]", re.IGNORECASE)
"""An option whose value is the next argument: by a long name, or a letter that databases' clients and curl use."""

_USER = re.compile(r"-u|-U|--(?:proxy-)?user(?:name)?")
"""An option whose value may be USER:PASSWORD."""

_ATTACHED = re.compile(r"-[pP](?=\S)(?!\w*(?:ort|ath|rofile)).+")
"""A password that stands right behind its letter, as MySQL's clients take it."""

_NAMED = re.compile(rf"({_NAME}[\w.-]*[\"']?\s*[:=])\s*.+", re.IGNORECASE | re.DOTALL)
"""NAME=..., "NAME": ..., NAME: ... up to the argument's end."""

_OPTION = re.compile(rf"(?<![\w-])(\w*-[\w-]*{_NAME}[\w-]*\s+)(?:\"[^\"]*\"?|'[^']*'?|\S+)", re.IGNORECASE)
"""The same in the middle of an argument that is a command line itself (sh -c)."""

_SCHEME = re.compile(r"\b(bearer|basic|digest|negotiate)(\s+)\S+", re.IGNORECASE)
"""What an Authorization header holds (RFC 9110, 11.6.2)."""

_VARIABLE = re.compile(r"(?<![\w-])([A-Za-z_]\w*=)(?:\"[^\"]*\"?|'[^']*'?|[^\s\"'])+")
_USERINFO = re.compile(r"(://)\S*@")
_PASSWORD_AT = re.compile(r"[^\s:@/]+:[^\s@]+@")
_MFA_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")
_TOKEN = re.compile(r"[A-Za-z0-9+/=_.~-]{16,}")
_PATH = re.compile(r"\.{0,2}/|~/")

_LONG, _MIXED = 16, 24
"""Characters from which a word is looked at: one of letters and digits alone, and one with signs between them."""

_SWITCHES = 4
"""Changes from small to capital letters that no name in camel case has in so few characters."""


def shown(arguments: Sequence[str], most: int = SHOWN) -> str:
    """A command line on one line, `most` characters long, without what may be secret.

    Args:
        arguments: the program and its arguments.
        most: characters.
    """
    words: list[str] = []
    before, length = "", 0
    for argument in arguments:
        # Blanked whatever it begins with: a password may begin with a dash.
        if _ASKS.fullmatch(before):  # guard: value-behind-secret-option-is-blanked
            words.append(BLANK)
        elif _USER.fullmatch(before) and ":" in argument:  # guard: users-password-is-blanked
            words.append(_bounded(argument.partition(":")[0]) + ":" + BLANK)
        else:
            words.append(_without_secrets(_bounded(argument)))
        before, length = argument[:LOOKED_AT], length + 1 + len(words[-1])
        if length > most:  # guard: no-more-is-looked-at-than-is-shown
            break
    return cut(clean(" ".join(words)), most)  # guard: command-line-is-words


def _bounded(argument: str) -> str:
    """The beginning of a long argument, up to a space: half a word does not look like the whole one."""
    if len(argument) <= LOOKED_AT:  # guard: long-arguments-are-looked-at-in-part
        return argument
    whole = argument[:LOOKED_AT].rsplit(None, 1)[:-1]
    return " ".join([*(whole or [BLANK]), "…"])


def _without_secrets(argument: str) -> str:
    """One argument, with blanks in it."""
    said = clean(argument)
    if _ATTACHED.fullmatch(said):
        return said[:2] + BLANK
    said = _NAMED.sub(rf"\1{BLANK}", said)  # guard: value-of-secret-name-is-blanked
    said = _OPTION.sub(rf"\1{BLANK}", said)  # guard: command-line-in-command-line
    said = _SCHEME.sub(rf"\1\2{BLANK}", said)
    said = _VARIABLE.sub(rf"\1{BLANK}", said)  # guard: variables-are-blanked
    said = _USERINFO.sub(rf"\1{BLANK}@", said)
    said = _PASSWORD_AT.sub(f"{BLANK}@", said)  # guard: userinfo-is-blanked
    said = without_keys(said, BLANK)  # guard: secret-keys-are-blanked
    # guard: random-words-are-blanked
    said = _TOKEN.sub(lambda found: BLANK if _is_random(found[0]) else found[0], said)
    return _MFA_CODE.sub(BLANK, said)  # guard: mfa-codes-are-blanked


def _is_random(word: str) -> bool:
    """Whether a word looks as if nobody had thought of it. Of a path each part is looked at by itself."""
    if any(map(_is_random_run, re.findall(r"[A-Za-z0-9]{16,}", word))):
        return True
    parts = word.split("/") if _PATH.match(word) else [word]
    return any(len(part) >= _MIXED and _classes(part) == 3 for part in parts)  # noqa: PLR2004 - all of them


def _is_random_run(run: str) -> bool:
    """The same of letters and digits without a sign between them; access keys' ids are such."""
    letters = any(char.isalpha() for char in run)
    switches = len(re.findall("[a-z][A-Z]", run))
    return letters and (any(char.isdigit() for char in run) or run.isupper() or switches >= _SWITCHES)


def _classes(word: str) -> int:
    return sum(any(map(kind, word)) for kind in (str.islower, str.isupper, str.isdigit))
