"""What is installed, on disk: an agent's AWS files and, beside them, how each change of its settings goes out again."""
# ruff: noqa: PTH108, PTH106, PTH208 - see paths.py

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple

from xacct import fileio, paths
from xacct.ctl.agent.record import Record
from xacct.ctl.failure import CtlError

PROGRAM: Final = "xacctctl"
"""What the agent's files call instead of xacctctl: it runs that as the user's own shell would."""

_RECORD: Final = "installed.json"
_DIGITS: Final = 12


class Installed(NamedTuple):
    """One installation.

    Attributes:
        tool: the agent, as TOOLS has it.
        project: the directory it is for; None: for all.
        role: whose credentials its shells have; None: only the MCP server was registered.
        words: what they are narrowed to.
        mcp: whether the MCP server was registered.
        bounds: the options that it was registered with.
        parts: in the order in which they came in.
    """

    tool: str
    project: str | None
    role: str | None
    words: str
    mcp: bool
    bounds: list[str]
    parts: list[Record]


def agents() -> str:
    """Return the directory that has a directory for each installation."""
    return f"{paths.state_dir()}/agents"


def directory(tool: str, project: str | None) -> str:
    """Return where an installation's files are."""
    digest = "" if project is None else f"-{hashlib.sha256(os.fsencode(project)).hexdigest()[:_DIGITS]}"
    return f"{agents()}/{tool}{digest}"


def load(tool: str, project: str | None) -> Installed | None:
    """Return an installation, None where there is none.

    Raises:
        CtlError: what is known of it can't be read.
    """
    return _load(f"{directory(tool, project)}/{_RECORD}")


def every() -> list[Installed]:
    """Return all of them, by name."""
    try:
        names = sorted(os.listdir(agents()))
    except OSError:
        return []
    found = (_load(f"{agents()}/{name}/{_RECORD}") for name in names)
    return [each for each in found if each is not None]


def save(installed: Installed, files: Mapping[str, str]) -> None:
    """Write an installation's files, each of them whole, and what is known of it.

    Raises:
        CtlError: they can't be written.
    """
    into = directory(installed.tool, installed.project)
    for above in (paths.state_dir(), agents(), into):
        paths.make_private(above)
    try:
        for name, content in {**files, _RECORD: json.dumps(installed._asdict(), indent=1)}.items():
            mode = 0o700 if name == PROGRAM else 0o600
            fileio.write_private(f"{into}/{name}", content.encode("utf-8", "surrogateescape"), mode)
    except OSError as error:
        raise CtlError(f"{into} can't be written: {error.strerror}.", "Look at its owner.") from None


def forget(tool: str, project: str | None) -> None:
    """Remove an installation's files."""
    place = directory(tool, project)
    with suppress(FileNotFoundError):
        for name in os.listdir(place):
            os.unlink(f"{place}/{name}")
        os.rmdir(place)


def _load(path: str) -> Installed | None:
    try:
        told: Any = json.loads(fileio.read_text(path))
        installed = Installed(**{"bounds": [], **told})  # those of before had none
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, TypeError):
        raise CtlError(
            f"{path} can't be read: what was changed is not known.", "Take it out of the agent's settings by hand."
        ) from None
    return installed
