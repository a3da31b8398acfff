"""The endpoint on uvloop, which the daemon runs on, spoken to over raw sockets; some of it on asyncio's loop, too."""

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest
import uvloop
from virtual_time import clock
from waiting import PATIENCE, until

from xacct.endpoint.server import Endpoint, bind

__all__ = ["clock"]


ON_BOTH = {"test_connection_limiter.py", "test_peer_check.py", "test_server.py", "test_who.py"}
"""Files about connections and the sockets below them. What is said on a connection is the same on either loop."""


@pytest.hookimpl(optionalhook=True)
def pytest_asyncio_loop_factories(item):
    asyncios = {"asyncio": asyncio.new_event_loop} if item.path.name in ON_BOTH else {}
    return asyncios | {"uvloop": uvloop.new_event_loop}


class Raw:
    """A client that sends the bytes it is given and nothing else."""

    def __init__(self, reader, writer):
        self._reader = reader
        self._writer = writer

    def send(self, data):
        self._writer.write(data)

    async def one(self):
        """One whole answer, its body by Content-Length or by chunks."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        if b"Transfer-Encoding: chunked" in head:
            pieces = [piece async for piece in self.chunks()]
            return head + b"".join(pieces)
        length = next(line for line in head.split(b"\r\n") if line.startswith(b"Content-Length: "))
        return head + await self._reader.readexactly(int(length.partition(b": ")[2]))

    async def head(self):
        return await self._reader.readuntil(b"\r\n\r\n")

    async def chunks(self):
        """The pieces of a chunked body, until its proper end."""
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            yield await self._reader.readexactly(size)
            assert await self._reader.readexactly(2) == b"\r\n"
        assert await self._reader.readexactly(2) == b"\r\n"

    async def rest(self):
        """All there is until the other end closes."""
        try:
            return await self._reader.read()
        except ConnectionResetError:
            return b""

    async def silent(self, turns=20):
        """Whether nothing has come after the loop has had some turns."""
        for _ in range(turns):
            await asyncio.sleep(0)
        return not self._reader._buffer and not self._reader.at_eof()

    def vanish(self):
        self._writer.transport.abort()

    async def close(self):
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()


class Served:
    """An Endpoint that listens, and clients of it."""

    def __init__(self, endpoint, port):
        self.endpoint = endpoint
        self.port = port
        self.clients = []

    async def connect(self):
        client = Raw(*await asyncio.open_connection("127.0.0.1", self.port))
        self.clients.append(client)
        return client

    async def ask(self, *pieces):
        """What the endpoint says to these bytes, until it closes."""
        client = await self.connect()
        for piece in pieces:
            client.send(piece)
            await asyncio.sleep(0)
        async with asyncio.timeout(PATIENCE):
            return await client.rest()

    def head(self, *lines, target="/healthz", method="GET", version="1.1", host=None):
        """A request head: an SDK's, but for what the arguments change. `host` b"" leaves the header out."""
        host = b"127.0.0.1:%d" % self.port if host is None else host
        first = [f"{method} {target} HTTP/{version}".encode()]
        hosts = [b"Host: " + host] if host else []
        return b"\r\n".join([*first, *hosts, *lines, b"", b""])


@asynccontextmanager
async def serving(answer, boot=lambda: 0.0, **options):
    """An Endpoint on a port of its own, and nothing left of it afterwards."""
    endpoint = Endpoint(answer, boot, **options)
    served = Served(endpoint, await endpoint.serve(bind(0)))
    sweeper = asyncio.ensure_future(endpoint.run())
    try:
        yield served
    finally:
        sweeper.cancel()
        for client in served.clients:
            await client.close()
        closing = endpoint.close()
        if closing is not None:
            await closing


@pytest.fixture
def serve():
    return serving


@pytest.fixture
def eventually():
    return until
