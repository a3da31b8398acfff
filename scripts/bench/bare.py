"""The least that could do the endpoint's job: a server that looks at nothing and sends the same bytes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from race import Server

if TYPE_CHECKING:
    from collections.abc import Iterator


class Bare(asyncio.Protocol):
    """Answers whatever ends in an empty line."""

    answer = b""

    def connection_made(self, transport: Any) -> None:
        """Keep it."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Send the bytes."""
        if data.endswith(b"\r\n\r\n"):
            self.transport.write(self.answer)
            if b"\r\nConnection: close\r\n" in data:
                self.transport.close()


def has_uvloop() -> bool:
    """Whether it is installed."""
    try:
        import uvloop  # noqa: F401, PLC0415
    except ImportError:
        return False
    return True


@contextmanager
def bare_server(loop: str, answer: bytes) -> Iterator[Server]:
    """A bare server in a process of its own.

    Args:
        loop: "uvloop" or "asyncio".
        answer: what it sends.
    """
    child = subprocess.Popen([sys.executable, __file__, loop], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert child.stdin is not None  # noqa: S101
        assert child.stdout is not None  # noqa: S101
        child.stdin.write(answer)
        child.stdin.close()
        yield Server(f"bare Protocol, {loop}", int(child.stdout.readline()), child.pid)
    finally:
        child.terminate()
        child.wait()
        if child.stdout:
            child.stdout.close()


def _serve(loop: str, answer: bytes) -> None:
    """Serve until killed; the port goes to stdout."""
    Bare.answer = answer

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(Bare, "127.0.0.1", 0, backlog=4096)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()

    if loop == "uvloop":
        import uvloop  # noqa: PLC0415

        uvloop.run(serve())
    else:
        asyncio.run(serve())


if __name__ == "__main__":
    _serve(sys.argv[1], sys.stdin.buffer.read())
