"""`init`: one line in a shell's rc file gives it xuse, xleave and a segment of the prompt."""

from argparse import ArgumentParser, Namespace

from xacct.ctl import hook, shell_init
from xacct.ctl.client import Client
from xacct.ctl.failure import OK, USAGE, CtlError
from xacct.ctl.render import out
from xacct.ctl.verb import Verb


def init(args: Namespace, _client: Client) -> int:
    """Print the shell's functions."""
    _demand_sense(args)
    functions, segment = shell_init.SHELLS[args.shell]
    parts = [functions]
    if not args.no_prompt:
        parts.append(segment)
    if args.project:
        parts.append(hook.HOOKS[args.shell])
    if args.short is not None:
        parts.append(shell_init.short(args.shell, args.short))
    out(shell_init.joined(args.shell, parts))
    return OK


def _demand_sense(args: Namespace) -> None:
    """Refuse what a shell has not, or can't be called."""
    for option, given, shells in (("--project", args.project, hook.SHELLS), ("--short", args.short, shell_init.SHORT)):
        if given and args.shell not in shells:
            raise CtlError(f"{option} is for {', '.join(shells)}.", "xacctctl init --help", USAGE)
    if args.short is not None and not (args.short.isascii() and args.short.isalnum() and args.short[0].isalpha()):
        raise CtlError(f"{args.short!r} can't be a command's name.", "xacctctl init bash --short xa", USAGE)


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument("shell", choices=list(shell_init.SHELLS))
    parser.add_argument("--no-prompt", action="store_true", help="leave the prompt as it is")
    parser.add_argument(
        "--project",
        action="store_true",
        help="in a directory with a trusted .xacct.toml be in its role, and leave it with the directory",
    )
    parser.add_argument(
        "--short",
        metavar="NAME",
        nargs="?",
        const="xa",
        help="a short name for xacctctl (xa), unless something else is called so; behind the line for its completion",
    )


VERBS = {
    "init": Verb(
        "Print what a shell's rc file reads: xuse ROLE puts the shell into a role (alone: that of the directory's"
        " .xacct.toml, or pick one), xleave takes it out again, and the prompt has the role, how long it goes on"
        " without a code, and a colour where it is marked production. xuse takes the options of xacctctl env. If it"
        " fails, xuse prod && deploy does not deploy.",
        (
            'eval "$(xacctctl init bash)"                                    in ~/.bashrc',
            'eval "$(xacctctl init zsh)"                                     in ~/.zshrc, behind compinit',
            "xacctctl init fish | source                                     in ~/.config/fish/config.fish",
            "xacctctl init powershell | Out-String | Invoke-Expression       in $PROFILE",
            "execx($(xacctctl init xonsh))                                   in ~/.xonshrc",
            'eval "`xacctctl init tcsh`"                                     in ~/.tcshrc',
        ),
        init,
        _declare,
        starts_daemon=False,
    ),
}
