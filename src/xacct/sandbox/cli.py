"""`xacct-sandbox`: the command line. Parses, delegates, turns problems into two lines and a 2."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from xacct import __version__
from xacct.sandbox.code import fresh_code
from xacct.sandbox.problem import Problem
from xacct.sandbox.run import run
from xacct.sandbox.sessions import Caps

if TYPE_CHECKING:
    from collections.abc import Sequence

_PROGRAM: Final = "xacct-sandbox"
_LAST_PORT: Final = 65535

_DESCRIPTION: Final = """\
A local STS that really enforces MFA, external ids, durations and signatures.
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
            run(chosen.dir, chosen.port, Caps(chosen.max_lifetime, chosen.max_session))
        else:
            sys.stdout.write(fresh_code(chosen.dir) + "\n")
    except Problem as problem:
        sys.stderr.write(f"{_PROGRAM}: {problem.sentence}\nHint: {problem.hint}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


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
    code = commands.add_parser("code", help="print an unused MFA code, waiting for it if need be")
    code.add_argument("--dir", type=Path, required=True, help="directory of a running sandbox")
    return parser


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Serve an STS on 127.0.0.1. Once it listens, DIR/env holds export lines to source, "
        "and DIR/ready exists until it ends."
    )
    parser.add_argument("--dir", type=Path, required=True, help="where keys, AWS files and DIR/env are kept")
    parser.add_argument("--port", type=_port, default=0, metavar="N", help="port to listen on (default: a free one)")
    parser.add_argument(
        "--max-lifetime",
        type=_seconds,
        metavar="SECONDS",
        help="let no role credentials live longer than this, whatever is asked for",
    )
    parser.add_argument(
        "--max-session",
        type=_seconds,
        metavar="SECONDS",
        help="the same for the MFA sessions that GetSessionToken issues",
    )


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > _LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; use 0 to {_LAST_PORT}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return seconds
