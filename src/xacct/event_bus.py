"""The one event bus: whoever has something to tell publishes it, whoever wants to know subscribes."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")

BACKLOG = 1000
"""Events that a subscriber may lag behind before it loses the oldest: a stuck terminal must not hold memory."""


class EventBus(Generic[T]):
    """Hands events to all subscribers. Publishing never waits; each subscriber has a queue of its own."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[T]] = set()

    def publish(self, event: T) -> None:
        """Hand `event` to everybody who has subscribed by now."""
        for queue in self._queues:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(event)

    @contextmanager
    def subscribe(self) -> Iterator[asyncio.Queue[T]]:
        """A queue of what happens from now on."""
        queue: asyncio.Queue[T] = asyncio.Queue(BACKLOG)
        self._queues.add(queue)
        try:
            yield queue
        finally:
            self._queues.discard(queue)
