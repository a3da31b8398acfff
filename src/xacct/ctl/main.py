"""xacctctl's main function: finds the verb, runs it, turns failures into a sentence and a status.

A verb's file is imported only when that verb is called: the daily ones start in tens of
milliseconds.
"""

import argparse
import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final, NoReturn

from xacct import __version__, paths
from xacct.ctl import misuse
from xacct.ctl.client import Client
from xacct.ctl.complain import complain, typed
from xacct.ctl.failure import BROKEN_PIPE, FAILED, INTERRUPTED, OK, USAGE, CtlError
from xacct.ctl.render import columns, out, say
from xacct.ctl.verb import NO_START, WHERE, Verb

_NARROWEST: Final = 30
_WIDEST: Final = 100
"""Columns of the help."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (default: the process's own) and return its exit status."""
    try:
        words = list(sys.argv[1:] if argv is None else argv)
        typed(words)
        status = _answer(words)
        if sys.stdout is not None:
            sys.stdout.flush()  # here, where a full disk or a closed pipe can still be reported
    except (CtlError, paths.UnusableError) as error:
        complain(error.sentence, error.hint)
        return error.status if isinstance(error, CtlError) else FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _forget_output()
        return BROKEN_PIPE
    except OSError as error:
        _forget_output()
        say(f"xacctctl: {error.strerror or error}.")
        return FAILED
    return status


def _forget_output() -> None:
    """Lead stdout nowhere if it can't be written to: Python would flush once more at exit, and complain."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Parser(argparse.ArgumentParser):
    """argparse with our kind of failure."""

    def error(self, message: str) -> NoReturn:
        """Raise the usage error."""
        raise CtlError(f"{message}.", f"{self.prog} --help", USAGE)

    def _print_message(self, message: str, _file: object = None) -> None:
        """Print the help as everything else is printed; argparse would be silent about a full disk."""
        out(message.rstrip("\n"))


def load(name: str) -> Verb:
    """Return the verb called `name`.

    Raises:
        CtlError: there is none.
    """
    if name not in WHERE:
        raise CtlError(f"There is no verb {name!r}.", "xacctctl --help lists them.", USAGE)
    verbs: dict[str, Verb] = import_module(f"xacct.ctl.{WHERE[name][0]}").VERBS
    return verbs[name]


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


def _answer(argv: list[str]) -> int:
    """Run the command line; where it was for a shell to read (`env`), a failure is something to read, too."""
    try:
        return _run(argv)
    except BaseException:
        if _is_read_by_a_shell(argv):
            from xacct.ctl.env import emit_failure  # noqa: PLC0415

            emit_failure(argv)
        raise


def _is_read_by_a_shell(argv: list[str]) -> bool:
    """Say whether this is `env`, or a mistyped line that was meant to be: `prod env`, `--no-strat env`, `evn`."""
    verb = next((word for word in argv if not word.startswith("-")), "")
    return verb == "env" or (verb not in WHERE and ("env" in argv or misuse.like(verb) == "env"))


def _run(argv: list[str]) -> int:
    _survive_any_text()
    if argv[:1] == ["__complete"]:
        from xacct.ctl.complete import candidates  # noqa: PLC0415

        return candidates(argv[1:])
    no_start = argv[:1] == [NO_START]
    rest = argv[no_start:]
    if not rest or rest[0] in ("--help", "-h", "help", "--version"):
        return _front_page(rest)
    if rest[0].startswith("-"):
        raise CtlError(f"There is no option {rest[0]!r}.", "xacctctl --help", USAGE)
    return _verb(rest[0], rest[1:], no_start=no_start)


def _verb(name: str, words: list[str], *, no_start: bool) -> int:
    if name not in WHERE:
        raise CtlError(f"There is no verb {name!r}.", misuse.unknown_verb([name, *words]), USAGE)
    verb = load(name)
    words, command = _split(name, words)
    no_start = no_start or NO_START in words
    try:
        # taken out rather than parsed: it may stand behind `grants list` too
        args = parser(name, verb).parse_args([word for word in words if word != NO_START])
    except CtlError as error:
        error.hint = misuse.too_many(name, words) or error.hint
        raise
    except SystemExit:
        return OK  # --help, which argparse prints by itself
    args.command = command
    args.no_start = no_start
    start_daemon = _start if verb.starts_daemon and not no_start else None
    return verb.run(args, Client(paths.socket_path(), start_daemon))


def _split(name: str, words: list[str]) -> tuple[list[str], list[str]]:
    """Cut off what is not ours to read: what exec runs, and what follows the role of ssh."""
    if name == "exec" and "--" in words:
        return words[: words.index("--")], words[words.index("--") + 1 :]
    if name == "ssh":
        role = next((place for place, word in enumerate(words, 1) if not word.startswith("-")), len(words))
        return words[:role], words[role:]
    return words, []


def _start() -> None:
    from xacct.ctl.start import start_daemon  # noqa: PLC0415

    start_daemon()


def _front_page(rest: list[str]) -> int:
    if rest[:1] == ["--version"]:
        out(f"xacctctl {__version__}")
        return OK
    from xacct.ctl.help import tour  # noqa: PLC0415

    text = tour({name: what for name, (_, what) in WHERE.items()})
    if rest:
        out(text)
        return OK
    sys.stderr.write(text + "\n")
    return USAGE


def _survive_any_text() -> None:
    """What a terminal's encoding can't show is shown escaped instead of ending in a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
