"""What the user has said yes to: a path with just these bytes in it. A change of one of them asks anew."""
# ruff: noqa: PTH108, PTH118, PTH208 - see paths.py

from __future__ import annotations

import os

from xacct import fileio, paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

_MOST: Final = 8192
"""Bytes of a record: a path has 4096 at most."""


def mark(path: str, content: bytes) -> str:
    """Return what tells this file with these bytes from every other."""
    import hashlib  # noqa: PLC0415 - of use where there is such a file

    return hashlib.sha256(os.fsencode(path) + b"\0" + content).hexdigest()  # guard: trust-is-of-bytes


def is_trusted(path: str, content: bytes) -> bool:
    """Say whether the user has trusted this file with these bytes."""
    return _path_of(mark(path, content)) == path  # guard: trust-is-of-this-path


def add(path: str, content: bytes) -> None:
    """Trust it; what was trusted of it before is forgotten.

    Raises:
        OSError: that can't be written.
        UnusableError: the directory of such records is somebody else's.
    """
    paths.make_private(paths.state_dir())
    paths.make_private(_directory())
    forget(path)
    fileio.write_private(os.path.join(_directory(), mark(path, content)), os.fsencode(path))


def forget(path: str) -> bool:
    """Trust it no more, whatever is in it. Returns whether it was trusted.

    Raises:
        OSError: that can't be written.
    """
    found = [name for name, of in _records() if of == path]
    for name in found:
        os.unlink(os.path.join(_directory(), name))
    return bool(found)


def trusted() -> list[str]:
    """Return the paths of what is trusted."""
    return sorted({path for _, path in _records()})


def _records() -> Iterator[tuple[str, str]]:
    try:
        names = os.listdir(_directory())
    except OSError:
        return
    for name in names:
        if (path := _path_of(name)) is not None:
            yield name, path


def _path_of(name: str) -> str | None:
    try:
        return os.fsdecode(fileio.read(os.path.join(_directory(), name), _MOST, follow=False, owner=os.geteuid()))
    except OSError:
        return None


def _directory() -> str:
    return f"{paths.state_dir()}/trusted"
