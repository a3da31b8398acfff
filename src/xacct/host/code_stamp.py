"""Whether the files a process was started from are still those: an upgrade goes on running the old ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
    found = set()
    for file in directory.rglob("*.py"):
        try:
            status = file.stat()
        except OSError:
            continue  # removed between the two looks: the next one will not find it
        found.add((str(file), status.st_mtime_ns, status.st_size))
    return frozenset(found)
