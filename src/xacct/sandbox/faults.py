"""Faults on demand: what makes the next calls fail, slow down or run on a wrong clock."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

# Where each kind strikes: before authentication (one answer at most), or during it.
FAILING: Final = ("throttling", "500", "503", "reset")
KINDS: Final = (*FAILING, "delay", "skew", "invalid-key", "expired-token")
SERVICES: Final = ("sts", "iam", "sso-oidc", "sso", "signin")


@dataclass(slots=True)
class Fault:
    """One fault in force.

    Attributes:
        kind: One of `KINDS`.
        calls: How many calls it strikes still; None for no such limit.
        until: When it ends, Unix seconds; None for no such limit.
        delay: Seconds a call waits (kind delay), or that the portal's Retry-After names (kind throttling).
        skew: Seconds the service's clock is ahead; negative for behind (kind skew).
        service: One of `SERVICES`, whose calls it strikes.
    """

    kind: str
    calls: int | None
    until: float | None
    delay: float = 0.0
    skew: float = 0.0
    service: str = "sts"


class Faults:
    """The faults in force, oldest first. The clock returns Unix seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._faults: list[Fault] = []

    def add(
        self,
        kind: str,
        *,
        calls: int | None = None,
        seconds: float | None = None,
        delay: float = 0.0,
        skew: float = 0.0,
        service: str = "sts",
    ) -> Fault:
        """Put a fault in force for so many calls, or so many seconds, or one call if neither.

        Given both, it ends with whichever comes first.

        Raises:
            ValueError: For an unknown kind or a nonsense number, with a sentence to show.
        """
        if kind not in KINDS:
            raise ValueError(f"Unknown fault kind {kind!r}. Use one of: {', '.join(KINDS)}.")
        if service not in SERVICES:
            raise ValueError(f"Unknown service {service!r}. Use one of: {', '.join(SERVICES)}.")
        if calls is not None and calls < 1:
            raise ValueError("calls must be a whole number above 0.")
        if seconds is not None and not 0 < seconds < math.inf:
            raise ValueError("seconds must be a number above 0.")
        if not 0 <= delay < math.inf or not math.isfinite(skew):
            raise ValueError("delay must be 0 or more seconds, skew a number of seconds.")
        if calls is None and seconds is None:
            calls = 1
        until = None if seconds is None else self._clock() + seconds
        fault = Fault(kind, calls, until, delay, skew, service)
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """End all faults."""
        self._faults.clear()

    def take(self, *kinds: str, service: str = "sts") -> Fault | None:
        """Return a service's oldest fault of these kinds and count one call against it; None if none."""
        now = self._clock()
        self._faults = [f for f in self._faults if f.until is None or now < f.until]
        fault = next((f for f in self._faults if f.kind in kinds and f.service == service), None)
        if fault is not None and fault.calls is not None:
            fault.calls -= 1
            if fault.calls == 0:
                self._faults.remove(fault)
        return fault
