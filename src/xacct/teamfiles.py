"""A team's catalogue: files of roles that are kept elsewhere, signed as one, and count as they were when trusted.

What may stand in them is said here once, for xacctctl, which trusts them, and for the daemon, which takes them. The
daemon reads the copy that was made when they were trusted, so a change of the files changes nothing by itself.
Standard library only.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from typing import Any, Final

from xacct import fileio, tomlfile
from xacct.text import clean, cut

MANIFEST: Final = "SHA256SUMS"
SIGNATURE: Final = "SHA256SUMS.sig"
MOST_FILES: Final = 200
MOST_BYTES: Final = 4 * 1024 * 1024
"""Of all files together."""

_MOST_KEPT: Final = 3 * MOST_BYTES
"""Bytes of a copy: JSON escapes what is not ASCII."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.(toml|csv)")
_LINE: Final = re.compile(r"([0-9a-f]{64}) [ *](\S+)")

OF_ROLES: Final = (
    "role_arn",
    "external_id",
    "region",
    "duration",
    "mfa_max_age",
    "tags",
    "transitive_tag_keys",
    "policy",
    "policy_arns",
    "confirm",
    "read_only",
    "production",
)
"""What a catalogue may say of a role: which it is, and what narrows it. Not by which keys or devices it is had, by what
name AWS's logs show it, or whom to ask: that is each user's own."""

_OF: Final = {"roles": OF_ROLES, "templates": (*OF_ROLES, "csv", "rows", "name", "account_name")}
_ACCOUNTS: Final = "accounts"


class RefusedError(ValueError):
    """A catalogue, or a file of it, that can't be taken.

    Attributes:
        sentence: says which, and why.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Kept:
    """A catalogue as it was when it was trusted.

    Attributes:
        path: its directory.
        manifest: the digest of its manifest.
        files: the texts, by their names.
    """

    def __init__(self, path: str, manifest: str, files: dict[str, str]) -> None:
        self.path = path
        self.manifest = manifest
        self.files = files

    def written(self) -> bytes:
        """Return the bytes that `kept` reads."""
        return json.dumps({"path": self.path, "manifest": self.manifest, "files": self.files}).encode()


def kept(file: str | os.PathLike[str]) -> Kept | None:
    """Return what was kept of a catalogue; None where it was never trusted, or what there is can't be believed."""
    try:
        said = json.loads(fileio.read(file, _MOST_KEPT, follow=False, null=False, owner=os.geteuid()))
        found = Kept(said["path"], said["manifest"], dict(said["files"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    texts = (found.path, found.manifest, *found.files, *found.files.values())
    return found if all(isinstance(text, str) for text in texts) else None


def digest(content: bytes) -> str:
    """Return the SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def listed(manifest: bytes) -> dict[str, str]:
    """Return the digests that a manifest has, by the files' names.

    Raises:
        RefusedError: it is none, or names what no catalogue has.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(manifest.decode("utf-8", "replace").splitlines(), 1):
        match = _LINE.fullmatch(line)
        if not match or not _NAME.fullmatch(match[2]):  # guard: team-catalogue-has-files-of-its-own-alone
            raise RefusedError(f"{MANIFEST} line {number} is no digest of a .toml or .csv file beside it.")
        if match[2] in found:
            raise RefusedError(f"{MANIFEST} line {number} names {match[2]} once more.")
        found[match[2]] = match[1]
    if not found or len(found) > MOST_FILES:
        raise RefusedError(f"{MANIFEST} names {len(found)} files; a catalogue has 1 to {MOST_FILES}.")
    return found


def said(name: str, text: str) -> dict[str, Any]:
    """Return what a TOML file of a catalogue says.

    Args:
        name: the file's.
        text: what is in it.

    Raises:
        RefusedError: it is no TOML, or says what a catalogue may not; the line.
    """
    try:
        found = tomlfile.parse(text.encode("utf-8", "surrogatepass"))
    except tomlfile.TomlError as error:
        raise RefusedError(f"{name} {error.why}.") from None
    for table, entries in found.items():
        if table != _ACCOUNTS and table not in _OF:
            raise _refused(name, text, (table,))
        if not isinstance(entries, dict):
            raise _refused(name, text, (table,))
        for title, entry in entries.items() if table in _OF else ():
            keys = entry if isinstance(entry, dict) else (None,)
            # guard: team-catalogue-says-roles-alone
            strange = next((key for key in keys if key not in _OF[table]), "")
            if strange != "":
                raise _refused(name, text, (table, title, *(() if strange is None else (strange,))))
    return found


def _refused(name: str, text: str, path: tuple[str, ...]) -> RefusedError:
    line = line_of(text, path)
    where = f"{name} line {line}" if line else name
    return RefusedError(f"{where}: {cut(clean('.'.join(path)), 60)!r} may not stand in a catalogue.")


def line_of(text: str, path: tuple[str, ...]) -> int:
    """Return the number of the line where a TOML file comes to say something; 0 where that can't be told."""
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.split("\n"), 1):
        header = re.match(r"\s*\[{1,2}([^\[\]]+)\]", line)
        if header:
            table = here = _parts(header[1])
        else:
            here = (*table, *_parts(line.partition("=")[0])) if "=" in line else ()
        if here[: len(path)] == path:
            return number
    return 0


def _parts(dotted: str) -> tuple[str, ...]:
    """Return the parts of a name as TOML writes them, none where it is no such name."""
    try:
        found: Any = tomlfile.parse(f"{dotted.strip()} = 0".encode())
    except tomlfile.TomlError:
        return ()
    parts = []
    while isinstance(found, dict) and found:
        [(part, found)] = found.items()
        parts.append(part)
    return tuple(parts)
