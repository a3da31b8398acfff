"""Where a browser brings the answer of a sign-in by redirect: one address of 127.0.0.1, open until one right answer.

Both kinds of sign-in have it, as AWS has RFC 8252 (7.3, 8.9). Whatever else comes gets a page with a sentence
that says nothing of what was sent: another site can send a browser here, but does not know the sign-in's state.
"""

from __future__ import annotations

import asyncio
import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from xacct import errors

if TYPE_CHECKING:
    from collections.abc import Callable

    from xacct.aws.answer import Answer
    from xacct.model import Address

    Admits = Callable[[Address, Address], bool]

HOST = "127.0.0.1"
"""AWS takes no other: neither `localhost` nor `[::1]`."""

PATH = "/oauth/callback"
"""Nor another path."""

REGISTERED = f"http://{HOST}{PATH}"
"""The redirect URI as a client registers it: without a port, which is another each time (RFC 8252, 7.3)."""

HEAD_BYTES = 16 * 1024
HEAD_SECONDS = 5.0
"""For one head of a request. Browsers open connections ahead, and send nothing on them."""

MOST = 16
"""Connections at once; a browser opens a handful."""

_REQUEST = re.compile(rb"GET (/[\x21-\x7e]*) HTTP/1\.[01]")

_DONE = "xacct has the answer. You can close this page; the terminal says what came of the sign-in."
_DECLINED = "The sign-in was not allowed. You can close this page."
_FOREIGN = "This page is for a sign-in of xacct, and this is not the answer to the one that waits. Nothing has changed."
NOTHING = "There is nothing here."

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>xacct</title></head><body><p>{}</p></body></html>
"""
_HEADERS = (
    "Content-Type: text/html; charset=utf-8\r\n"
    "Content-Security-Policy: default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
    "X-Frame-Options: DENY\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cache-Control: no-store\r\n"
    "Connection: close\r\n"
)
_REASONS = {200: "OK", 303: "See Other", 400: "Bad Request", 404: "Not Found"}


class Loopback(ABC):
    """Listens on a port of 127.0.0.1 for one browser.

    Args:
        admits: whether a connection (the client's address, ours) is one of this user.
    """

    def __init__(self, admits: Admits) -> None:
        self._admits = admits
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Listen, on a port of its own.

        Raises:
            OSError: there is none.
        """
        self._server = await asyncio.start_server(self._serve, HOST, 0, limit=HEAD_BYTES)
        self.port: int = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Listen no more, and hang up: browsers keep connections open on which they say nothing."""
        self._server.close()
        for writer in self._open:
            writer.transport.abort()  # guard: idle-connection-holds-up-no-sign-in

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client, server = writer.get_extra_info("peername"), writer.get_extra_info("sockname")
        # guard: redirect-another-user-is-turned-away
        if not client or len(self._open) >= MOST or not self._admits(client[:2], server[:2]):
            writer.transport.abort()
            return
        self._open.add(writer)
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
            writer.write(self._heard(head))
            await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # no request, or nobody who reads the answer
        finally:
            self._open.discard(writer)
            writer.close()

    @abstractmethod
    def _heard(self, head: bytes) -> bytes:
        """Take one request. Returns its answer."""


class Listener(Loopback):
    """Waits for the browser that comes back from a sign-in.

    Args:
        answer: what it waits for.
        admits: as for Loopback.
    """

    def __init__(self, answer: Answer, admits: Admits) -> None:
        super().__init__(admits)
        self._answer = answer

    @property
    def uri(self) -> str:
        """Where the browser is to come back to."""
        return f"http://{HOST}:{self.port}{PATH}"

    def _heard(self, head: bytes) -> bytes:
        path = path_of(head, self.port)
        if path is None:
            return page(400, _FOREIGN)
        path, _, query = path.partition("?")
        if path != PATH:
            return page(404, NOTHING)
        allowed = self._answer.take(query)
        if allowed is None:
            return page(400, _FOREIGN)
        self._server.close()  # guard: redirect-listener-closes-after-use
        return page(200, _DONE if allowed else _DECLINED)


def path_of(head: bytes, port: int) -> str | None:
    """Return the path of a request to a listener of ours, with its query; None: it is none.

    A name of another site that leads here is no address of ours, and nothing is heard by it.
    """
    first, *fields = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    request = _REQUEST.fullmatch(first)
    hosts = [value.strip() for name, _, value in (each.partition(b":") for each in fields) if name.lower() == b"host"]
    if request is None or hosts != [f"{HOST}:{port}".encode()]:  # guard: redirect-host-is-ours
        return None
    return request[1].decode()


async def listening(answer: Answer, admits: Admits) -> Listener:
    """Listen for an answer. Arguments as for `Listener`.

    Raises:
        Temporary: there is no port to listen on.
    """
    listener = Listener(answer, admits)
    try:
        await listener.start()
    except OSError as error:
        raise errors.Temporary(f"xacct can't listen on {HOST} for the browser ({error.strerror}).", "") from None
    return listener


def page(status: int, sentence: str, *fields: str) -> bytes:
    """Return an answer with a page of one sentence, and perhaps more header fields."""
    body = _PAGE.format(sentence).encode()
    more = "".join(f"{field}\r\n" for field in fields)
    head = f"HTTP/1.1 {status} {_REASONS[status]}\r\n{_HEADERS}{more}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
