"""Whether the files a process was started from are still those: an upgrade goes on running the old ones."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Stamp = frozenset[tuple[str, int, int]]


class CodeStamp:
    """The Python files below a directory, as they were when this was made: their names, times and sizes."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._at_start = _stamp(directory)
        self._changed = False

    def changed(self) -> bool:
        """Whether any has been changed, added or removed since. Looks at each (2 ms)."""
        self._changed = _stamp(self.directory) != self._at_start
        return self._changed

    def found_changed(self) -> bool:
        """What the last look found: for whoever asks often."""
        return self._changed


def _stamp(directory: Path) -> Stamp:
    return frozenset(_files(str(directory)))


def _files(directory: str) -> Iterator[tuple[str, int, int]]:
    """Yield each file. By scandir, which the kernel answers for a whole directory: this is a part of each start."""
    try:
        with os.scandir(directory) as found:
            entries = list(found)
    except OSError:
        return
    for entry in entries:
        try:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(entry.path)
            elif entry.name.endswith(".py"):
                status = entry.stat()
                yield entry.path, status.st_mtime_ns, status.st_size
        except OSError:
            continue  # removed between the two looks: the next one will not find it
