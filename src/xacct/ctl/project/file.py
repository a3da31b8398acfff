"""`.xacct.toml`: which role and region a directory wants. It comes with other people's files, so it can say no more."""
# ruff: noqa: PTH109, PTH116, PTH118, PTH120 - see paths.py

from __future__ import annotations

import os

from xacct import fileio, paths
from xacct.ctl.failure import REFUSED, CtlError
from xacct.text import clean, cut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

NAME: Final = ".xacct.toml"
MOST_BYTES: Final = 16 * 1024
_LONGEST: Final = 200
"""Characters of a role's name or ARN."""

_KNOWN: Final = ("role", "region")
_SEVERAL: Final = frozenset("*?[")
"""Signs of a pattern: a directory has one role."""


class Project:
    """What a file says.

    Attributes:
        path: where it lies.
        content: its bytes: what is trusted.
        role: one of this user's roles: its name, an alias, ACCOUNT:ROLE or its ARN.
        region: None where the role's own will do.
    """

    def __init__(self, path: str, content: bytes, role: str, region: str | None) -> None:
        self.path = path
        self.content = content
        self.role = role
        self.region = region

    @property
    def says(self) -> str:
        """Its words, for people."""
        return f"role {self.role}" + (f", region {self.region}" if self.region else "")


def find(directory: str, home: str) -> str | None:
    """Return the file of the nearest of a directory and those above it.

    Args:
        directory: where to begin; no link is in its path.
        home: where to end, as at the border of a file system.
    """
    home = os.path.realpath(home)
    try:
        device = os.stat(directory).st_dev
        # guard: project-file-is-of-this-file-system
        while os.stat(directory).st_dev == device:
            if os.path.lexists(path := os.path.join(directory, NAME)):
                return path
            above = os.path.dirname(directory)
            if directory in (home, above):  # guard: project-file-is-not-above-home
                return None
            directory = above
    except OSError:
        pass  # nothing can be seen there
    return None


def nearest() -> str | None:
    """Return the file of the working directory."""
    try:
        return find(os.getcwd(), paths.home())
    except OSError:
        return None  # it was removed


def read(path: str) -> Project:
    """Return what a file says.

    Raises:
        CtlError: it is somebody else's, no file, too large, no TOML, or says what it may not.
    """
    from xacct import tomlfile  # noqa: PLC0415 - of use where there is such a file

    try:
        # guard: project-file-is-the-users-own
        content = fileio.read(path, MOST_BYTES, follow=False, null=False, owner=os.geteuid())
        said = tomlfile.parse(content)
    except OSError as error:
        raise _refused(path, f"can't be used: {error.strerror}", f"ls -l {clean(path)}") from None
    except tomlfile.TomlError as error:
        raise _refused(path, error.why, 'It may have two lines: role = "NAME" and region = "eu-west-1"') from None
    return Project(path, content, *_checked(path, said))


def _checked(path: str, said: dict[str, Any]) -> tuple[str, str | None]:
    # guard: project-file-says-role-and-region-alone
    if strange := next((key for key in said if key not in _KNOWN), None):
        raise _refused(path, f"has a {cut(clean(strange), 40)!r}", "It may say role and region, and nothing else.")
    role, region = said.get("role"), said.get("region")
    if not isinstance(role, str) or not role or len(role) > _LONGEST or role != clean(role):
        raise _refused(path, "names no role", 'role = "NAME"')
    if role[0] in "@-" or _SEVERAL & set(role):  # guard: project-file-has-one-role
        raise _refused(path, "names more than one role, or an option", 'role = "NAME"')
    if region is not None and not is_region(region):
        raise _refused(path, "has a region that is none", 'region = "eu-west-1"')
    return role, region


def is_region(word: object) -> bool:
    """Say whether a word can be the name of a region."""
    plain = isinstance(word, str) and 0 < len(word) <= _LONGEST
    return plain and all(char.isascii() and (char.isalnum() or char == "-") for char in str(word))


def shown(path: str) -> str:
    """Return a path as people write it."""
    home = paths.home()
    for above in (home, os.path.realpath(home)):
        if path.startswith(above + "/"):
            return clean("~" + path[len(above) :])
    return clean(path)


def _refused(path: str, why: str, hint: str) -> CtlError:
    return CtlError(f"{shown(path)} {why}.", hint, REFUSED)
