"""How far a login of many roles has come, in one line of a terminal that is written over again."""

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from xacct import wire
from xacct.ctl.render import duration, say

MANY: Final = 40
"""Roles up to which each gets a line of its own: as many as are there at once. More would scroll away what counts."""

EVERY: Final = 0.1
"""Seconds between two lines, at least."""

_GUESS: Final = 2.0
"""Seconds after which the time that is left can be guessed at."""


class Progress:
    """Counts the roles that are held, where they are many and a human looks on; else it does nothing.

    Args:
        total: how many roles are wanted.
        monotonic: reads a clock.
    """

    def __init__(self, total: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.active = total > MANY and _looked_at()
        self._total = total
        self._monotonic = monotonic
        self._began = self._drawn = monotonic()
        self._held = self._ended = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if not self.active:
            return
        self._write("")
        left = self._total - self._ended
        if kind is KeyboardInterrupt and self._held:
            say(f"{self._held} of {self._total} roles held; the other {left} are fetched at their first use.")

    def counts(self, event: wire.HeldEvent | wire.FailedEvent) -> bool:
        """Count what a role came to. Returns whether nothing more is to be said of it: failures are told in full."""
        if not self.active:
            return False
        self._ended += 1
        if event["event"] == "failed":
            self._write("")  # what is told stands in its place
            return False
        self._held += 1
        now = self._monotonic()
        if now - self._drawn >= EVERY:
            self._drawn = now
            self._write(self._line(now - self._began))
        return True

    def _line(self, passed: float) -> str:
        line = f"{self._held} of {self._total} roles held"
        if passed < _GUESS:
            return f"{line} ..."
        left = (self._total - self._ended) * passed / self._ended
        return f"{line}, the rest in about {duration(max(1.0, left))} (Ctrl-C: at their first use) ..."

    def _write(self, text: str) -> None:
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()


def _looked_at() -> bool:
    """Whether both streams are a terminal: what reads one of them wants each line."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdout, sys.stderr))
