"""The endpoint's connections: bytes in, one head at a time, answers out. Strict, small, bounded.

Invariant: one valid request head or a refusal, never anything else; memory per connection is bounded by MAX_HEAD
plus what one read brings. A connection that sends no complete head in time, or idles, is closed.
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, cast

import structlog

from xacct import errors
from xacct.endpoint import answers, head
from xacct.endpoint.connection_limiter import ConnectionLimiter
from xacct.endpoint.peer_check import UNASKED
from xacct.endpoint.recorder import NullAudit
from xacct.host import unix_sockets
from xacct.host.seats import ENDPOINT, Seats
from xacct.model import Caller

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from xacct.endpoint.head import Request
    from xacct.endpoint.peer_check import PeerCheck, SocketPeerCheck
    from xacct.endpoint.recorder import Recorder

    Answer = Callable[[Request], bytes | AsyncIterator[bytes]]
    Parse = Callable[[bytes, frozenset[bytes]], Request]

log = structlog.get_logger("xacct.endpoint")

ADDRESS = "127.0.0.1"  # guard: listening-on-127-0-0-1-alone
"""The only host every SDK accepts over plain HTTP."""

BACKLOG = 4096
HEAD_TIMEOUT = 10.0
IDLE_TIMEOUT = 60.0
SWEEP = 5.0

MAX_UNWELCOME = 50
"""Connections of other users that are kept until they have sent something and can be told no."""

TOLD = 4
"""One in so many of the places is kept for connections beyond them, until they have asked and can be told why not."""

TOLD_TIMEOUT = 2.0
"""Seconds in which such a one has to ask: an SDK does so at once."""

CLOSE_TIMEOUT = 1.0
"""Seconds that held answers get to end when the endpoint closes."""

NOBODY = Caller()

LINGER = 0.25
"""Seconds that a client which has connected and not asked yet gets to do so when the endpoint closes."""

CLOSING = (answers.NO_GRANT, answers.BROKEN, answers.NOT_OURS, answers.UNAUTHORIZED)
"""Answers that say "Connection: close"."""


def bind(port: int, address: str = ADDRESS) -> socket.socket:
    """A socket bound to a port (0: any that is free) of an address of this machine.

    Raises:
        StartupFailed: the port is taken or forbidden.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise errors.StartupFailed(
            f"Port {port} on {address} can't be used ({getattr(error, 'strerror', None) or 'taken'}).",
            "Another program has it: find it with `ss -ltnp`, or set port under [daemon] in config.toml.",
        ) from None
    listener.setblocking(False)
    return listener


class Endpoint:
    """A listener and its connections.

    Args:
        answer: gives a trusted request's answer.
        boot: reads the boot-time clock.
        peer_check: says who may connect (None: whoever has a grant).
        recorder: keeps the audit.
        seats: counts its connections, perhaps with those of others (None: as many as an endpoint has at most).
        parse: the guard: a request, or Refused.
        refusal: what whoever is refused is told; it says "close".
    """

    def __init__(
        self,
        answer: Answer,
        boot: Callable[[], float],
        peer_check: PeerCheck | SocketPeerCheck | None = None,
        recorder: Recorder | None = None,
        *,
        parse: Parse = head.parse,
        refusal: bytes = answers.NO_GRANT,
        seats: Seats | None = None,
    ) -> None:
        self.seats = seats or Seats("the endpoint", ENDPOINT.most, boot)
        self.answer = answer
        self.parse = parse
        self.refusal = refusal
        self.boot = boot
        self.peer_check = peer_check
        self.recorder = recorder or NullAudit()
        self.unwelcome = 0
        self.to_be_told = 0
        self.address = (ADDRESS, 0)
        self.hosts: frozenset[bytes] = frozenset()
        self.connections: set[Connection] = set()
        self.closing = False
        self.accepted = 0
        self.connection_limiter = ConnectionLimiter(
            self.connections, peer_check.owners if peer_check else lambda _: {}, self.recorder, self.seats.most // 2
        )
        self._server: asyncio.Server | None = None
        self._listener: socket.socket | None = None
        self._may_pause = False
        self._accepting: asyncio.Task[None] | None = None

    async def serve(self, listener: socket.socket, hosts: frozenset[bytes] | None = None) -> int:
        """Serve what comes to a bound socket.

        Args:
            listener: of TCP, or a Unix socket.
            hosts: the Host values that are ours (None: its own address).

        Returns:
            Its port, 0 for a Unix socket.
        """
        if listener.family == socket.AF_UNIX:
            self.hosts = hosts or frozenset()
            self._server = await unix_sockets.serve(lambda: Connection(self), listener, BACKLOG)
            return 0
        host, port = listener.getsockname()[:2]
        self.hosts = hosts or head.hosts_of(port, host)
        self.address = (host, port)
        self.closing = False
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self), sock=listener.dup(), backlog=BACKLOG)
        self._listener = listener
        # asyncio's own loop loses what it has just accepted where its server is closed.
        self._may_pause = not isinstance(loop, asyncio.BaseEventLoop)
        return int(port)

    @property
    def most_told(self) -> int:
        """Connections beyond all places that may wait to be told so."""
        return max(1, self.seats.most // TOLD)

    def look_at_the_crowd(self) -> None:
        """Let whoever comes wait in the kernel's queue while as many as may be wait to be told that there is no place.

        They are told within milliseconds, so nobody waits long; without this, those that come meanwhile would be cut.
        """
        if self._listener is None or not self._may_pause:
            return
        if self._server is not None and self.to_be_told >= self.most_told:
            self._server.close()
            self._server = None
        elif self._server is None and self._accepting is None and self.to_be_told <= self.most_told // 2:
            self._accepting = asyncio.get_running_loop().create_task(self._accept_again())

    async def _accept_again(self) -> None:
        try:
            if self._listener is not None and not self.closing:
                server = await asyncio.get_running_loop().create_server(
                    lambda: Connection(self), sock=self._listener.dup(), backlog=BACKLOG
                )
                if self._listener is None:
                    server.close()  # it was to stop meanwhile
                else:
                    self._server = server
        except OSError as error:  # no descriptor or memory is left: the next sweep tries again
            log.warning("nobody is taken in", why=error.strerror)
        finally:
            self._accepting = None

    async def run(self) -> None:
        """Close connections that have had their time, until cancelled."""
        while True:
            await asyncio.sleep(SWEEP)
            self.sweep()

    def sweep(self) -> None:
        """Close connections that have had their time, and take in others where that has failed."""
        self.look_at_the_crowd()  # guard: taking-in-is-tried-again
        now = self.boot()
        for connection in [c for c in self.connections if c.deadline < now]:  # guard: deadline
            connection.drop()

    def stop_accepting(self) -> None:
        """Take in nobody any more. Who has connected is served on, once."""
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        self.closing = True

    async def close(self, linger: float = LINGER) -> None:
        """Stop, and close what is open. `serve` begins again.

        Who has connected and not been answered gets a moment to ask, and who is held gets one to hear why, once the
        keeper is closed.

        Args:
            linger: that moment, in seconds.
        """
        self.stop_accepting()
        await asyncio.sleep(0)  # connections that were accepted a moment ago appear
        held = {connection.holding for connection in self.connections if connection.holding is not None}
        if held:
            await asyncio.wait(held, timeout=CLOSE_TIMEOUT)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + linger
        # Polled: an event in each connection would cost all of them.
        while loop.time() < deadline and any(connection.unanswered for connection in self.connections):  # noqa: ASYNC110
            await asyncio.sleep(linger / 50)
        for connection in list(self.connections):
            connection.close()


class Connection(asyncio.Protocol):
    """One client's connection.

    Attributes:
        number: how many came before it.
        caller: who it is, once it has been asked.
    """

    __slots__ = (
        *("number", "caller", "deadline", "holding", "unanswered"),
        *("_endpoint", "_buffer", "_transport", "_choked", "_counted", "_half_closed", "_begun", "_unwelcome"),
    )

    def __init__(self, endpoint: Endpoint) -> None:
        self.number = endpoint.accepted
        endpoint.accepted += 1
        self.caller = NOBODY
        self.deadline = endpoint.boot() + HEAD_TIMEOUT  # guard: head-has-its-time
        self._endpoint = endpoint
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self.holding: asyncio.Task[None] | None = None
        self._choked = self._counted = False
        self._half_closed = self._begun = False
        self._unwelcome: str | None = None
        self.unanswered = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport, unless we have too many, and ask who it is while the caller is surely there."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        self._endpoint.connections.add(self)
        self._counted = self._endpoint.seats.take()
        if not self._counted:
            self._endpoint.to_be_told += 1
            if self._endpoint.to_be_told > self._endpoint.most_told:  # guard: bounded-number-who-are-told
                self.drop()
            asyncio.get_running_loop().call_later(TOLD_TIMEOUT, self.drop)  # guard: who-is-told-has-its-time
            self._endpoint.look_at_the_crowd()
        if self._endpoint.peer_check is not None:
            self._ask_who(self._endpoint.peer_check, self._transport)
        self._endpoint.connection_limiter.joined()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone: whatever was held for it is no longer wanted."""
        del exc
        self._endpoint.connections.discard(self)
        self._endpoint.unwelcome -= self._unwelcome is not None
        if self._counted:
            self._endpoint.seats.leave()
        else:
            self._endpoint.to_be_told -= 1
            self._endpoint.look_at_the_crowd()
        if self.holding is not None:
            self.holding.cancel()

    def data_received(self, data: bytes) -> None:
        """Serve each complete head; refuse what can't become one, and whoever is not let in whatever it says."""
        if self._unwelcome:
            self._refuse(self._unwelcome)
            return
        if not self._counted:
            self._write(answers.FULL, keep_alive=False)  # guard: who-finds-no-place-is-told
            return
        if self.holding is None:
            end = data.find(b"\r\n\r\n", 0, head.MAX_HEAD)
            if not self._buffer and end >= 0 and end + 4 == len(data) and self._may_serve():
                self._serve(data[:end])  # one whole head, as SDKs send it: what follows does the same, with copies
                return
            self._buffer += data
            self._serve_heads()
            return
        self._buffer += data
        if len(self._buffer) > head.MAX_HEAD:  # guard: bounded-buffer-while-held
            self.close()

    def eof_received(self) -> bool:
        """Half closed, as busybox's nc does behind its request: what comes within an instant is still sent."""
        self._half_closed = True
        return self.holding is not None and not self._begun

    def pause_writing(self) -> None:
        """The client reads too slowly: what it asks next waits in the kernel, not in our memory."""
        self._choked = True  # guard: back-pressure
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()  # guard: no-reading-what-cannot-be-answered

    def resume_writing(self) -> None:
        """The client has read: go on."""
        self._choked = False
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
            self._serve_heads()

    @property
    def address(self) -> str | None:
        """The client's address, without its port."""
        peer = self._transport.get_extra_info("peername") if self._transport is not None else None
        return peer[0] if peer else None

    def close(self) -> None:
        """Close once what was written is sent."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.close()

    def turn_away(self) -> None:
        """Close, and tell whoever waits for an answer why: there are too many."""
        if self._transport is not None and not self._transport.is_closing():
            if self.holding is not None and self._begun:
                self._transport.write(answers.FULL_END)
            elif self.holding is not None or self.unanswered:
                self._transport.write(answers.FULL)  # guard: who-loses-its-place-is-told
            self._transport.close()

    def drop(self) -> None:
        """Close at once: what was written has had its time to be read."""
        if self._transport is not None:
            self._transport.abort()

    def _ask_who(self, peer_check: PeerCheck | SocketPeerCheck, transport: asyncio.Transport) -> None:
        # guard: where-asking-breaks-nobody-is-let-in
        self._unwelcome = UNASKED  # should asking break
        try:
            self.caller = peer_check.caller(transport, self._endpoint.address)
            self._unwelcome = peer_check.turns_away(self.caller)
        except Exception as bug:  # noqa: BLE001 - whoever it was, it is let in by no mistake of ours
            _complain(bug, "caller could not be asked for")
        if self._unwelcome:
            self._endpoint.unwelcome += 1
            if self._endpoint.unwelcome > MAX_UNWELCOME:
                self.drop()  # other users must not use up our connections

    def _serve_heads(self) -> None:
        while self._may_serve():
            end = self._buffer.find(b"\r\n\r\n", 0, head.MAX_HEAD)
            if end < 0:
                if len(self._buffer) >= head.MAX_HEAD:  # guard: bounded-head
                    self._refuse("head too large")
                return
            raw = bytes(self._buffer[:end])
            del self._buffer[: end + 4]
            self._serve(raw)

    def _may_serve(self) -> bool:
        closing = self._transport is None or self._transport.is_closing()
        return not closing and not self._choked and self.holding is None

    def _serve(self, raw: bytes) -> None:
        try:
            request = self._endpoint.parse(raw, self._endpoint.hosts)
        except head.Refused as refused:
            self._refuse(refused.why)
            return
        request.caller = self.caller
        try:
            answer = self._endpoint.answer(request)
        except Exception as bug:  # noqa: BLE001 - one broken answer must not leave a client hanging
            _complain(bug)
            answer = answers.BROKEN  # guard: broken-answer-quotes-nothing
        if isinstance(answer, bytes):
            self._write(answer, keep_alive=request.keep_alive and answer not in CLOSING)  # guard: no-grant-closes
        else:
            self.deadline = float("inf")
            self.holding = asyncio.get_running_loop().create_task(self._stream(answer, keep_alive=request.keep_alive))

    def _write(self, answer: bytes, *, keep_alive: bool) -> None:
        assert self._transport is not None  # noqa: S101
        self._transport.write(answer)
        self.unanswered = False
        self.deadline = self._endpoint.boot() + IDLE_TIMEOUT  # guard: idle-connection-has-its-time
        if not keep_alive or self._endpoint.closing:
            self._transport.close()

    async def _stream(self, pieces: AsyncIterator[bytes], *, keep_alive: bool) -> None:
        last = b""
        self._begun = False
        try:
            async for piece in pieces:
                if self._transport is None or self._transport.is_closing():
                    return
                if self._half_closed and piece == answers.CHUNKED:
                    self.close()  # who says no more may have gone: nobody is held for it
                    return
                self._transport.write(piece)
                self._begun = True
        except Exception as bug:  # noqa: BLE001 - likewise
            _complain(bug)
            keep_alive, last = False, answers.BROKEN_END if self._begun else answers.BROKEN
        finally:
            aclose = getattr(pieces, "aclose", None)
            if aclose is not None:
                await aclose()
        self.holding = None
        self._write(last, keep_alive=keep_alive and not self._half_closed)
        self._serve_heads()

    def _refuse(self, why: str) -> None:
        log.debug("refused", why=why)
        self._endpoint.recorder.refused(why, self.caller)
        self._write(self._endpoint.refusal, keep_alive=False)  # guard: refusal-closes


def _complain(bug: Exception, what: str = "answer broke") -> None:
    log.error(what, kind=type(bug).__name__)  # the type only: a message may quote what it choked on
