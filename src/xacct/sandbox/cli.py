"""`xacct-sandbox`: the command line. Parses, delegates, turns problems into two lines and a 2."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from xacct import __version__
from xacct.sandbox import human
from xacct.sandbox.code import fresh_code
from xacct.sandbox.problem import Problem
from xacct.sandbox.run import run
from xacct.sandbox.sessions import Caps
from xacct.sandbox.sign_in_control import CONSENTS

if TYPE_CHECKING:
    from collections.abc import Sequence

_PROGRAM: Final = "xacct-sandbox"
_LAST_PORT: Final = 65535
_MOST_ACCOUNTS: Final = 10_000

_DESCRIPTION: Final = """\
A local STS that really enforces MFA, external ids, durations and signatures,
and a local IAM Identity Center and AWS sign-in beside it.
Its keys are fake, its refusals are AWS's: for demonstrations and tests.
"""

_EXAMPLE: Final = """\
example:
  xacct-sandbox run --dir /tmp/sandbox &
  until [ -e /tmp/sandbox/ready ]; do sleep 0.1; done
  . /tmp/sandbox/env
  aws sts get-session-token --profile central \\
      --serial-number arn:aws:iam::123456789012:mfa/MyIAMUsername \\
      --token-code "$(xacct-sandbox code --dir /tmp/sandbox)"
"""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in a sentence and a hint, where argparse would print a usage block."""

    def error(self, message: str) -> NoReturn:
        sentence = message[:1].upper() + message[1:].rstrip(".") + "."
        raise Problem(sentence, f"{self.prog} --help shows what it takes.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status: 0, or 2 for a problem told on stderr."""
    try:
        chosen = _parser().parse_args(arguments)
        if chosen.command == "run":
            caps = Caps(chosen.max_lifetime, chosen.max_session, chosen.max_token, chosen.max_sign_in)
            run(
                chosen.dir,
                chosen.port,
                caps,
                identity_center=chosen.identity_center,
                accounts=chosen.accounts,
                console_login=chosen.console_login,
                scoped_credentials=chosen.scoped_credentials,
            )
        else:
            sys.stdout.write(_said(chosen) + "\n")
    except Problem as problem:
        sys.stderr.write(f"{_PROGRAM}: {problem.sentence}\nHint: {problem.hint}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _said(chosen: argparse.Namespace) -> str:
    """Return what a command to a running sandbox prints."""
    if chosen.command == "code":
        return fresh_code(chosen.dir)
    if chosen.command == "consent":
        return human.consent(chosen.dir, chosen.answer, chosen.user)
    if chosen.command == "revoke":
        return human.revoke(chosen.dir, chosen.user)
    return human.answer(chosen.dir, chosen.command, chosen.user_code, chosen.user)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=_PROGRAM,
        description=_DESCRIPTION,
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"{_PROGRAM} {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_run(commands.add_parser("run", help="serve in the foreground until SIGTERM or Ctrl-C"))
    _add_to_running(commands.add_parser("code", help="print an unused MFA code, waiting for it if need be"))
    _add_human(commands)
    return parser


def _add_to_running(parser: argparse.ArgumentParser, user: str | None = None) -> argparse.ArgumentParser:
    parser.add_argument("--dir", type=Path, required=True, help="directory of a running sandbox")
    if user is not None:
        parser.add_argument("--user", metavar="NAME", help=user)
    return parser


def _add_human(commands: argparse._SubParsersAction[_Parser]) -> None:
    """Add what a human and an administrator do at both kinds of sign-in."""
    first = "who signs in (default: the first user there)"
    for verb, what in {"approve": "say yes to a device's sign-in", "deny": "say no to a device's sign-in"}.items():
        parser = _add_to_running(commands.add_parser(verb, help=what), first)
        parser.add_argument("user_code", nargs="?", metavar="CODE", help="its code (default: of the one that waits)")
    consent = _add_to_running(commands.add_parser("consent", help="answer every sign-in at once, or none"), first)
    consent.add_argument("answer", choices=CONSENTS, help="what is answered; ask: wait for a human")
    _add_to_running(commands.add_parser("revoke", help="end sign-ins, with all their tokens"), "whose (default: all)")


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Serve an STS on 127.0.0.1. Once it listens, DIR/env holds export lines to source, "
        "and DIR/ready exists until it ends."
    )
    parser.add_argument("--dir", type=Path, required=True, help="where keys, AWS files and DIR/env are kept")
    parser.add_argument("--port", type=_port, default=0, metavar="N", help="port to listen on (default: a free one)")
    _add_lifetimes(parser)
    parser.add_argument(
        "--identity-center",
        action="store_true",
        help="have SSO sessions and profiles in the AWS config file, and their endpoints in DIR/env",
    )
    parser.add_argument(
        "--accounts",
        type=_count,
        default=0,
        metavar="N",
        help="have N accounts more in Identity Center, with three permission sets each",
    )
    parser.add_argument(
        "--console-login",
        action="store_true",
        help="have profiles with a login_session (`aws login`) in the AWS config file",
    )
    parser.add_argument(
        "--no-scoped-credentials",
        dest="scoped_credentials",
        action="store_false",
        help="be an STS that does not know GetScopedCredentials, as those before November 2026",
    )


def _add_lifetimes(parser: argparse.ArgumentParser) -> None:
    """Declare how long what is issued may live, whatever is asked for."""
    for option, what in (
        ("--max-lifetime", "let no role credentials live longer than this, whatever is asked for"),
        ("--max-session", "the same for the MFA sessions that GetSessionToken issues"),
        ("--max-token", "let nothing that a refresh token renews live longer"),
        ("--max-sign-in", "let no sign-in last longer"),
    ):
        parser.add_argument(option, type=_seconds, metavar="SECONDS", help=what)


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > _LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; use 0 to {_LAST_PORT}")
    return int(text)


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text[:6]) > _MOST_ACCOUNTS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of accounts; use 0 to {_MOST_ACCOUNTS}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return seconds
