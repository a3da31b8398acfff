"""One process's share of the connections: a consumer that leaks them must leave some for the others.

Whose a connection is takes a look through every descriptor of every process, so nobody looks before it can matter: as
long as there are no more than MAX_PER_PEER connections, nobody has more. Beyond that all are counted, in a thread and
once in PAUSE; of whoever has more than its share, the newest are closed.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Protocol

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from collections.abc import Set as AbstractSet

    from xacct.endpoint.recorder import Recorder
    from xacct.model import Caller

    Owners = Callable[[AbstractSet[int]], Mapping[int, int]]
    """Gives the pids that hold sockets, by inode, of those that can be found."""

log = structlog.get_logger("xacct.endpoint")

MAX_PER_PEER = 1000
"""Connections of one process; where that isn't known of one user, or of one address. Half of all there may be."""

PAUSE = 1.0
"""Seconds between two counts: a look takes milliseconds, and many connections may well be honest."""

COST = 10.0
"""A pause is at least so many times as long as the look before it: where there are thousands of processes, a look
takes a second."""

TOO_MANY = "too many connections"


class Connection(Protocol):
    """One of those that are counted: whose it is, from where, and its number among all, which only grows."""

    @property
    def caller(self) -> Caller: ...  # noqa: D102

    @property
    def address(self) -> str | None: ...  # noqa: D102

    @property
    def number(self) -> int: ...  # noqa: D102

    def turn_away(self) -> None:
        """End it, with a word to whoever waits for an answer."""


class ConnectionLimiter:
    """Counts the connections of each peer.

    Args:
        connections: those there are.
        owners: says which process holds which socket; slow.
        recorder: keeps the audit.
        most: what one peer may have, if less than usual.
    """

    def __init__(
        self, connections: Collection[Connection], owners: Owners, recorder: Recorder, most: int | None = None
    ) -> None:
        self._most = most
        self._connections = connections
        self._owners = owners
        self._recorder = recorder
        self._counting: asyncio.Task[None] | None = None

    def joined(self) -> None:
        """There is one more."""
        if len(self._connections) > self.most and (self._counting is None or self._counting.done()):
            self._counting = asyncio.get_running_loop().create_task(self._count_while_many())

    @property
    def most(self) -> int:
        """Connections that one peer may have."""
        return MAX_PER_PEER if self._most is None else min(self._most, MAX_PER_PEER)

    async def _count_while_many(self) -> None:
        loop = asyncio.get_running_loop()
        while len(self._connections) > self.most:
            inodes = {connection.caller.inode for connection in self._connections}
            began = loop.time()
            self._thin_out(await asyncio.to_thread(self._owners, inodes))
            # guard: counting-connections-has-price
            await asyncio.sleep(max(PAUSE, (loop.time() - began) * COST))

    def _thin_out(self, pids: Mapping[int, int]) -> None:
        by_peer: defaultdict[tuple[str, object], list[Connection]] = defaultdict(list)
        for connection in sorted(self._connections, key=lambda each: each.number):
            by_peer[_peer(connection, pids)].append(connection)
        for (kind, name), found in by_peer.items():
            for connection in found[self.most :]:  # guard: share-of-connections-each
                self._recorder.refused(TOO_MANY, connection.caller)
                connection.turn_away()
            if len(found) > self.most:
                log.warning(TOO_MANY, **{kind: name}, closed=len(found) - self.most)


def _peer(connection: Connection, pids: Mapping[int, int]) -> tuple[str, object]:
    """Whose it is, as closely as that is known."""
    caller = connection.caller
    pid = caller.pid or pids.get(caller.inode)
    if pid is not None:  # guard: share-by-process
        return ("pid", pid)
    return ("address", connection.address) if caller.uid is None else ("uid", caller.uid)
