"""Which roles are picked most often: a count for each in the state directory, which holds no secret and may be lost."""

from __future__ import annotations

import json

from xacct import fileio, paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final

    from xacct import wire

_FILE: Final = "picked.json"
_MOST: Final = 1000
"""Roles that are counted: those picked least are forgotten."""

_COUNTED: Final = 1_000_000_000
_LARGEST: Final = 256 * 1024


def ordered(rows: Sequence[wire.RoleStatus]) -> list[wire.RoleStatus]:
    """Return roles, those that were picked most often first, then those that were used last, then as they came."""
    counts = read()
    return sorted(rows, key=lambda row: (-counts.get(row["name"], 0), -(row["last_used"] or 0)))


def read() -> dict[str, int]:
    """Return how often each role was picked; a file that can't be read says nothing."""
    try:
        said = json.loads(fileio.read(_path(), _LARGEST))
    except (OSError, ValueError):
        return {}
    if not isinstance(said, dict):
        return {}
    return {name: count for name, count in said.items() if isinstance(count, int) and 0 < count < _COUNTED}


def note(names: Sequence[str]) -> None:
    """Count that these were picked. That it can't be written down is nobody's trouble."""
    counts = read()
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    most = sorted(counts.items(), key=lambda item: -item[1])[:_MOST]
    try:
        paths.make_private(paths.state_dir())
        fileio.write_private(_path(), json.dumps(dict(most)).encode())
    except (OSError, paths.UnusableError):
        return


def _path() -> str:
    return f"{paths.state_dir()}/{_FILE}"
