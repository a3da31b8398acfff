"""`status --prompt`: this shell's role in a few words, for the prompt of a shell."""

from __future__ import annotations

import os
import sys

from xacct import wire
from xacct.ctl import shape, variables
from xacct.ctl.failure import NO_DAEMON, CtlError
from xacct.ctl.http10 import quote
from xacct.ctl.render import clean, until

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

    from xacct.ctl.client import Client

COLOURED: Final = ("ansi", "bash", "zsh")
"""What a colour is written for: a terminal, or the prompt of a shell that counts columns."""

_ROLE, _PRODUCTION, _ASTRAY = "36", "1;31", "33"


class Segment:
    """What a prompt says, and in which colour.

    Attributes:
        words: the role and how it stands; empty in a shell without one.
        colour: the number of the colour.
    """

    def __init__(self, words: str = "", colour: str = _ASTRAY) -> None:
        self.words = clean(words).rstrip()
        self.colour = colour


def show(segment: Segment, colour: str | None) -> None:
    """Print it, where there is anything to say."""
    if not segment.words:
        return
    words, begin, end = segment.words, "", ""
    if colour is not None and not os.environ.get("NO_COLOR"):
        # bash knows the columns that nothing stands in by these control characters, zsh by words
        before, after = {"bash": ("\x01", "\x02"), "zsh": ("%{", "%}")}.get(colour, ("", ""))
        begin, end = f"{before}\x1b[{segment.colour}m{after}", f"{before}\x1b[0m{after}"
    if colour == "zsh":
        words = words.replace("%", "%%")  # guard: prompt-of-zsh-expands-no-roles-name
    if sys.stdout is not None:
        sys.stdout.write(f"{begin}{words}{end}\n")


def segment(env: Mapping[str, str], client: Client) -> Segment:
    """Return this shell's role, and how long it goes on by itself or why it doesn't; nothing in a shell without one.

    It starts no daemon, and a shell's prompt is no place for a failure: what can't be known is said in a word, too.

    Args:
        env: the shell's variables.
        client: the daemon's.
    """
    role = env.get(variables.ROLE, "")
    if not role:
        return Segment()
    try:
        answer = client.without_start().call("GET", path_of([role]), shape.status())
    except CtlError as error:
        return Segment(f"{role} {'no xacctd' if error.status == NO_DAEMON else 'unknown'}")
    production = any(each.get("production") for each in answer["roles"])
    return Segment(f"{role} {_standing(answer)}", _PRODUCTION if production else _ROLE)


def path_of(roles: list[str]) -> str:
    """Return the path of the status of these roles; of none: of all."""
    asked = "&".join(f"role={quote(role)}" for role in roles)
    return f"{wire.STATUS}?{asked}" if asked else wire.STATUS


def _standing(answer: wire.StatusAnswer) -> str:
    """Return for how long the role is had without a human, nothing where that has no end, or why it can't be had."""
    if answer.get("locked"):
        return "locked"
    for role in answer["roles"]:
        if role["state"] in ("held", "idle"):
            ends = role["expires_at"] if role["mfa_expires_at"] is None else role["mfa_expires_at"]
            return "" if ends is None else until(ends, answer["now"]).replace(" ", "")
        return role["state"].replace("-", " ")
    return "unknown"
