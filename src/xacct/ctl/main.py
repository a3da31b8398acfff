"""xacctctl's main function: finds the verb, runs it, turns failures into a sentence and a status.

A verb's file is imported only when that verb is called, and what the daily verbs do without is imported where it is
needed: Python starts in less time than `argparse`, `json`, `typing`, `re`, `socket` and `contextlib` take to load.
tests/ctl/test_main.py says which modules a daily verb may load.
"""

from __future__ import annotations

import io
import os
import sys

from xacct import __version__, paths
from xacct.ctl.client import Client
from xacct.ctl.failure import BROKEN_PIPE, FAILED, INTERRUPTED, OK, USAGE, CtlError, DaemonError
from xacct.ctl.render import out, say
from xacct.ctl.verb import NO_START, TYPED, WHERE, load, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence
    from typing import Final

    from xacct.ctl.verb import Verb

_SCOPE_VALUED: Final = ("--policy", "--allow", "--on", "--regions", "--ttl", "--scope")
_SANDBOX_VALUED: Final = ("--keep", "--write", "--hide", "--keep-env")
_EXEC_VALUED: Final = ("--lifetime", "--parallel", "--region", *_SCOPE_VALUED, *_SANDBOX_VALUED)
"""Options of exec, and of ssh before its role, that the next word belongs to."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (default: the process's own) and return its exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    TYPED[:] = [word for word in words if word != NO_START]
    try:
        status = _answer(words)
        if sys.stdout is not None:
            sys.stdout.flush()  # here, where a full disk or a closed pipe can still be reported
    except (CtlError, paths.UnusableError) as error:
        from xacct.ctl.complain import complain  # noqa: PLC0415 - of use to failures alone

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


def run() -> None:
    """Run the process's own command line and end the process at once: for the launcher (scripts/launcher.sh).

    Python's orderly end takes a tenth of the time that its start takes. Nothing here needs it: no thread runs, and what
    was printed is out.
    """
    try:
        status = main()
    except SystemExit as ended:  # by a signal: see env.py
        status = ended.code if isinstance(ended.code, int) else FAILED
    if sys.stderr is not None:
        sys.stderr.flush()
    os._exit(status)


def _forget_output() -> None:
    """Lead stdout nowhere if it can't be written to: Python would flush once more at exit, and complain."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
    if verb in WHERE:
        return verb == "env"
    from xacct.ctl import misuse  # noqa: PLC0415

    return "env" in argv or misuse.like(verb) == "env"


def _run(argv: list[str]) -> int:
    _survive_any_text()
    if argv[:1] == ["__complete"]:
        from xacct.ctl.complete import candidates  # noqa: PLC0415

        return candidates(argv[1:])
    if argv[:1] == ["__describe"]:
        from xacct.ctl.complete import described  # noqa: PLC0415

        return described(argv[1:])
    if argv[:1] == ["__project"]:
        from xacct.ctl.project.look import changed  # noqa: PLC0415

        return changed(argv[1:], lambda: Client(paths.socket_path(), _start))
    no_start = argv[:1] == [NO_START]
    rest = argv[no_start:]
    if not rest or rest[0] in ("--help", "-h", "help", "--version"):
        return _front_page(rest)
    if rest[0].startswith("-"):
        raise CtlError(f"There is no option {rest[0]!r}.", "xacctctl --help", USAGE)
    return _verb(rest[0], rest[1:], no_start=no_start)


def _verb(name: str, words: list[str], *, no_start: bool) -> int:
    if name not in WHERE:
        from xacct.ctl import misuse  # noqa: PLC0415

        raise CtlError(f"There is no verb {name!r}.", misuse.unknown_verb([name, *words]), USAGE)
    verb = load(name)
    words, command = _split(name, words)
    no_start = no_start or NO_START in words
    # taken out rather than parsed: it may stand behind `grants list` too
    args = plain(name, rest := [word for word in words if word != NO_START]) or _parsed(name, verb, rest)
    if args is None:
        return OK
    if "" in (getattr(args, "role", None), *(getattr(args, "roles", None) or ())):
        raise CtlError("The name of a role is empty.", f"A variable that is not set? xacctctl {name} --help", USAGE)
    args.command = command
    args.no_start = no_start
    start_daemon = _start if verb.starts_daemon and not no_start else None
    client = Client(paths.socket_path(), start_daemon)
    try:
        return verb.run(args, client)
    except DaemonError as error:
        from xacct.ctl import names  # noqa: PLC0415 - most words are roles' names, and cost nothing more

        if not names.replaced(name, args, client, error):
            raise
    return verb.run(args, client)


def _parsed(name: str, verb: Verb, words: list[str]) -> Namespace | None:
    """Return the words as argparse takes them; None where they asked for help, which is printed by then.

    Raises:
        CtlError: they are wrong.
    """
    from xacct.ctl import arguments  # noqa: PLC0415

    try:
        return arguments.parser(name, verb).parse_args(words)
    except SystemExit:
        return None


def _split(name: str, words: list[str]) -> tuple[list[str], list[str]]:
    """Cut off what is not ours to read: what exec runs, and what follows the role of ssh."""
    if name == "exec":
        return _split_exec(words)
    if name == "ssh":
        role = next((place for place, word in enumerate(words, 1) if _is_role(words, place - 1)), len(words))
        return words[:role], words[role:]
    return words, []


def _is_role(words: list[str], place: int) -> bool:
    """Say whether a word of ssh's is the role: no option of ours, nor what belongs to one."""
    return not words[place].startswith("-") and not (place and words[place - 1] in _SCOPE_VALUED)


def _split_exec(words: list[str]) -> tuple[list[str], list[str]]:
    """Cut at the two dashes; without them at the first word behind the role that is no option of exec's."""
    roles = 0
    for place, word in enumerate(words):
        if word == "--":
            return words[:place], words[place + 1 :]
        if word.startswith("-") or (place and words[place - 1] in _EXEC_VALUED):
            continue
        roles += 1
        if roles > 1:
            return words[:place], words[place:]
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
