"""The parser of a verb's arguments: argparse, with our kind of failure. The plainest lines do without (verb.py)."""

import argparse
from typing import Final, NoReturn

from xacct.ctl.failure import USAGE, CtlError
from xacct.ctl.render import columns, out
from xacct.ctl.verb import NO_START, Verb

_NARROWEST: Final = 30
_WIDEST: Final = 100
"""Columns of the help."""


class _Parser(argparse.ArgumentParser):
    """argparse with our kind of failure."""

    def error(self, message: str) -> NoReturn:
        """Raise the usage error."""
        raise CtlError(f"{message}.", f"{self.prog} --help", USAGE)

    def _print_message(self, message: str, _file: object = None) -> None:
        """Print the help as everything else is printed; argparse would be silent about a full disk."""
        out(message.rstrip("\n"))


def parser(name: str, verb: Verb) -> argparse.ArgumentParser:
    """Return the parser of one verb's arguments."""
    made = _Parser(
        prog=f"xacctctl {name}",
        description=verb.does,
        epilog="\n".join(["example:", *(f"  {line}" for line in verb.examples)]),
        formatter_class=_HelpFormatter,
        allow_abbrev=False,
    )
    verb.declare(made)
    made.add_argument(
        NO_START,
        action="store_true",
        help="fail (3) instead of starting xacctd when it isn't running",
    )
    return made


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Wraps the description, but leaves the examples as they are."""

    def __init__(self, prog: str) -> None:
        # without a width argparse imports shutil, for every argument's sake: 3 ms
        super().__init__(prog, width=max(_NARROWEST, min(columns() or _WIDEST, _WIDEST) - 2))

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if text.startswith("example:"):
            return super()._fill_text(text, width, indent)
        return argparse.HelpFormatter._fill_text(self, text, width, indent)  # noqa: SLF001
