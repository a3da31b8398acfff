"""How many connections a listener takes in, or several listeners together: each has its share of the descriptors.

The shares leave a quarter to the daemon itself (files, AWS, the keychain, children), so that many connections to one
listener take nothing from another or from that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from xacct import errors

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger("xacct.host")

TOLD_FOR = 600.0
"""Seconds for which `status` says that connections were turned away."""


@dataclass(frozen=True, slots=True)
class Share:
    """Of the descriptors that we may have, this part; within these limits."""

    part: float
    least: int
    most: int

    def of(self, descriptors: int) -> int:
        """Return the number of connections."""
        return max(self.least, min(self.most, int(descriptors * self.part)))


ENDPOINT = Share(3 / 8, 16, 2000)
CONTROL = Share(1 / 8, 16, 500)
CONTAINERS = Share(1 / 8, 8, 500)
IMDS = Share(1 / 8, 8, 500)
"""Our choice: three quarters together. Containers and IMDS are one share each, however many listeners there are."""


@dataclass(slots=True)
class Seats:
    """The connections that one share may have at once.

    Args:
        where: what stands behind "All N places at" in a sentence.
        most: how many.
        now: reads the boot-time clock.
        hint: how to find who has them.
    """

    where: str
    most: int
    now: Callable[[], float]
    hint: str = "Who has them: ss -tnp"
    taken: int = 0
    _full_at: float | None = field(default=None, init=False)

    def take(self) -> bool:
        """Count one connection more; false if there may be none, which `problems` tells for a while."""
        if self.taken >= self.most:  # guard: bounded-number-of-connections
            if self._full_at is None:
                log.warning("all places taken", at=self.where, connections=self.most)
            self._full_at = self.now()
            return False
        self.taken += 1
        return True

    def leave(self) -> None:
        """Count one connection less."""
        self.taken -= 1

    def problems(self) -> list[errors.XacctError]:
        """That somebody was turned away lately."""
        if self._full_at is None or self.now() - self._full_at > TOLD_FOR:
            return []
        told = f"All {self.most} places at {self.where} were taken a while ago; some were turned away."
        return [errors.Temporary(told, self.hint)]
