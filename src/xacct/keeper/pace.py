"""The pace of calls to STS: never more than so many in any second, whatever wakes up at once."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

CALLS = 10
PER = 1.0
"""Seconds. STS throttles per account and region; ten a second leaves room for everything else there."""


class Pace:
    """A sliding window: `turn` returns once a call may start. `boot` reads the boot-time clock."""

    def __init__(self, boot: Callable[[], float], calls: int = CALLS, per: float = PER) -> None:
        self._boot = boot
        self._per = per
        self._starts: deque[float] = deque(maxlen=calls)
        self._queue = asyncio.Lock()

    def room(self) -> int:
        """How many calls could start at once."""
        if self._queue.locked():
            return 0
        recent = self._boot() - self._per
        return (self._starts.maxlen or 0) - sum(start > recent for start in self._starts)

    async def turn(self) -> None:
        """Wait for a place in the window, first come first served."""
        async with self._queue:
            while (wait := self._wait()) > 0:  # noqa: ASYNC110 - it waits for time, not for an event
                await asyncio.sleep(wait)
            self._starts.append(self._boot())

    def _wait(self) -> float:
        if len(self._starts) < (self._starts.maxlen or 0):
            return 0.0
        return self._starts[0] + self._per - self._boot()
