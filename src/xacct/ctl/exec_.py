"""`exec`: one command in a role. Its signals, its status, and the grant taken back when it ends."""

import os
import time
from argparse import ArgumentParser, Namespace
from typing import Final

from xacct.ctl import variables
from xacct.ctl.client import Client
from xacct.ctl.env import declare_ways, ensure, lifetime, metadata, mint, reaching, revoke
from xacct.ctl.failure import CANNOT_RUN, NOT_FOUND, USAGE, CtlError
from xacct.ctl.hold import credentials
from xacct.ctl.render import say
from xacct.ctl.verb import Verb

_TRIES: Final = 20
_PAUSE: Final = 0.05
"""How often, and after how many seconds, a file is looked at again that is being written."""


def exec_(args: Namespace, client: Client) -> int:
    """Run the command and return its status: 128+n for signal n, 126 and 127 as shells do."""
    if not args.command:
        raise CtlError("exec needs a command.", "xacctctl exec ROLE -- COMMAND...", USAGE)
    if args.static:
        keys = credentials(client, args.role, lifetime(args))
        return _run(args.command, variables.static(args.role, keys, os.environ))
    if args.imds:
        return _run(args.command, metadata(client, args, os.environ))
    lifetime(args)
    ensure(client, args.role)
    label = f"exec {args.command[0].rpartition('/')[2]} {os.getpid()}"
    grant = mint(client, args.role, label, os.getpid())
    try:
        return _run(args.command, reaching(args.role, grant, os.environ))
    finally:
        revoke(client, grant["id"])


def _run(command: list[str], change: variables.Change) -> int:
    from xacct.ctl import child  # noqa: PLC0415 - signal is needed only here

    try:
        return child.run(command, variables.settled(change, os.environ).applied(os.environ))
    except FileNotFoundError:
        raise CtlError(f"{command[0]}: no such command.", "", NOT_FOUND) from None
    except OSError as error:
        raise CtlError(f"{command[0]} can't be run: {error.strerror}.", "", CANNOT_RUN) from None
    finally:
        _write_through(change.set.get(variables.CONFIG))


def _write_through(copy: str | None) -> None:
    """Carry what the command has set in a copy of the config file into the user's: now, whoever else watches it."""
    if copy is None:
        return
    from xacct.copies import store  # noqa: PLC0415 - only where something shadows

    try:
        for _ in range(_TRIES):
            if store.synced(copy.rpartition("/")[0], time.time()):
                return
            time.sleep(_PAUSE)
    except (store.Failed, OSError) as error:
        say(f"xacctctl: note: {error}")


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument("role", metavar="ROLE")
    declare_ways(parser)
    parser.usage = "xacctctl exec ROLE [--imds | --static [--lifetime DURATION]] -- COMMAND..."


VERBS = {
    "exec": Verb(
        "Run a command in a role, without touching this shell. Signals are passed on, and so is"
        " the exit status; when the command ends its access to the endpoint ends with it. Inside"
        " another exec the inner role wins.",
        (
            "xacctctl exec prod -- aws s3 ls",
            "xacctctl exec prod -- terraform plan",
            "xacctctl exec staging -- $SHELL",
        ),
        exec_,
        _declare,
    ),
}
