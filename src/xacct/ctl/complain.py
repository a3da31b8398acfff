"""What people are told of a failure: a sentence, and a hint that is not the line that has just failed."""

from __future__ import annotations

from xacct.ctl.render import say
from xacct.ctl.verb import TYPED

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Sequence
    from typing import Final

_COMMAND: Final = r"xacctctl (?P<verb>[a-z]+)(?P<rest>(?: [^\s,;:&|()\"]+)*)"
_ALONE: Final = frozenset({"status", "roles", "attend", "lock", "unlock", "doctor", "start", "stop", "reload"})
"""Verbs that take no words but options: what follows them in a sentence is prose."""

_ELSE: Final = {"doctor": "", "stop": "Its process is named by: pgrep -a xacctd"}
_DOCTOR: Final = "xacctctl doctor looks for what is wrong."


def complain(sentence: str, hint: str = "", *, role: str = "", instead: str = "") -> None:
    """Print a failure to stderr.

    Args:
        sentence: what is wrong.
        hint: what to type.
        role: the one of several that it is about.
        instead: the hint, where `hint` tells to do just what was done.
    """
    say(f"xacctctl: {role}: {sentence}" if role else f"xacctctl: {sentence}")
    better = useful(hint, TYPED, instead)
    if better:
        say(f"  hint: {better}")


def useful(hint: str, words: Sequence[str], instead: str = "") -> str:
    """Return `hint`, or something else where it tells to do just what was done (`words`)."""
    import re  # noqa: PLC0415 - of use to failures alone

    if not words or not any(_repeats(found, words) for found in re.finditer(_COMMAND, hint)):
        return hint
    return instead or _ELSE.get(words[0], _DOCTOR)


def _repeats(found: re.Match[str], words: Sequence[str]) -> bool:
    """Say whether a command in a hint is what was typed, or less of it."""
    rest = found["rest"].rstrip(".!?").split()
    if found["verb"] != words[0] or any(word.startswith("--code") for word in words):
        return False
    if words[0] in _ALONE:
        return not rest or not rest[0].startswith("-") or set(rest) <= set(words)
    return set(rest) <= set(words)
