"""The one event bus: whoever has something to tell publishes it, whoever wants to know subscribes."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

BACKLOG = 1000
"""Events that a subscriber may lag behind before it loses the oldest: a stuck terminal must not hold memory."""


class Internal:
    """An event for functions of this process alone: nobody who reads a queue is told of it."""


class EventBus(Generic[T]):
    """Hands events to all subscribers. Publishing never waits."""

    def __init__(self) -> None:
        self._calls: defaultdict[type, list[Callable[[Any], object]]] = defaultdict(list)
        self._queues: set[asyncio.Queue[T]] = set()

    def publish(self, event: T | Internal) -> None:
        """Call the functions that are for such events, then hand it to everybody who has subscribed by now."""
        for function in self._calls[type(event)]:
            function(event)
        if isinstance(event, Internal):
            return
        for queue in self._queues:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(event)

    def call(self, kind: type, function: Callable[[Any], object]) -> None:
        """Have a function called with each event of a kind from now on: at once, before anybody else can be told.

        Args:
            kind: the event's class.
            function: must neither wait nor raise.
        """
        self._calls[kind].append(function)

    @contextmanager
    def subscribe(self) -> Iterator[asyncio.Queue[T]]:
        """A queue of one's own, of what happens from now on."""
        queue: asyncio.Queue[T] = asyncio.Queue(BACKLOG)
        self._queues.add(queue)
        try:
            yield queue
        finally:
            self._queues.discard(queue)
