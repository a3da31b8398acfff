"""What the configuration has lost, for a moment: a file that is being saved may be empty when we read it.

A role that is gone is not served, nor renewed, from that instant on. What it held lies here, and is its own again if
the same role (the same in everything that is configured) comes back within KEEP; so does an MFA session. Else it is
let go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xacct import errors
from xacct.model import Role

if TYPE_CHECKING:
    from collections.abc import Callable

    from xacct.keeper.lease import Lease
    from xacct.keeper.node import SessionKey

    Key = Role | SessionKey

KEEP = 60.0
"""Seconds (of the boot clock) for which what is gone can come back: longer than any editor takes to save."""


class Retired:
    """Leases without a place in the tree. `boot` reads the boot-time clock."""

    def __init__(self, boot: Callable[[], float]) -> None:
        self._boot = boot
        self._leases: dict[Key, tuple[float, Lease]] = {}

    def put(self, key: Key, lease: Lease) -> None:
        """Take in a lease that has lost its place."""
        self._leases[key] = (self._boot() + KEEP, lease)

    def take(self, key: Key, parent: Lease | None = None) -> Lease | None:
        """The lease of what has come back; None where there is none, or none that hangs from `parent`."""
        until, lease = self._leases.get(key, (0.0, None))
        if lease is None or lease.parent is not parent or until <= self._boot():
            return None
        del self._leases[key]
        return lease

    def let_go(self) -> None:
        """Let go of what has not come back in time."""
        boot = self._boot()
        for key in [key for key, (until, _) in self._leases.items() if until <= boot]:
            self._leases.pop(key)[1].abandon(errors.UnknownRole("The configuration has that role no more."))

    def clear(self, why: errors.XacctError) -> None:
        """Let go of everything; whoever still waits for it is told `why`."""
        for _, lease in self._leases.values():
            lease.abandon(why)
        self._leases.clear()

    def names(self) -> list[str]:
        """The names of the roles that are here."""
        return [key.name for key in self._leases if isinstance(key, Role)]

    def all(self) -> list[Lease]:
        """Every lease that is here."""
        return [lease for _, lease in self._leases.values()]
