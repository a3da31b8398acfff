"""Which STS do not know GetScopedCredentials: each is asked again only after a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xacct import errors

if TYPE_CHECKING:
    from collections.abc import Callable

    from xacct.model import StsTarget

AGAIN = 3600.0
"""Seconds after which an STS is asked again: partitions get new calls, and daemons run for weeks."""


class Unscoping:
    """What such an STS has said, by where it is.

    Args:
        boot: the boot clock, in seconds.
    """

    def __init__(self, boot: Callable[[], float]) -> None:
        self._boot = boot
        self._known: dict[tuple[StsTarget, str | None], tuple[float, errors.XacctError]] = {}

    def note(self, target: StsTarget, region: str | None, error: errors.XacctError) -> None:
        """It has said that it does not know the call."""
        # guard: unknown-call-holds-no-credentials
        self._known[target, region] = self._boot() + AGAIN, errors.bare(error)

    def get(self, target: StsTarget, region: str | None) -> errors.XacctError | None:
        """What it has said; None: it may know the call."""
        until, error = self._known.get((target, region), (0.0, None))
        return error if self._boot() < until else None
