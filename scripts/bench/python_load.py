"""What loadgen.c does, for machines without a C compiler. Same arguments, same line of JSON."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
import time
from dataclasses import dataclass, field

HOST = "127.0.0.1"
PROBE_EVERY = 0.002


@dataclass
class Load:
    """Some clients, each with one request under way."""

    port: int
    mode: str
    clients: int
    seconds: float
    request: bytes
    latencies: list[float] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    failed: int = 0
    ended: bool = False

    async def run(self) -> dict[str, float]:
        """The figures: requests a second, how many, and percentiles in milliseconds."""
        began = time.perf_counter()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._end)
        async with asyncio.TaskGroup() as group:
            for _ in range(self.clients):
                group.create_task(self._client(began + self.seconds))
        took = time.perf_counter() - began
        ordered = sorted(self.latencies) or [0.0]
        return {
            "rate": len(self.latencies) / took,
            "count": len(self.latencies),
            "failed": self.failed,
            "ok": self.statuses.count(2),
            "refused": self.statuses.count(4),
            "busy": self.statuses.count(5),
            "took": took,
            "p50": ordered[len(ordered) // 2] * 1000,
            "p99": ordered[len(ordered) * 99 // 100] * 1000,
            "max": ordered[-1] * 1000,
        }

    def _end(self) -> None:
        self.ended = True

    async def _client(self, until: float) -> None:
        kept: socket.socket | None = None
        due = time.perf_counter()
        while not self.ended and due < until:
            try:
                kept = kept or await self._connect()
                await self._exchange(kept)
            except OSError:
                self.failed += 1
                kept = None
            else:
                self.latencies.append(time.perf_counter() - due)
                if self.mode != "keep":
                    kept.close()
                    kept = None
            if self.mode == "crowd":
                return
            now = time.perf_counter()
            if self.mode == "probe":
                await asyncio.sleep(max(0.0, due + PROBE_EVERY - now))
                due = max(due + PROBE_EVERY, now)
            else:
                due = now

    async def _connect(self) -> socket.socket:
        sock = socket.socket()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(sock, (HOST, self.port))
        return sock

    async def _exchange(self, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(sock, self.request)
        answer = b""
        while not _complete(answer):
            piece = await loop.sock_recv(sock, 16384)
            if not piece:
                raise ConnectionError
            answer += piece
        self.statuses.append(int(answer[9:10]))


def _complete(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return False
    _, there, length = head.lower().partition(b"content-length:")
    return len(body) >= int(length.split(b"\r\n")[0]) if there else body.endswith(b"0\r\n\r\n")


def main() -> None:
    """Be the generator."""
    port, mode, clients, seconds = sys.argv[1:]
    load = Load(int(port), mode, int(clients), float(seconds), sys.stdin.buffer.read())
    try:
        import uvloop  # noqa: PLC0415
    except ImportError:
        found = asyncio.run(load.run())
    else:
        found = uvloop.run(load.run())
    print(json.dumps(found))


if __name__ == "__main__":
    main()
