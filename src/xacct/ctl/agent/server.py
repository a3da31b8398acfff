"""The MCP server that an agent's settings start: what it may give at most, as options of `xacctctl mcp`."""

from argparse import ArgumentParser, Namespace
from typing import Final

from xacct.ctl import when
from xacct.ctl.agent.store import Installed
from xacct.ctl.failure import USAGE, CtlError
from xacct.ctl.mcp.verb import TTL, demand_sdk

_NOT_ITS: Final = ("read_only", "policy", "allow", "on", "regions")
"""What narrows shells, and has no like among the options of `xacctctl mcp`."""

WIDER: Final = (
    "the MCP server is not narrowed as the shells are: --role, --scope and --ttl alone bind it. A scope of config.toml"
    " (--scope NAME) is for both."
)


def declare(parser: ArgumentParser) -> None:
    """Declare what is the server's alone."""
    parser.add_argument(
        "--mcp",
        action="store_true",
        help="register the MCP server xacctctl mcp, too; --scope and --ttl bound it as well. Without ROLE it alone"
        " is registered",
    )
    parser.add_argument(
        "--role",
        action="append",
        dest="server_roles",
        metavar="ROLE",
        help="with --mcp: the server gives only this role; may be given again (default: ROLE; without one every role)",
    )


def options(args: Namespace, former: Installed | None) -> list[str]:
    """Return the options that bound the server: each is a name and a value.

    Args:
        args: the command line.
        former: what is installed already; its server stays as it is where --mcp is not said.

    Raises:
        CtlError: they can't be meant, or less would bound the server than does now.
    """
    had = former.bounds if former is not None and former.mcp else []
    if not args.mcp:
        if args.server_roles:
            raise CtlError("--role is for the MCP server.", "Add --mcp, or name the shells' role without it.", USAGE)
        return had
    demand_sdk()
    if args.ttl is not None:
        when.seconds(args.ttl, TTL)
    given = [("--role", role) for role in roles(args)]
    given += [(f"--{name}", value) for name in ("scope", "ttl") if (value := getattr(args, name)) is not None]
    found = [word for pair in given for word in pair]
    if lost := sorted(set(had[::2]) - set(found[::2])):  # guard: mcp-again-keeps-its-bounds
        raise CtlError(
            f"The MCP server is bound by {' '.join(had)}; without {' and '.join(lost)} it could give more.",
            f"Say that again, or take it out before: xacctctl agent uninstall {args.tool}",
            USAGE,
        )
    return found


def roles(args: Namespace) -> list[str]:
    """Return the only roles that the server gives; empty: every role."""
    return args.server_roles or ([args.role] if args.role is not None else [])


def is_wider(args: Namespace) -> bool:
    """Say whether something narrows the shells that can't bound the server."""
    return any(getattr(args, name) not in (None, False) for name in _NOT_ITS)
