"""The control socket: private from the start, one owner, removed only by who made it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from typing import TYPE_CHECKING, cast

import structlog
from aiohttp import web

from xacct import errors, wire
from xacct.control.boundary import PEER
from xacct.host import peer, unix_sockets
from xacct.host.seats import CONTROL, Seats

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from xacct.model import ProcessMark

log = structlog.get_logger("xacct.control")

IDLE = 60.0
"""Seconds after which a connection that asks nothing is closed."""

SWEEP = 5.0
MOST_TOLD = 50
"""Connections beyond all places that may wait to be told so."""

TOLD_TIMEOUT = 2.0
"""Seconds in which such a one has to ask."""

_NO_PLACE = {
    "code": errors.Temporary.code,
    "category": errors.Temporary.category,
    "sentence": "All places at xacctd's control socket are taken.",
    "hint": "Who has them: lsof -U | grep control.sock",
}
_BODY = json.dumps({"error": _NO_PLACE}).encode()
FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\nConnection: close\r\n"
    b"%s: %d\r\nContent-Length: %d\r\n\r\n%s" % (wire.API_HEADER.encode(), wire.API, len(_BODY), _BODY)
)

DRAIN = 1.0
"""Seconds that open streams get at the end."""


def _mark(path: Path) -> tuple[int, int, int] | None:
    """What tells a socket from a later one of its path: an inode's number alone is given again. None: it is gone."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns


class _Connections:
    """Which connections there are, and since when each has had nothing to do."""

    def __init__(self, most: int, now: Callable[[], float] | None = None) -> None:
        self._now = now or (lambda: asyncio.get_running_loop().time())
        self.seats = Seats("the control socket", most, self._now, "Who has them: lsof -U | grep control.sock")
        self._idle_since: dict[asyncio.Transport, float] = {}
        self._marks: dict[asyncio.Transport, ProcessMark] = {}
        self._told: set[asyncio.Transport] = set()

    def admits(self, stream: asyncio.Transport) -> bool:
        """Take in a connection, if there are not too many."""
        self._idle_since = {one: since for one, since in self._idle_since.items() if not one.is_closing()}
        self.seats.taken = len(self._idle_since)
        if not self.seats.take():  # guard: control-sockets-connections-are-bounded
            return False
        self._idle_since[stream] = self._now()
        self._marks = {one: mark for one, mark in self._marks.items() if one in self._idle_since}
        return True

    def note(self, stream: asyncio.Transport, mark: ProcessMark | None) -> None:
        """Note the process of a connection, where it is known."""
        if mark is not None:
            self._marks[stream] = mark

    def turn_away(self, stream: asyncio.Transport) -> None:
        """Tell a client that there is no place for it once it has asked; close at once if too many wait to be told."""
        self._told = {one for one in self._told if not one.is_closing()}
        if len(self._told) >= MOST_TOLD:  # guard: control-socket-tells-so-many
            stream.abort()
            return
        self._told.add(stream)
        stream.set_protocol(_Full(stream))
        asyncio.get_running_loop().call_later(TOLD_TIMEOUT, stream.abort)

    @web.middleware
    async def mark(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Note that a connection has something to do, and which process it is of."""
        stream = request.transport
        if stream is not None:
            self._idle_since[stream] = float("inf")
            if stream in self._marks:
                request[PEER] = self._marks[stream]
        try:
            return await handler(request)
        finally:
            if stream is not None:
                self._idle_since[stream] = self._now()

    def sweep(self) -> None:
        """Hang up on who has asked nothing for IDLE seconds."""
        now = self._now()
        for stream, since in list(self._idle_since.items()):
            if now - since > IDLE:  # guard: control-idle-connections-closed
                stream.abort()
            if stream.is_closing():
                self._idle_since.pop(stream, None)


class _Full(asyncio.Protocol):
    """Tells whoever asks that there is no place."""

    def __init__(self, stream: asyncio.Transport) -> None:
        self._stream = stream

    def data_received(self, data: bytes) -> None:
        """Whatever it is: the same answer."""
        del data
        self._stream.write(FULL)
        self._stream.close()


class _Gate(asyncio.Protocol):
    """Hands a connection of our own user on to HTTP, and drops any other before a byte of it is read.

    The socket's mode should keep others out already; the kernel's word does not depend on it.
    """

    def __init__(self, http: Callable[[], asyncio.Protocol], connections: _Connections) -> None:
        self._http = http
        self._connections = connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        stream = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        if not _is_ours(stream):  # guard: our-own-user-only
            log.warning("another user's connection refused")
            stream.abort()
            return
        if not self._connections.admits(stream):
            self._connections.turn_away(stream)
            return
        # At once: what has this number later may be another process.
        self._connections.note(stream, peer.mark(stream.get_extra_info("socket")))
        handler = self._http()
        stream.set_protocol(handler)
        handler.connection_made(stream)


def _is_ours(transport: asyncio.Transport) -> bool:
    try:
        return peer.of_unix_socket(transport.get_extra_info("socket")).uid == os.geteuid()
    except OSError:
        return False


class ControlServer:
    """Serves an application on a bound socket.

    Args:
        files: how many descriptors this process may have.
    """

    def __init__(self, application: web.Application, listener: socket.socket, path: Path, files: int = 4096) -> None:
        self._connections = _Connections(CONTROL.of(files))
        application.middlewares.insert(0, self._connections.mark)
        self._runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=DRAIN)
        self._listener = listener
        self._path = path
        self._server: asyncio.Server | None = None
        self._made = _mark(path)

    async def start(self, listener: socket.socket | None = None) -> None:
        """Serve from now on; again, from a copy of the listener, where a successor has failed."""
        self._listener = listener or self._listener
        if self._runner.server is None:
            await self._runner.setup()
        http = self._runner.server
        assert http is not None  # noqa: S101 - setup has made it
        self._server = await unix_sockets.serve(
            lambda: _Gate(http, self._connections), self._listener, unix_sockets.BACKLOG
        )

    async def run(self) -> None:
        """Hang up on connections that idle, until cancelled."""
        while True:
            await asyncio.sleep(SWEEP)
            self._connections.sweep()

    def problems(self) -> list[errors.XacctError]:
        """That somebody was turned away lately."""
        return self._connections.seats.problems()

    def is_there(self) -> bool:
        """Whether the socket is still where everybody looks for it: a cleaner of old files, or `mv`, takes it away."""
        mark = _mark(self._path)
        return mark is not None and mark == self._made

    async def move_to(self, listener: socket.socket) -> None:
        """Serve another listener from now on, at the same path."""
        self.stop_accepting()
        self._made = _mark(self._path)
        await self.start(listener)

    def stop_accepting(self) -> None:
        """Take in nobody any more."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def close(self, *, unlink: bool = True) -> None:
        """Stop, and remove the socket if it is still ours.

        Args:
            unlink: whether it is ours at all.
        """
        self.stop_accepting()
        await self._runner.cleanup()
        if not unlink:
            return
        with contextlib.suppress(OSError):
            if self.is_there():  # guard: anothers-socket-is-left-alone
                self._path.unlink()
