"""The state in the service manager's descriptor store: secret memory, whose descriptor systemd keeps while we restart.

The memory is written in place at each change. Once it is too small, a larger one that holds the state already is stored
under the other of two names, and only then the old one taken out: the store is never without a whole state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import structlog

from xacct import errors
from xacct.state.secretmem import SMALLEST, SecretMemory, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger("xacct.state")

NAMES = ("st-0", "st-1")


class Manager(Protocol):
    """What the service manager does for us."""

    def store(self, name: str, descriptor: int) -> object:
        """Keep a duplicate of this descriptor."""

    def forget(self, name: str) -> object:
        """Let go of what is kept under this name."""


class FdStore:
    """Keeps the state where the next process of the service finds it.

    Args:
        manager: the service manager.
        kept: the memory found in its store at our start, and its name there.
        make: makes secret memory that holds so many bytes.
    """

    def __init__(
        self,
        manager: Manager,
        kept: tuple[str, SecretMemory] | None = None,
        make: Callable[[int], SecretMemory] = SecretMemory.make,
    ) -> None:
        self.problem: errors.XacctError | None = None
        self.kept = kept
        self._manager = manager
        self._make = make

    def save(self, state: bytearray, *, empty: bool = False) -> None:
        """Keep these bytes from now on. Where they don't fit, `problem` says so."""
        del empty  # there may be a lock in them, or who has logged out
        if self.kept is not None and len(state) <= self.kept[1].capacity:
            self.kept[1].write(state)
        else:
            self._move(state)

    def take_back(self, *, everything: bool) -> None:
        """Nothing: what is saved takes the place of what was kept at once."""

    def close(self) -> None:
        """Let go of our own hold on the memory; the manager's goes on."""
        if self.kept is not None:
            self.kept[1].close()
            self.kept = None

    def _move(self, state: bytearray) -> None:
        name, before = self.kept or (NAMES[1], None)
        try:
            larger = self._make(max(SMALLEST, len(state) * 5 // 4))
        except Unavailable as why:
            self._give_up(str(why))
            return
        larger.write(state, before.sequence + 1 if before is not None else 1)
        self.kept = (NAMES[name == NAMES[0]], larger)
        self._manager.store(self.kept[0], larger.descriptor)
        if before is not None:
            self._manager.forget(name)
            before.close()
        self.problem = None

    def _give_up(self, why: str) -> None:
        """An old state must not come back after a restart: it knows nothing of what was logged out since."""
        if self.problem is None:
            log.warning("state not kept", why=why)
        self.problem = errors.StateNotKept(
            f"What is held does not outlive a restart of xacctd: {why}", "Raise `ulimit -l`, or log in again then."
        )
        if self.kept is not None:
            name, memory = self.kept
            self._manager.forget(name)  # guard: restart-old-state-does-not-come-back
            memory.write(b"")
            self.close()
