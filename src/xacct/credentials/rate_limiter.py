"""The pace of calls to STS: a token bucket. Where it is empty, whoever somebody waits for goes before a bulk.

Each call waits with a place, looked at anew whenever one may start, since somebody may have come who waits for it, or
nobody may be left who does:

    URGENT           a human or an SDK waits for just this, or it is the first role of a bulk: in the order of arrival
    Bulk.place(n)    the rest of a bulk: bulks take turns, however long each is (start-time fair queueing), and a bulk
                     that comes later starts where the others are
    AHEAD            renewed ahead of its end: whatever is over
    NOBODY           whoever waited has gone: it leaves the queue, and STS is not asked
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
"""Calls a second after that: our choice. STS has a quota of an account in a Region (IAM User Guide, "IAM and AWS STS
quotas"; users report 600 a second, which we have not read there), and that is for everything else in the account, too.
How many may come at one instant we found documented nowhere."""

RESERVE = 10
"""Calls that renewals ahead of time leave to those whom somebody waits for. Our choice: a quarter of BURST."""

SLOWEST = 1.0
"""Calls a second that are left however often STS asks to slow down."""

RECOVERY = 60.0
"""Seconds in which a pace of next to nothing grows back to PER_SECOND, if STS does not ask again. Our choice."""

ONE_ANSWER = 1.0
"""Seconds in which several requests of STS's to slow down count as one: their calls were under way together."""


class Bulk:
    """Several roles that are asked for at once.

    Attributes:
        turns: what it has had, counted from where the others were when it came.
    """

    def __init__(self) -> None:
        self.turns = 0

    def place(self, number: int) -> Place:
        """The place of one of its roles; the first is 0, and goes at once."""
        return Place(_OF_A_BULK, self, number) if number > 0 else URGENT  # guard: first-of-bulk-goes-at-once


@dataclass(frozen=True, slots=True, order=False)
class Place:
    """How much one call is wanted. `better` compares two."""

    kind: int
    bulk: Bulk | None = None
    number: int = 0

    def better(self, other: Place) -> Place:
        """The better one of the two; of two bulks' the nearer to the front."""
        return min(self, other, key=lambda place: (place.kind, place.number))


_URGENT, _OF_A_BULK, _AHEAD, _NOBODY = range(4)
URGENT, AHEAD, NOBODY = Place(_URGENT), Place(_AHEAD), Place(_NOBODY)


def urgent() -> Place:
    """The place of what is urgent whatever happens: a call with a code in it, say."""
    return URGENT


class NobodyWaits(Exception):
    """A call that nobody waits for any more has left the queue."""


@dataclass(eq=False, slots=True)
class _Waiting:
    place: Callable[[], Place]
    number: int
    turn: asyncio.Future[None]


class RateLimiter:
    """A token bucket: `turn` returns once a call may start.

    Args:
        boot: reads the boot-time clock.
        burst: calls that may start at once.
        per_second: calls a second after that.
    """

    def __init__(self, boot: Callable[[], float], burst: int = BURST, per_second: float = PER_SECOND) -> None:
        self._boot = boot
        self._burst = burst
        self._full_pace = self._pace = per_second
        self._tokens = float(burst)
        self._counted = boot()
        self._slowed = float("-inf")
        self._numbers = itertools.count()
        self._waiting: list[_Waiting] = []
        self._timer: asyncio.TimerHandle | None = None
        self._breath: asyncio.Handle | None = None
        self._turns = 0
        """The turns of the bulk that had the last one: where a bulk starts that comes now."""

    def __len__(self) -> int:
        """How many calls wait."""
        return len(self._waiting)

    def available(self) -> int:
        """How many renewals ahead of time could start at once."""
        self._refill()
        # Where STS has asked to slow down there is less of everything: what is left over is not all for others.
        # guard: slowed-down-renewals-have-their-share
        reserve = RESERVE * min(1.0, self._pace / self._full_pace)
        return 0 if self._waiting else max(0, int(self._tokens - reserve))

    async def turn(self, place: Callable[[], Place] = urgent) -> None:
        """Wait until a call may start.

        Args:
            place: gives the call's place now.

        Raises:
            NobodyWaits: nobody wants it any more.
        """
        mine = _Waiting(place, next(self._numbers), asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        self._give()
        try:
            await mine.turn
        except asyncio.CancelledError:
            if mine in self._waiting:
                self._waiting.remove(mine)
            elif not mine.turn.cancelled() and mine.turn.exception() is None:
                self._tokens += 1  # it was given a turn that it does not take
            self._give()
            raise

    def slow_down(self) -> None:
        """STS has asked to: begin nothing now, and go on at half the pace, which grows again by and by."""
        self._refill()
        boot = self._boot()
        self._tokens = 0.0
        if boot - self._slowed >= ONE_ANSWER:
            self._slowed = boot
            self._pace = max(SLOWEST, self._pace / 2)  # guard: sts-that-asks-to-slow-down-is-heard
        self._give()

    def _give(self) -> None:
        """Let go one who may go now; come back when the next one may.

        Of a burst one goes in each round of the loop: to make and sign a request takes some milliseconds, and with
        forty in one round everybody's fetch would wait for all of them.
        """
        if self._breath is not None:
            return
        self._refill()
        if self._waiting and self._tokens >= 1:  # guard: sts-is-asked-at-pace
            chosen = self._choose()
            if chosen is not None:
                self._tokens -= 1
                self._waiting.remove(chosen)
                chosen.turn.set_result(None)
                self._breath = asyncio.get_running_loop().call_soon(self._go_on)
                return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            wait = (1 - self._tokens) / self._pace
            self._timer = asyncio.get_running_loop().call_later(wait + 0.001, self._give)

    def _go_on(self) -> None:
        """Another round of the loop has begun."""
        self._breath = None
        self._give()

    def _choose(self) -> _Waiting | None:
        """Who is next. Calls that nobody waits for leave the queue."""
        there = []
        for waiting in self._waiting:
            if waiting.turn.done():  # cancelled, and not yet gone
                continue
            place = waiting.place()
            if place.kind == _NOBODY:  # guard: who-gives-up-holds-no-place
                waiting.turn.set_exception(NobodyWaits())
            else:
                there.append((waiting, place))
        self._waiting = [waiting for waiting, _ in there]
        if not there:
            return None
        chosen, place = min(there, key=lambda each: self._order(*each))
        if place.bulk is not None:
            self._turns = max(self._turns, place.bulk.turns)
            place.bulk.turns = self._turns + 1  # guard: bulks-share
        return chosen

    def _order(self, waiting: _Waiting, place: Place) -> tuple[int, int, int, int]:
        turns = 0 if place.bulk is None else max(self._turns, place.bulk.turns)
        return place.kind, turns, place.number, waiting.number

    def _refill(self) -> None:
        boot = self._boot()
        passed = max(0.0, boot - self._counted)
        self._counted = boot
        grown = min(self._full_pace, self._pace + passed * self._full_pace / RECOVERY)
        # Where STS has asked to slow down, the bucket is smaller as well.
        most = max(1.0, self._burst * grown / self._full_pace)
        self._tokens = min(most, self._tokens + passed * (self._pace + grown) / 2)
        self._pace = grown
