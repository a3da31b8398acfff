"""What the daemon says of itself, for `xacctctl doctor` and whoever wonders which xacctd this is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xacct import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from xacct import wire
    from xacct.credentials.keeper import Keeper


@dataclass(frozen=True, slots=True)
class About:
    """One daemon: its Python, its code, when it started (Unix seconds), and how it asks people by itself.

    Attributes:
        code_changed: whether the last look has found other files there than it was started from.
        look: looks; takes a while, and is not for the event loop.
        cannot_ask: why ways to ask of `prompts.order` can't be used.
    """

    executable: str
    code: str
    code_changed: Callable[[], bool]
    look: Callable[[], bool]
    started: float
    asks: Callable[[], Sequence[str]]
    cannot_ask: Callable[[], Mapping[str, str]] = dict

    def status(self, keeper: Keeper) -> wire.DaemonStatus:
        """Shape it, with what the keeper's clock has learned."""
        clock = keeper.clock
        return {
            "version": __version__,
            "executable": self.executable,
            "code": self.code,
            "code_changed": self.code_changed(),
            "started": self.started,
            "clock_skew": clock.skew() if clock.told else None,
            "asks": list(self.asks()),
            "cannot_ask": dict(self.cannot_ask()),
        }
