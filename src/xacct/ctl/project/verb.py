"""`trust` and `untrust`: whether a directory's .xacct.toml may say which role its shells and commands are in."""
# ruff: noqa: PTH100, PTH112, PTH118, PTH119, PTH120 - see paths.py

import os
from argparse import ArgumentParser, Namespace

from xacct.ctl.client import Client
from xacct.ctl.failure import FAILED, OK, USAGE, CtlError
from xacct.ctl.project import file
from xacct.ctl.project import trust as kept
from xacct.ctl.render import out
from xacct.ctl.verb import Verb


def trust(args: Namespace, _client: Client) -> int:
    """Trust a file as it is now, or list what is trusted."""
    if args.list:
        for path in kept.trusted():
            out(f"{file.shown(path)}  {_state(path)}")
        return OK
    found = file.read(_meant(args.file))
    try:
        kept.add(found.path, found.content)
    except OSError as error:
        raise CtlError(f"That can't be written down: {error.strerror}.") from None
    out(f"Trusted: {file.shown(found.path)} with {found.says}. To put this shell into it: xuse")
    return OK


def untrust(args: Namespace, _client: Client) -> int:
    """Trust a file no more."""
    path = _meant(args.file)
    try:
        was = kept.forget(path)
    except OSError as error:
        raise CtlError(f"That can't be written down: {error.strerror}.") from None
    if not was:
        raise CtlError(f"{file.shown(path)} is not trusted.", "xacctctl trust --list", FAILED)
    out(f"Not trusted any more: {file.shown(path)}")
    return OK


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
            raise CtlError(f"Neither this directory nor one above it has a {file.NAME}.", "", USAGE)
        return path
    path = os.path.abspath(word)
    if os.path.isdir(path):
        path = os.path.join(path, file.NAME)
    if os.path.basename(path) != file.NAME:
        raise CtlError(f"{os.path.basename(path)!r} is not called {file.NAME}.", "xacctctl trust --help", USAGE)
    return os.path.join(os.path.realpath(os.path.dirname(path)), file.NAME)


def _declare_trust(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", nargs="?", help="default: that of this directory, or the next above it")
    parser.add_argument("--list", action="store_true", help="what is trusted, and what has changed since")


def _declare_untrust(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", nargs="?", help="default: that of this directory, or the next above it")


VERBS = {
    "trust": Verb(
        "Let a directory's .xacct.toml say which role its commands are in: exec, env and xuse without a role take that,"
        " and so does a shell that comes by (xacctctl init --project). It has role and region, and nothing else. What"
        " is trusted is the file as it is now: a change of it asks anew.",
        ("xacctctl trust", "xacctctl trust ~/src/shop/.xacct.toml", "xacctctl trust --list"),
        trust,
        _declare_trust,
        starts_daemon=False,
    ),
    "untrust": Verb(
        "Trust a directory's .xacct.toml no more. A shell that it has put into a role stays there until it leaves.",
        ("xacctctl untrust", "xacctctl untrust ~/src/shop/.xacct.toml"),
        untrust,
        _declare_untrust,
        starts_daemon=False,
    ),
}
