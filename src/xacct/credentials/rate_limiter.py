"""The pace of calls to STS: a token bucket. Where it is empty, whoever somebody waits for goes before a bulk.

Each waits with a rank, looked at anew whenever a call may start; the lowest goes first, and of equals the one that has
waited longest. So bulks share: the n-th role of one waits with the n-th of another, and the first of any at once.
"""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

BURST = 40
"""Calls that may start at once. Our choice: as many roles as people have are there within a second of a login."""

PER_SECOND = 10.0
"""Calls a second after that: our choice. STS takes 600 a second of an account in a Region (IAM User Guide, IAM and AWS
STS quotas); that is for everything else in the account, too."""

RESERVE = 10
"""Calls that renewals ahead of time leave to those whom somebody waits for. Our choice: a quarter of BURST."""


def _first() -> int:
    return 0


@dataclass(eq=False)
class _Waiting:
    rank: Callable[[], int]
    number: int
    turn: asyncio.Future[None]


class RateLimiter:
    """A token bucket: `turn` returns once a call may start.

    Args:
        boot: reads the boot-time clock.
    """

    def __init__(self, boot: Callable[[], float], burst: int = BURST, per_second: float = PER_SECOND) -> None:
        self._boot = boot
        self._burst = burst
        self._per_second = per_second
        self._tokens = float(burst)
        self._counted = boot()
        self._numbers = itertools.count()
        self._waiting: list[_Waiting] = []
        self._timer: asyncio.TimerHandle | None = None

    def available(self) -> int:
        """How many renewals ahead of time could start at once."""
        self._refill()
        return 0 if self._waiting else max(0, int(self._tokens) - RESERVE)

    async def turn(self, rank: Callable[[], int] = _first) -> None:
        """Wait until a call may start.

        Args:
            rank: the lower, the sooner.
        """
        mine = _Waiting(rank, next(self._numbers), asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        self._give()
        try:
            await mine.turn
        except asyncio.CancelledError:
            if mine in self._waiting:
                self._waiting.remove(mine)
            elif not mine.turn.cancelled():
                self._tokens += 1  # it was given a turn that it does not take
            self._give()
            raise

    def _give(self) -> None:
        """Let go whoever may go now; come back when the next one may."""
        self._refill()
        while self._waiting and self._tokens >= 1:  # guard: sts-is-asked-at-pace
            self._tokens -= 1
            chosen = min(self._waiting, key=lambda waiting: (waiting.rank(), waiting.number))
            self._waiting.remove(chosen)
            chosen.turn.set_result(None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            wait = (1 - self._tokens) / self._per_second
            self._timer = asyncio.get_running_loop().call_later(wait + 0.001, self._give)

    def _refill(self) -> None:
        boot = self._boot()
        self._tokens = min(self._burst, self._tokens + max(0.0, boot - self._counted) * self._per_second)
        self._counted = boot
