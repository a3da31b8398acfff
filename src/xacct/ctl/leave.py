"""`leave`: what takes a shell out of its role again. stdout carries nothing else."""

from __future__ import annotations

import os

from xacct.ctl import shells, variables
from xacct.ctl.env import emit, end_former
from xacct.ctl.failure import OK
from xacct.ctl.verb import Verb

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from xacct.ctl.client import Client


def leave(args: Namespace, client: Client) -> int:
    """Print the change of environment that ends what `env` set; the shell's own grant ends with it."""
    emit(shells.FORMATS[args.format](variables.settled(variables.Change({}, ()), os.environ)))
    end_former(client.without_start(), None)
    return OK


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--format",
        choices=[name for name in shells.FORMATS if name != "dotenv"],
        default="sh",
        help="the language of the lines (default: sh, also for bash and zsh)",
    )


VERBS = {
    "leave": Verb(
        "Print what takes this shell out of the role that env put it into: the variables are what they were before, but"
        " for keys that stood in them, and its access ends. The role stays held for others.",
        ('eval "$(xacctctl leave)"', "xacctctl leave --format fish | source"),
        leave,
        _declare,
        starts_daemon=False,
    ),
}
