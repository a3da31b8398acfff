"""Reading the configuration where it holds up nobody: in a thread, one at a time, the latest for all who wait."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xacct import errors
from xacct.host.threads import run_in_daemon_thread

if TYPE_CHECKING:
    from collections.abc import Callable

    from xacct.awsfiles import Files

PATIENCE = 5.0
"""Seconds that a request waits for a reading. Our choice: xacctctl waits longer, and no local disk takes as long."""


@dataclass(slots=True)
class Wanted:
    """What the next reading is to look at beside what has changed.

    Attributes:
        files: those of requests.
        everything: whether all is read anew.
    """

    files: set[Files] = field(default_factory=set)
    everything: bool = False


class Reader:
    """Reads.

    Args:
        read: reads in a thread, changes nothing in force, and returns what has it in force; that is called on the loop.
    """

    def __init__(self, read: Callable[[Wanted], Callable[[], None]]) -> None:
        self._read = read
        self._wanted = Wanted()
        self._now: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None
        self._late = False

    def soon(self, files: Files | None = None, *, everything: bool = False) -> asyncio.Task[None]:
        """Have it read from now on: the task ends when a reading that has begun after this call is in force."""
        if files is not None:
            self._wanted.files.add(files)
        self._wanted.everything |= everything
        if self._next is None:
            self._next = asyncio.get_running_loop().create_task(self._go())
        return self._next

    async def in_time(self, files: Files | None = None, *, everything: bool = False) -> bool:
        """Have it read, and wait for that; false if it takes longer than PATIENCE: then it goes on by itself."""
        reading = self.soon(files, everything=everything)
        await asyncio.wait({reading}, timeout=PATIENCE)
        self._late = not reading.done()
        if reading.done():
            reading.result()
        return not self._late

    def problems(self) -> list[errors.XacctError]:
        """That a reading takes long."""
        if not self._late or self._now is None:
            return []
        return [
            errors.Temporary(
                "Reading the AWS files or config.toml takes long; what was read before is in force.",
                "Are they on a slow or lost network drive?",
            )
        ]

    async def _go(self) -> None:
        while self._now is not None:
            await asyncio.wait({self._now})
        self._now, self._next = asyncio.current_task(), None
        wanted, self._wanted = self._wanted, Wanted()
        try:
            take = await run_in_daemon_thread(lambda: self._read(wanted))
            take()
        finally:
            self._now = None
