"""`mcp`: the verb. It says what the server may give at most, and loads that, with its SDK, only to run it."""

from __future__ import annotations

import importlib.util
import os

from xacct.ctl.failure import USAGE, CtlError
from xacct.ctl.verb import Verb

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from typing import Final

    from xacct.ctl.client import Client

TTL: Final = ("12h", "A grant of an agent lives for 12 hours at most.")
"""How long a grant of the server's lives at most, and the sentence for more."""


def mcp(args: Namespace, client: Client) -> int:
    """Serve on stdin and stdout until stdin ends, and take back what was granted."""
    if args.allow_unscoped and args.scope:
        raise CtlError("--allow-unscoped and --scope contradict each other.", "Leave out one of the two.", USAGE)
    if os.isatty(0):
        raise CtlError(
            "xacctctl mcp is started by a coding agent, which talks to it on stdin and stdout.",
            "docs/agents.md says how to add it to one.",
            USAGE,
        )
    demand_sdk()
    from xacct.ctl import when  # noqa: PLC0415 - of use to a server that runs
    from xacct.ctl.mcp.limits import MOST_TTL, Limits  # noqa: PLC0415 - likewise
    from xacct.ctl.mcp.server import serve  # noqa: PLC0415 - it loads the SDK

    ttl = MOST_TTL if args.ttl is None else when.seconds(args.ttl, TTL)
    if ttl > MOST_TTL:
        raise CtlError(TTL[1], "--ttl 1h", USAGE)
    limits = Limits(tuple(args.role or ()), tuple(args.scope or ()), ttl, unscoped=args.allow_unscoped)
    return serve(client, limits)


def demand_sdk() -> None:
    """Refuse where the SDK is not installed, or is an older one, which comes without mcp_types.

    Raises:
        CtlError: it is not.
    """
    if not all(map(importlib.util.find_spec, ("mcp", "mcp_types"))):
        raise CtlError(
            "xacctctl mcp needs the SDK of the Model Context Protocol (mcp 2.3 or later), which is not installed.",
            "make install EXTRAS=mcp; elsewhere install xacct with its extra: pipx install '.[mcp]'",
        )


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--role", action="append", metavar="ROLE", help="only this role; may be given again (default: every role)"
    )
    parser.add_argument(
        "--scope",
        action="append",
        metavar="NAME",
        help="only this scope of config.toml; may be given again (default: what the agent says it needs)",
    )
    parser.add_argument("--ttl", metavar="DURATION", help="no grant lives longer (default: 12h)")
    parser.add_argument(
        "--allow-unscoped", action="store_true", help="let the agent ask for all that a role may do as well"
    )


VERBS = {
    "mcp": Verb(
        "Serve a coding agent that speaks the Model Context Protocol, on stdin and stdout: the agent asks for a role"
        " with a scope, a human says yes where the role is guarded, and the agent is told the endpoint and the path of"
        " its token's file, never a key. What it was granted ends with this process. Needs the extra mcp"
        " (make install EXTRAS=mcp): docs/agents.md.",
        (
            "xacctctl mcp                                    in the configuration of the agent",
            "xacctctl mcp --role dev --role staging --ttl 30m",
            "xacctctl mcp --scope reports                    a scope of config.toml, and nothing else",
        ),
        mcp,
        _declare,
    ),
}
