"""The options of a sandbox (`--sandbox`, `--keep` ...), and which can't be meant: docs/sandboxed-commands.md."""

from __future__ import annotations

from xacct.ctl.failure import USAGE, CtlError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from typing import Final

_BESIDES: Final = {
    "keep": "--keep",
    "write": "--write",
    "hide": "--hide",
    "keep_env": "--keep-env",
    "no_network": "--no-network",
}
_NOT_WITH: Final = {"detach": "--detach", "static": "--static", "imds": "--imds"}


def declare(parser: ArgumentParser) -> None:
    """Declare them."""
    group = parser.add_argument_group(
        "a boundary around the command", "Linux, by bubblewrap; docs/sandboxed-commands.md"
    )
    group.add_argument(
        "--sandbox",
        action="store_true",
        help="the command sees no keys, tokens and sockets but its own grant's, and can write only below the working"
        " directory",
    )
    group.add_argument("--keep", action="append", metavar="PATH", help="in view though it would be hidden; read-only")
    group.add_argument("--write", action="append", metavar="PATH", help="can be written besides; may be given again")
    group.add_argument("--hide", action="append", metavar="PATH", help="hidden besides; may be given again")
    group.add_argument(
        "--keep-env", action="append", metavar="NAME", help="a variable that looks like a secret, and is wanted inside"
    )
    group.add_argument("--no-network", action="store_true", help="no network at all, but for the grant's credentials")


def demand_sense(args: Namespace) -> bool:
    """Say whether a sandbox is asked for.

    Raises:
        CtlError: an option of a sandbox stands without one, or one that goes with none stands beside it.
    """
    if not args.sandbox:
        given = next((option for name, option in _BESIDES.items() if getattr(args, name) not in (None, False)), None)
        if given:  # guard: sandbox-option-alone-is-refused
            raise CtlError(f"{given} goes with --sandbox.", f"xacctctl exec ROLE --sandbox {given} ...", USAGE)
        return False
    other = next((option for name, option in _NOT_WITH.items() if getattr(args, name)), None)
    if other:  # guard: sandbox-goes-by-grant
        raise CtlError(
            f"--sandbox does not go with {other}: it ends with its command, and what it may have is a grant.",
            "Leave out one of the two.",
            USAGE,
        )
    return True
