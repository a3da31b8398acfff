"""`hook`: what another program's own file of functions needs, so that it puts shells into roles."""

from argparse import ArgumentParser, Namespace
from typing import Final

from xacct.ctl.client import Client
from xacct.ctl.failure import OK
from xacct.ctl.render import out
from xacct.ctl.verb import Verb

HOOKS: Final = {
    "direnv": """\
# xacct: in an .envrc, "use xacct ROLE". Access lasts as long as the shell that direnv works for.
use_xacct() {
    local change
    change=$(xacctctl env "$@") || { eval "$change"; return 1; }
    eval "$change"
    watch_file "${XACCT_INSTEAD_OF_CONFIG_FILE:-${AWS_CONFIG_FILE:-$HOME/.aws/config}}"
}
""",
}


def hook(args: Namespace, _client: Client) -> int:
    """Print the functions for a program."""
    out(HOOKS[args.program].rstrip())
    return OK


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument("program", choices=list(HOOKS))


VERBS = {
    "hook": Verb(
        "Print the functions with which another program puts shells into roles. direnv's go into its"
        " direnvrc; an .envrc then says: use xacct prod. Access lasts as long as the shell in which"
        " direnv loaded it; an editor that was started there and outlives it needs a grant of its own:"
        " xacctctl exec --detach.",
        ("xacctctl hook direnv >> ~/.config/direnv/direnvrc",),
        hook,
        _declare,
        starts_daemon=False,
    ),
}
