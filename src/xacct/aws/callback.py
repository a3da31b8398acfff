"""Where a browser of this machine brings the answer of a sign-in: http://127.0.0.1:PORT/oauth/callback (RFC 8252, 7.3).

It is there while somebody is asked, on the loopback address alone, and takes one right answer. Any program of this
machine may connect, and any page may send a browser here: so what is no answer to our own question changes nothing, and
nothing that comes in is written back.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PATH = "/oauth/callback"
HOST = "127.0.0.1"

LONGEST = 8192
"""Bytes of a request's head; a code has up to 512 characters."""

PATIENCE = 5.0
"""Seconds for a request to be there whole."""

MOST = 16
"""Connections at once."""

_DONE = "Back to xacct", "xacct has what it was waiting for. You can close this page; xacct says what came of it."
_WRONG = "Not what xacct waits for", "Start the sign-in anew, and open the address that xacct shows."
_HEADERS = (
    "Content-Type: text/html; charset=utf-8",
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options: nosniff",
    "Referrer-Policy: no-referrer",
    "Cache-Control: no-store",
    "Connection: close",
)


class Callback:
    """One listener."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._host = ""
        self._take: Callable[[str], bool] = lambda _query: False
        self._answering: set[asyncio.Task[None]] = set()
        self._reading: set[asyncio.Task[None]] = set()

    async def open(self) -> int:
        """Listen; which port that is.

        Raises:
            OSError: none can be had.
        """
        self._server = await asyncio.start_server(self._connected, HOST, 0, limit=LONGEST)
        port: int = self._server.sockets[0].getsockname()[1]
        self._host = f"{HOST}:{port}"
        return port

    def address(self, port: int) -> str:
        """What the browser is sent to."""
        return f"http://{HOST}:{port}{PATH}"

    def takes(self, take: Callable[[str], bool]) -> None:
        """Have `take` look at each answer's query; whether it is the right one."""
        self._take = take

    async def close(self) -> None:
        """Listen no more. A page that is being written is written; browsers' idle connections are not waited for."""
        self._stop()
        for task in self._reading:
            task.cancel()  # guard: idle-connection-holds-up-no-sign-in
        if self._answering:
            await asyncio.wait(self._answering, timeout=PATIENCE)

    def _stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - asyncio runs it in one
        if len(self._answering) >= MOST:
            writer.close()
            return
        self._answering.add(task)
        self._reading.add(task)
        try:
            with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                async with asyncio.timeout(PATIENCE):
                    head = await reader.readuntil(b"\r\n\r\n")
                    self._reading.discard(task)
                    writer.write(self._answered(head))
                    await writer.drain()
        finally:
            self._answering.discard(task)
            self._reading.discard(task)
            writer.close()

    def _answered(self, head: bytes) -> bytes:
        query = self._query(head)
        if query is None:
            return _page("404 Not Found", *_WRONG)
        if not self._take(query):
            return _page("400 Bad Request", *_WRONG)
        self._stop()  # guard: one-right-answer-closes-listener
        return _page("200 OK", *_DONE)

    def _query(self, head: bytes) -> str | None:
        """The query of a browser's GET to our address; None for anything else."""
        try:
            line, *headers = head.decode("ascii").split("\r\n")
            method, target, version = line.split(" ")
        except ValueError:
            return None
        hosts = [
            value.strip() for name, _, value in (each.partition(":") for each in headers) if name.lower() == "host"
        ]
        path, _, query = target.partition("?")
        # guard: only-browsers-that-were-sent-here-are-heard
        ours = hosts == [self._host] and path == PATH
        return query if ours and method == "GET" and version in {"HTTP/1.1", "HTTP/1.0"} else None


def _page(status: str, title: str, sentence: str) -> bytes:
    body = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
        f"<body><h1>{title}</h1><p>{sentence}</p></body></html>\n"
    ).encode()
    head = "\r\n".join([f"HTTP/1.1 {status}", *_HEADERS, f"Content-Length: {len(body)}", "", ""])
    return head.encode("ascii") + body
