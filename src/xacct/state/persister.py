"""Keeps the state where it outlives the process: at each change, before anybody can be told of it.

So what was locked or logged out a moment before a kill stays so, and what somebody was given is there afterwards.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from xacct.credentials.events import Changed
from xacct.state import codec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from xacct import errors
    from xacct.credentials.keeper import Keeper
    from xacct.credentials.snapshot_values import Snapshot


class StateBackend(Protocol):
    """Something that outlives the process and keeps its state. Never raises.

    Attributes:
        problem: what people should know of it.
    """

    @property
    def problem(self) -> errors.XacctError | None:
        """What is in the way of keeping it."""

    def save(self, state: bytearray, *, empty: bool) -> None:
        """Keep these bytes from now on, instead of those before.

        Args:
            state: the bytes; the buffer is used again afterwards.
            empty: whether there are no credentials in them.
        """

    def take_back(self, *, everything: bool) -> None:
        """Rights were taken back: what is kept must not bring them back, though nothing be saved any more.

        Args:
            everything: whether all was logged out of.
        """

    def close(self) -> None:
        """Let go of it."""


class StatePersister:
    """Takes a keeper's state to its backends.

    Args:
        boot_id: which boot of the machine this is.
        version: ours.
        files: tells which AWS files the roles are of.
        grants: gives those in force.
        late: gives what is kept for roles whose files can't be read yet.
    """

    def __init__(
        self,
        keeper: Keeper,
        boot_id: str,
        version: str,
        backends: Iterable[StateBackend] = (),
        files: Callable[[], codec.FilesSnapshot] = codec.FilesSnapshot,
        grants: Callable[[], list[dict[str, Any]] | None] = lambda: None,
        late: Callable[[], Snapshot | None] = lambda: None,
    ) -> None:
        self._grants = grants
        self.backends = list(backends)
        self._keeper = keeper
        self._boot_id = boot_id
        self._version = version
        self._files = files
        self._late = late
        self._buffer = bytearray()
        self._started = False
        self._frozen = False

    def start(self) -> None:
        """Keep the state from now on. Until then what an earlier daemon kept is not overwritten."""
        self._started = True
        self._keeper.events.call(Changed, lambda _: self.save())  # guard: restart-change-is-kept-at-once
        self.save()

    def freeze(self) -> None:
        """Keep nothing for now: a successor may be at it."""
        self._frozen = True

    def thaw(self) -> None:
        """Keep the state again."""
        self._frozen = False
        self.save()

    def save(self) -> None:
        """Keep the state as it is now."""
        if self._started and self.backends and not self._frozen:  # guard: hand-over-nothing-is-kept-by-two
            with self.taken() as (state, empty):
                for backend in self.backends:
                    backend.save(state, empty=empty)

    def take_back(self, *, everything: bool) -> None:
        """Rights were taken back: let nothing that is kept bring them back, from now on.

        Args:
            everything: whether all was logged out of.
        """
        for backend in self.backends:
            backend.take_back(everything=everything)
        self.save()

    @contextmanager
    def taken(self) -> Iterator[tuple[bytearray, bool]]:
        """The state as it is now, in a buffer that is overwritten afterwards, and whether no credentials are in it."""
        empty = not codec.take(
            self._keeper, self._boot_id, self._version, self._buffer, self._files(), self._grants(), self._late()
        )
        try:
            yield self._buffer, empty
        finally:
            self._buffer[:] = bytes(len(self._buffer))

    def problems(self) -> list[errors.XacctError]:
        """What people should know of."""
        return [backend.problem for backend in self.backends if backend.problem is not None]

    def close(self) -> None:
        """Keep nothing any more; what is kept stays."""
        backends, self.backends = self.backends, []
        for backend in backends:
            backend.close()
