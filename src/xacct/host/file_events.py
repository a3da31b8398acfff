"""Being told which directories' files have changed: inotify on Linux. Elsewhere whoever asks has to look."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable

_CLOSE_WRITE, _MOVED_TO, _CREATE, _DELETE = 0x8, 0x80, 0x100, 0x200
_MASK = _CLOSE_WRITE | _MOVED_TO | _CREATE | _DELETE
"""Events of inotify(7), linux/inotify.h. A file that is being written is of no interest until it is closed."""

_FLAGS = os.O_NONBLOCK | os.O_CLOEXEC
_BUFFER = 65536


class FileEvents:
    """Calls `changed` when files in one of some directories have been written, moved there, made or removed."""

    def __init__(self, loop: asyncio.AbstractEventLoop, changed: Callable[[], None]) -> None:
        self._loop = loop
        self._changed = changed
        self._watched: dict[str, int] = {}
        self._library = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._library.inotify_init1(_FLAGS) if sys.platform == "linux" else -1
        if self._descriptor >= 0:
            loop.add_reader(self._descriptor, self._heard)

    @property
    def works(self) -> bool:
        """Whether this machine tells."""
        return self._descriptor >= 0

    def watch(self, directories: Iterable[str]) -> None:
        """Watch these directories and no others; those that can't be watched are left out."""
        if not self.works:
            return
        wanted = {
            path: self._library.inotify_add_watch(self._descriptor, os.fsencode(path), _MASK) for path in directories
        }
        for watch in {*self._watched.values()} - {*wanted.values()}:
            self._library.inotify_rm_watch(self._descriptor, watch)
        self._watched = {path: watch for path, watch in wanted.items() if watch >= 0}

    def close(self) -> None:
        """Watch nothing any more."""
        if self.works:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1

    def _heard(self) -> None:
        try:
            while os.read(self._descriptor, _BUFFER):
                pass
        except BlockingIOError:
            self._changed()
