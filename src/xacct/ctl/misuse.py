"""What was probably meant by a line that can't be: a hint for misplaced words, and for other tools' verbs."""

import shlex
from collections.abc import Sequence
from typing import Final

from xacct.ctl.verb import WHERE

_ELSEWHERE: Final = {
    word: meant
    for meant, words in {
        "status": "ps info",
        "whoami": "who id",
        "roles": "list ls profiles",
        "explain ROLE": "show",
        "login ROLE": "signin auth mfa refresh renew",
        'env ROLE, as in eval "$(xacctctl env ROLE)"': "assume use switch export",
        "exec ROLE -- COMMAND...": "run",
        "exec ROLE -- $SHELL": "shell",
        "logout --all": "signout clear forget",
        "stop": "quit kill",
        "configure": "config setup init",
        "grants create ROLE": "grant create",
        "grants revoke ID": "revoke",
        "audit": "log logs history",
        "doctor": "check diagnose",
        "verify ROLE": "test prove",
        "service install": "install",
        "service uninstall": "uninstall",
        "docker run ROLE -- ARGS": "container",
        "docker compose ROLE": "compose",
        "--version": "version",
    }.items()
    for word in words.split()
}
"""Verbs that other tools have, and what they are here."""

_ACTIONS: Final = {"revoke": "grants", "create": "grants", "install": "service", "uninstall": "service"}
_PLAIN: Final = 40
"""Characters of a word that is still shown in a hint."""


def unknown_verb(words: Sequence[str]) -> str:
    """Return what to type instead of a line whose first word is no verb."""
    name, rest = words[0], list(words[1:])
    if name in _ACTIONS and rest and _shown(words):
        return f"xacctctl {shlex.join([_ACTIONS[name], *words])}"
    if name in _ELSEWHERE:
        return f"xacctctl {_ELSEWHERE[name]}"
    verb = next((word for word in rest if word in WHERE), None)
    if verb and name and _shown(words):
        rest.remove(verb)
        return f"xacctctl {shlex.join([verb, name])}" + (f" {shlex.join(rest)}" if rest else "")
    near = like(name)
    return f"Did you mean {near}? " * bool(near) + "xacctctl --help lists them."


def like(name: str) -> str:
    """Return the verb that `name` looks like, "" if none."""
    from difflib import get_close_matches  # noqa: PLC0415

    return next(iter(get_close_matches(name.lower(), WHERE, n=1)), "")


def _shown(words: Sequence[str]) -> bool:
    return all(len(word) < _PLAIN and word.isprintable() for word in words)
