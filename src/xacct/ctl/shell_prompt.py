"""`status --prompt`: this shell's role in a few words, for the prompt of a shell."""

from __future__ import annotations

from xacct import wire
from xacct.ctl import shape, variables
from xacct.ctl.failure import NO_DAEMON, CtlError
from xacct.ctl.http10 import quote
from xacct.ctl.render import clean, until

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from xacct.ctl.client import Client


def segment(env: Mapping[str, str], client: Client) -> str:
    """Return this shell's role, and how long it goes on by itself or why it doesn't; nothing in a shell without one.

    It starts no daemon, and a shell's prompt is no place for a failure: what can't be known is said in a word, too.

    Args:
        env: the shell's variables.
        client: the daemon's.
    """
    role = env.get(variables.ROLE, "")
    if not role:
        return ""
    try:
        answer = client.without_start().call("GET", path_of([role]), shape.status())
    except CtlError as error:
        return clean(f"{role} {'no xacctd' if error.status == NO_DAEMON else 'unknown'}")
    return clean(f"{role} {_standing(answer)}").rstrip()


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
