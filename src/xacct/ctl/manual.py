"""The manual's pages, made of the verbs' parsers: `python -m xacct.ctl.manual DIRECTORY` (for `make install`)."""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path

from xacct import __version__
from xacct.ctl import arguments
from xacct.ctl.help import tour
from xacct.ctl.verb import WHERE, load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

MARK: Final = '.\\" Made by xacct of its own parsers.'
"""The first line of each page, by which uninstall knows them."""

_STATUSES: Final = (
    ("0", "it was done"),
    ("1", "it failed"),
    ("2", "the command line is wrong"),
    ("3", "xacctd is not running, can't be started or is another version"),
    ("4", "a human is needed: nobody could be asked, or said no"),
    ("5", "AWS refused"),
    ("130", "it was interrupted"),
)


def pages() -> dict[str, str]:
    """Return every page by its file's name."""
    found = {f"xacctctl-{name}.1": page(name) for name in WHERE}
    return {"xacctctl.1": _front_page(), **found}


def page(name: str) -> str:
    """Return the page of a verb."""
    parser = arguments.parser(name, verb := load(name))
    return "\n".join(
        [
            *_head(f"xacctctl-{name}", WHERE[name][1]),
            ".SH SYNOPSIS",
            f".B {escaped(_usage(parser))}",
            ".SH DESCRIPTION",
            escaped(verb.does),
            *_options(parser),
            ".SH EXAMPLES",
            ".nf",
            *map(escaped, verb.examples),
            ".fi",
            ".SH EXIT STATUS",
            *(line for status, what in _STATUSES for line in (".TP", f".B {status}", escaped(what))),
            ".SH SEE ALSO",
            ".BR xacctctl (1)",
            "",
        ]
    )


def _front_page() -> str:
    lines = tour({name: what for name, (_, what) in WHERE.items()}).splitlines()
    return "\n".join(
        [
            *_head("xacctctl", "cross-account AWS credentials, held as ssh-agent holds keys"),
            ".SH DESCRIPTION",
            ".nf",
            *map(escaped, lines),
            ".fi",
            ".SH SEE ALSO",
            ",\n".join(f".BR xacctctl-{name} (1)" for name in WHERE).replace("(1),", '"(1),"'),
            "",
        ]
    )


def _head(name: str, what: str) -> list[str]:
    title = f'.TH {name.upper()} 1 "" "xacct {__version__}" "User Commands"'
    return [MARK, title, ".SH NAME", f"{escaped(name)} \\- {escaped(what)}"]


def _usage(parser: argparse.ArgumentParser) -> str:
    """Return the usage as one line, however wide the terminal is."""
    return re.sub(r"\s+", " ", parser.format_usage().removeprefix("usage:")).strip()


def _options(parser: argparse.ArgumentParser, title: str = ".SH OPTIONS") -> Iterator[str]:
    yield title
    below: list[tuple[str, argparse.ArgumentParser]] = []
    for action in parser._actions:  # noqa: SLF001 - argparse shows them in no other way
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            below += action.choices.items()
        elif action.help is not argparse.SUPPRESS:
            yield ".TP"
            yield f".B {escaped(_called(action))}"
            yield escaped(_help_of(action)) or "\\&"
    for name, each in below:
        yield from (f".SS {escaped(name)}", escaped(each.description or ""))
        yield from list(_options(each, ".P"))[1:]


def _called(action: argparse.Action) -> str:
    """Return an option's names and its value, or an argument's name."""
    value = action.metavar or (f"{{{','.join(map(str, action.choices))}}}" if action.choices else action.dest.upper())
    if not action.option_strings:
        return str(value)
    names = ", ".join(action.option_strings)
    return names if action.nargs == 0 else f"{names} {value}"


def _help_of(action: argparse.Action) -> str:
    return (action.help or "") % {"default": action.default, "prog": "xacctctl"} if action.help else ""


def escaped(text: str) -> str:
    """Return text as roff shows it: no backslash, no dash of another kind, no line that is a request."""
    found = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{found}" if found.startswith((".", "'")) else found


def main(directory: str) -> int:
    """Write the pages; a file that is somebody else's stays."""
    os.makedirs(directory, exist_ok=True)  # noqa: PTH103 - as its callers name it
    for name, text in pages().items():
        file = Path(directory, name)
        if file.exists() and not file.read_text("utf-8", "replace").startswith(MARK):
            sys.stderr.write(f"{file} is no page of xacct's, and stays.\n")
        else:
            file.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
