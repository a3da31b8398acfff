"""Somebody who reads the audit, and goes on as long as something is written."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xacct import wire
    from xacct.audit.reader import Read, Reader


class Follower:
    """Reads in threads, and never while somebody writes.

    Args:
        reader: reads the audit's files.
        writing: held while somebody writes.
        most: lines of a full disk that are kept.

    Attributes:
        changed: something may have been written since this was last cleared.
        unwritten: lines that a full disk did not take, the newest of them.
    """

    def __init__(self, reader: Reader, writing: asyncio.Lock, most: int) -> None:
        self._reader = reader
        self._writing = writing
        self.changed = asyncio.Event()
        self.unwritten: deque[wire.AuditLine] = deque(maxlen=most)

    async def some(self, number: int) -> list[Read]:
        """The next lines, up to `number`; empty: there are no more now."""
        async with self._writing:
            return await asyncio.to_thread(self._reader.some, number)

    @property
    def cursor(self) -> str:
        """Where the last line ends that was read."""
        return self._reader.cursor
