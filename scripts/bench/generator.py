"""The load generators: the C one where there is a compiler, else the Python one, which is the slower of two."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
GRACE = 20.0
"""Seconds that a generator may take beyond the time it was given."""


class Generator:
    """Puts a server under load.

    Attributes:
        compiled: whether it is the C one.
    """

    def __init__(self, scratch: Path) -> None:
        self._command = self._built(scratch) or [sys.executable, str(HERE / "python_load.py")]
        self.compiled = self._command[0] != sys.executable

    @property
    def name(self) -> str:
        """What it is, for the report."""
        if self.compiled:
            return "in C, one thread"
        return "in Python, for want of a C compiler: often slower than the server, which hides differences"

    def run(self, port: int, mode: str, request: bytes, clients: int, seconds: float) -> dict[str, float]:
        """One load from start to end; what it found.

        Args:
            port: of the server, on 127.0.0.1.
            mode: as in loadgen.c.
            request: of one GET, without "Connection".
            clients: how many at once.
            seconds: how long, at most.
        """
        done = subprocess.run(
            [*self._command, str(port), mode, str(clients), str(seconds)],
            input=request if mode == "keep" else closing(request),
            stdout=subprocess.PIPE,
            check=True,
            timeout=seconds + GRACE,
        )
        found: dict[str, float] = json.loads(done.stdout)
        return found

    @contextmanager
    def probing(self, port: int, request: bytes) -> Iterator[dict[str, Any]]:
        """One client that asks each two milliseconds while the block runs; what it found is there afterwards."""
        found: dict[str, Any] = {}
        with subprocess.Popen(
            [*self._command, str(port), "probe", "1", "600"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as probe:
            assert probe.stdin is not None  # noqa: S101
            assert probe.stdout is not None  # noqa: S101
            probe.stdin.write(closing(request))
            probe.stdin.close()
            try:
                yield found
            finally:
                probe.send_signal(signal.SIGTERM)
                found |= json.loads(probe.stdout.read() or b"{}")

    @staticmethod
    def _built(scratch: Path) -> list[str] | None:
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        if compiler is None or sys.platform != "linux":
            return None
        made = scratch / "loadgen"
        done = subprocess.run([compiler, "-O2", "-o", made, HERE / "loadgen.c"], check=False)
        return [str(made)] if done.returncode == 0 else None


def closing(request: bytes) -> bytes:
    """The same request, on a connection that ends with its answer."""
    return request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
