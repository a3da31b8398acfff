"""What a role is called among the roles of several catalogues: sets of AWS's files that may have the same names.

The daemon's own files are the catalogue without an id, and its roles go by their profiles' names. A role of other files
has a key: its profile's name, a `#`, and the catalogue's id. No profile may have such a name (`is_key`), so that a key
is never taken for one.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xacct.awsfiles import Files

OWN = ""
"""The id of the daemon's own files."""

_KEY = re.compile(r"(?P<name>.*)#(?P<id>(?:[a-z0-9_.]{1,20}-)?[0-9a-f]{8})", re.DOTALL)
_SAYS_NOTHING = re.compile(r"(?:\.?aws|\.?config|credentials|\.?|home)(?:\.\w+)?", re.IGNORECASE)


def id_of(files: Files) -> str:
    """The id of these files (resolved): a word of the config file's path for people, and a digest of all three paths.

    The same files have the same id in every daemon: grants and kept state name it.
    """
    # guard: another-home-is-another-set-of-files
    digest = sha256("\0".join(files).encode("utf-8", "surrogateescape")).hexdigest()[:8]
    parts = [part for part in files.config.split("/") if not _SAYS_NOTHING.fullmatch(part)]
    word = re.sub(r"[^a-z0-9_.]+", "_", parts[-1].lower()).strip("_.")[:20] if parts else ""
    return f"{word}-{digest}" if word else digest


def key(name: str, catalogue: str) -> str:
    """What a role of that catalogue is called among all roles."""
    return f"{name}#{catalogue}" if catalogue else name


def split(name: str) -> tuple[str, str]:
    """A role's name in its files, and its catalogue's id."""
    found = _KEY.fullmatch(name) if "#" in name else None  # most have none, and there may be thousands
    return (found["name"], found["id"]) if found else (name, OWN)


def is_key(name: str) -> bool:
    """Whether a name looks like a key: then no profile may have it."""
    return _KEY.fullmatch(name) is not None
