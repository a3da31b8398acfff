"""Words of a command line that are no role's name: patterns, groups, aliases, ARNs, ACCOUNT:ROLE.

The daemon knows what they mean (docs/control-api.md, GET /v1/selection). It is asked once it has said that there is no
such role, which it says before anything else is done: so the daily line, which names roles, pays nothing for this.
"""

from __future__ import annotations

from xacct import wire
from xacct.ctl.failure import USAGE, CtlError
from xacct.ctl.http10 import quote
from xacct.text import listed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from typing import Final

    from xacct.ctl.client import Client
    from xacct.ctl.failure import DaemonError

_EXACT: Final = frozenset({"process", "configure", "agent", "audit", "doctor"})
"""Verbs that take names alone: what stands in a configuration file must not come to mean another role."""


def replaced(verb: str, args: Namespace, client: Client, error: DaemonError) -> bool:
    """Put the roles that its words mean into a command line that named a role that there is not.

    Args:
        verb: its name.
        args: the command line; its roles are changed.
        client: the daemon's.
        error: what the daemon said of it.

    Returns:
        Whether any word meant something else than itself.

    Raises:
        CtlError: a word means no role, or several where one is wanted.
    """
    several = getattr(args, "roles", None)
    words = [args.role] if several is None and getattr(args, "role", None) else list(several or ())
    # guard: what-stands-in-files-takes-names-alone
    if error.code != "unknown-role" or verb in _EXACT or not words:
        return False
    path = f"{wire.SELECTION}?{'&'.join(f'word={quote(word)}' for word in words)}"
    found = client.call("GET", path, wire.SelectionAnswer)["roles"]
    if found == words:
        return False  # a role that went meanwhile
    if several is not None:
        args.roles = found
    elif len(found) == 1:
        args.role = found[0]
    elif verb == "exec" and not getattr(args, "project", None):  # guard: project-file-means-one-role
        args.several = found
    else:
        raise CtlError(
            f"{verb} takes one role, and {args.role!r} means {len(found)}: {listed(found)}.", "Name one.", USAGE
        )
    return True
