"""`trust` and `untrust`: whether other people's files may name roles: a directory's .xacct.toml, a team's catalogue."""
# ruff: noqa: PTH100, PTH112, PTH118, PTH119, PTH120 - see paths.py

import os
from argparse import ArgumentParser, Namespace

from xacct.ctl import catalogue
from xacct.ctl.client import Client
from xacct.ctl.failure import FAILED, OK, USAGE, CtlError
from xacct.ctl.project import file
from xacct.ctl.project import trust as kept
from xacct.ctl.render import out
from xacct.ctl.verb import Verb


def trust(args: Namespace, client: Client) -> int:
    """Trust a file or a catalogue as it is now, or list what is trusted."""
    if args.list:
        for path in kept.trusted():
            out(f"{file.shown(path)}  {_state(path)}")
        for line in catalogue.states():
            out(line)
        return OK
    if args.catalogue is not None:
        _demand_no_file(args)
        catalogue.trust(args.catalogue, client, yes=args.yes)
        return OK
    found = file.read(_meant(args.file))
    try:
        kept.add(found.path, found.content)
    except OSError as error:
        raise CtlError(f"That can't be written down: {error.strerror}.") from None
    out(f"Trusted: {file.shown(found.path)} with {found.says}. To put this shell into it: xuse")
    return OK


def untrust(args: Namespace, client: Client) -> int:
    """Trust a file, or a catalogue, no more."""
    if args.catalogue is not None:
        _demand_no_file(args)
        catalogue.untrust(args.catalogue, client)
        return OK
    path = _meant(args.file)
    try:
        was = kept.forget(path)
    except OSError as error:
        raise CtlError(f"That can't be written down: {error.strerror}.") from None
    if not was:
        raise CtlError(f"{file.shown(path)} is not trusted.", "xacctctl trust --list", FAILED)
    out(f"Not trusted any more: {file.shown(path)}")
    return OK


def _demand_no_file(args: Namespace) -> None:
    if args.file is not None:
        raise CtlError("A file and a catalogue are trusted one by one.", "Leave out one of the two.", USAGE)


def _state(path: str) -> str:
    """Return what stands in a trusted file now, or why it counts no more."""
    try:
        found = file.read(path)
    except CtlError:
        return "is gone, or can't be used"
    return found.says if kept.is_trusted(path, found.content) else "has changed since"


def _meant(word: str | None) -> str:
    """Return the path of the file that somebody means, as `find` has it: no link is in its directory's."""
    if word is None:
        path = file.nearest()
        if path is None:
            raise CtlError(
                f"Neither this directory nor one above it has a {file.NAME}.", 'It may have: role = "NAME"', USAGE
            )
        return path
    path = os.path.abspath(word)
    if os.path.isdir(path):
        path = os.path.join(path, file.NAME)
    if os.path.basename(path) != file.NAME:
        raise CtlError(f"{os.path.basename(path)!r} is not called {file.NAME}.", "xacctctl trust --help", USAGE)
    return os.path.join(os.path.realpath(os.path.dirname(path)), file.NAME)


def _declare_trust(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", nargs="?", help="default: that of this directory, or the next above it")
    parser.add_argument("--catalogue", metavar="NAME", help="instead of a file: a team's catalogue of config.toml")
    parser.add_argument("--yes", action="store_true", help="take a catalogue without a question")
    parser.add_argument("--list", action="store_true", help="what is trusted, and what has changed since")


def _declare_untrust(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", nargs="?", help="default: that of this directory, or the next above it")
    parser.add_argument("--catalogue", metavar="NAME", help="instead of a file: a team's catalogue of config.toml")


VERBS = {
    "trust": Verb(
        "Let a directory's .xacct.toml say which role its commands are in: exec, env and xuse without a role take that,"
        " and so does a shell that comes by (xacctctl init --project). It has role and region, and nothing else. What"
        " is trusted is the file as it is now: a change of it asks anew. With --catalogue it is the roles of a team's"
        " files ([catalogues] in config.toml), whose signature is looked at, and whose change is shown.",
        (
            "xacctctl trust",
            "xacctctl trust ~/src/shop/.xacct.toml",
            "xacctctl trust --catalogue platform",
            "xacctctl trust --list",
        ),
        trust,
        _declare_trust,
        starts_daemon=False,
    ),
    "untrust": Verb(
        "Trust a directory's .xacct.toml, or a team's catalogue, no more. A shell that the file has put into a role"
        " stays there until it leaves.",
        ("xacctctl untrust", "xacctctl untrust ~/src/shop/.xacct.toml", "xacctctl untrust --catalogue platform"),
        untrust,
        _declare_untrust,
        starts_daemon=False,
    ),
}
