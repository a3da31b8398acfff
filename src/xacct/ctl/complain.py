"""What people are told of a failure: a sentence, and a hint that is not the line that has just failed."""

import re
from collections.abc import Sequence
from typing import Final

from xacct.ctl.render import say
from xacct.ctl.verb import NO_START

_typed: list[str] = []

_COMMAND: Final = re.compile(r"xacctctl (?P<verb>[a-z]+)(?P<rest>(?: [^\s,;:&|()\"]+)*)")
_ALONE: Final = frozenset({"status", "roles", "attend", "lock", "unlock", "doctor", "start", "stop", "reload"})
"""Verbs that take no words but options: what follows them in a sentence is prose."""

_ELSE: Final = {"doctor": "", "stop": "Its process is named by: pgrep -a xacctd"}
_DOCTOR: Final = "xacctctl doctor looks for what is wrong."


def typed(words: Sequence[str]) -> None:
    """Remember the command line, so that no hint repeats it."""
    _typed[:] = [word for word in words if word != NO_START]


def complain(sentence: str, hint: str = "", *, role: str = "", instead: str = "") -> None:
    """Print a failure to stderr.

    Args:
        sentence: what is wrong.
        hint: what to type.
        role: the one of several that it is about.
        instead: the hint, where `hint` tells to do just what was done.
    """
    say(f"xacctctl: {role}: {sentence}" if role else f"xacctctl: {sentence}")
    better = useful(hint, _typed, instead)
    if better:
        say(f"  hint: {better}")


def useful(hint: str, words: Sequence[str], instead: str = "") -> str:
    """Return `hint`, or something else where it tells to do just what was done (`words`)."""
    if not words or not any(_repeats(found, words) for found in _COMMAND.finditer(hint)):
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
