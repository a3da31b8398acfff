"""How far a login of many roles has come, in one line of a terminal that is written over again."""

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from xacct import wire
from xacct.ctl.render import columns, duration
from xacct.text import cut

MANY: Final = 40
"""Roles up to which each gets a line of its own: as many as are there at once. More would scroll away what counts."""

EVERY: Final = 0.1
"""Seconds between two lines, at least."""

_WIDE: Final = 80
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
        self.clear()

    def clear(self) -> None:
        """Take the line away: something is about to be told in its place."""
        if self.active:
            self._write("")

    def counts(self, event: wire.HeldEvent | wire.FailedEvent) -> None:
        """Count what a role came to."""
        if not self.active:
            return
        self._ended += 1
        self._held += event["event"] != "failed"
        now = self._monotonic()
        if now - self._drawn >= EVERY:
            self._drawn = now
            self._write(self._line(now - self._began))

    def _line(self, passed: float) -> str:
        failed = self._ended - self._held
        line = f"{self._held} of {self._total} roles held" + (f", {failed} failed" if failed else "")
        if passed < _GUESS:
            return f"{line} ..."
        left = (self._total - self._ended) * passed / self._ended
        return f"{line}, the rest in about {duration(max(1.0, left))} (Ctrl-C: at their first use) ..."

    def _write(self, text: str) -> None:
        sys.stderr.write(f"\r\x1b[K{cut(text, (columns() or _WIDE) - 1)}")
        sys.stderr.flush()


def _looked_at() -> bool:
    """Whether both streams are a terminal: what reads one of them wants each line."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdout, sys.stderr))
