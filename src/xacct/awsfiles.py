"""Where AWS's tools find their two files, and how a request to xacctd names them. Standard library only.

Both ends import it: xacctctl says which files its shell means, xacctd knows its own by the same rules. Strings, not
Path objects, for the reason that places.py gives.
"""
# ruff: noqa: PTH109, PTH111, PTH118 - see places.py

import os
import re
from collections.abc import Mapping
from typing import Final, NamedTuple

CONFIG: Final = "AWS_CONFIG_FILE"
CREDENTIALS: Final = "AWS_SHARED_CREDENTIALS_FILE"

_VARIABLE: Final = re.compile(r"\$(?:(\w+)|\{([^}]*)\})", re.ASCII)
_PLAIN: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")
_PARTS: Final = 3
_OF_A_PROCESS: Final = ("/proc/", "/dev/")
"""What lies here is another thing for each process."""


class Files(NamedTuple):
    """AWS's files as one shell means them: absolute paths.

    `home`: its HOME, which is what `~` is to the programs that a credential_process names.
    """

    config: str
    credentials: str
    home: str

    def environ(self) -> dict[str, str]:
        """Return the variables by which AWS's tools find these files."""
        return {CONFIG: self.config, CREDENTIALS: self.credentials, "HOME": self.home}


def named(environ: Mapping[str, str], directory: str) -> Files:
    """Return the files that AWS's tools read in this environment.

    As botocore takes the two variables: first `$VAR`, then `~`, then what is relative from the working `directory`. An
    empty variable counts as none, as it does for most SDKs.
    """
    home = environ.get("HOME") or os.path.expanduser("~")
    return Files(
        _path(environ, CONFIG, "~/.aws/config", home, directory),
        _path(environ, CREDENTIALS, "~/.aws/credentials", home, directory),
        os.path.normpath(os.path.join(directory, home)),
    )


def directory() -> str:
    """Return the working directory; where that is gone, one in which there is nothing."""
    try:
        return os.getcwd()
    except OSError:
        return "/dev/null"


def _path(environ: Mapping[str, str], variable: str, default: str, home: str, directory: str) -> str:
    path = environ.get(variable) or default
    path = _VARIABLE.sub(lambda found: environ.get(found[1] or found[2] or "", found[0]), path)
    if path == "~" or path.startswith("~/"):
        path = home.rstrip("/") + path[1:]
    path = os.path.join(directory, os.path.expanduser(path))
    return os.path.realpath(path) if path.startswith(_OF_A_PROCESS) else path


def resolved(files: Files) -> Files:
    """Return the same without symbolic links, as they lead now."""
    return Files(*map(os.path.realpath, files))


def header(files: Files) -> str:
    """Return the files as a request's header names them: each path percent-encoded, a space between two."""
    return " ".join(
        "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in os.fsencode(path)) for path in files
    )


def of_header(value: str) -> Files:
    """Return the files that a header names.

    Raises:
        ValueError: it is no such header: not three absolute paths, or a path that no file can have, or that is not
            UTF-8 (what is kept and shown of it is text).
    """
    parts = value.split(" ")
    if len(parts) != _PARTS:
        raise ValueError("that is not three paths")
    paths = [_decoded(part) for part in parts]
    if not all(path.startswith("/") and "\0" not in path for path in paths):
        raise ValueError("that is no absolute path")
    return Files(*paths)


def _decoded(part: str) -> str:
    first, *rest = part.encode("ascii").split(b"%")
    out = first
    for piece in rest:
        if not re.fullmatch(rb"[0-9A-Fa-f]{2}", piece[:2]):
            raise ValueError("that is not percent-encoded")
        out += bytes.fromhex(piece[:2].decode()) + piece[2:]
    return out.decode()
