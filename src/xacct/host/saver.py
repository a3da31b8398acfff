"""Writing what changes often, off the event loop: one write at a time, and only the newest of those that wait."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from xacct.host.threads import run_in_daemon_thread

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 5.0
"""Seconds that anybody waits for the disk: one that hangs must hang nobody else."""

AT_THE_END = 2.0


class Saver:
    """Runs pieces of work in a thread; each is to make the one before it superfluous, and to raise nothing."""

    def __init__(self) -> None:
        self._newest: Callable[[], None] | None = None
        self._running: asyncio.Future[None] | None = None
        self._alone = threading.Lock()

    def put(self, work: Callable[[], None]) -> None:
        """Do this soon, instead of what has not begun yet. Without an event loop: do it now."""
        self._newest = work
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            self.flush()
            return
        if self._running is None or self._running.done():
            self._begin()

    def _begin(self) -> None:
        self._running = run_in_daemon_thread(self._work)
        # What was put while a thread had looked for the last time, and had not said so, waits for nobody else.
        self._running.add_done_callback(lambda _: self._again())  # guard: what-came-as-a-write-ended-is-written

    def _again(self) -> None:
        if self._newest is not None and self._running is not None and self._running.done():
            self._begin()

    async def settled(self) -> None:
        """Wait until all is done that was put, or for PATIENCE."""
        try:
            async with asyncio.timeout(PATIENCE):  # guard: disk-that-hangs-hangs-nobody
                while self._running is not None and not (self._running.done() and self._newest is None):
                    if self._running.done():
                        self._begin()
                    await asyncio.shield(self._running)
        except TimeoutError:
            return

    def flush(self) -> None:
        """Do here and now what was put and is not done, unless a write that hangs is in the way: for the end."""
        if self._alone.acquire(timeout=AT_THE_END):
            try:
                self._do()
            finally:
                self._alone.release()

    def _work(self) -> None:
        while self._newest is not None:
            with self._alone:
                self._do()

    def _do(self) -> None:
        work, self._newest = self._newest, None
        if work is not None:
            work()
