"""How long a daemon takes until it serves: one that is started, and one that a client's connection starts."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
import time
from statistics import median
from typing import TYPE_CHECKING

from page import show_progress, table
from stack import Stack

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

RUNS = 5
PATIENCE = 20.0
"""Seconds that a client waits for its answer."""

FIRST = 3
"""The first descriptor that a service manager hands on (sd_listen_fds(3))."""

CLEAR_OF_FIRST = 50

STARTED = "serves SDKs, once it is started"
ANSWERS = "answers xacctctl, once it is started"
ACTIVATED = "answers the SDK that connects to its socket, and is started by that"
ACTIVATED_BY_COMMAND = "answers the xacctctl that connects to its socket, and is started by that"


def time_to_ready(scratch: Path) -> dict[str, list[float]]:
    """Milliseconds, by what is waited for."""
    times: dict[str, list[float]] = {}
    with Stack(scratch / "ready", daemon=False, apart=True) as stack:
        for _ in range(RUNS):
            for name, taken in {**_started(stack), **_activated(stack)}.items():
                times.setdefault(name, []).append(taken)
            show_progress()
    return times


def _started(stack: Stack) -> dict[str, float]:
    """A daemon that makes its own listeners: until its endpoint takes a connection, and until xacctctl is answered."""
    began = time.perf_counter()
    stack.daemon = stack._spawn(["-m", "xacct.daemon"], stack.env, "daemon.log")  # noqa: SLF001
    _wait_for(stack.port)
    serves = _since(began)
    while stack._answers() is None:  # noqa: SLF001
        time.sleep(0.002)
    answers = _since(began)
    stack.stop()
    return {STARTED: serves, ANSWERS: answers}


def _activated(stack: Stack) -> dict[str, float]:
    """As systemd does it at a connection: from that until its answer has come. Each client finds no daemon yet."""
    control, endpoint = str(stack.socket), ("127.0.0.1", stack.port)
    return {
        ACTIVATED: _first_answer(stack, endpoint, f"GET /v1/role/none HTTP/1.1\r\nHost: 127.0.0.1:{stack.port}"),
        ACTIVATED_BY_COMMAND: _first_answer(stack, control, "GET /v1/version HTTP/1.1\r\nHost: xacct"),
    }


def _first_answer(stack: Stack, address: str | tuple[str, int], request: str) -> float:
    stack.socket.unlink(missing_ok=True)
    with socket.socket() as endpoint, socket.socket(socket.AF_UNIX) as control:
        endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        endpoint.bind(("127.0.0.1", stack.port))
        control.bind(str(stack.socket))
        stack.socket.chmod(0o600)
        for listener in (endpoint, control):
            listener.listen()
        with socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET) as client:
            client.settimeout(PATIENCE)
            began = time.perf_counter()
            client.connect(address)
            client.sendall(f"{request}\r\n\r\n".encode())
            stack.daemon = _passed_to(stack, endpoint, control)
            if not client.recv(1):
                raise SystemExit(f"xacctd has not answered: {stack.log()}")
            took = _since(began)
    stack.stop()
    return took


def _passed_to(stack: Stack, *listeners: socket.socket) -> subprocess.Popen[bytes]:
    """A daemon that gets these listeners, from descriptor FIRST on."""
    passed = [fcntl.fcntl(listener, fcntl.F_DUPFD, CLEAR_OF_FIRST) for listener in listeners]
    moves = " ".join(f"{FIRST + place}<&{high} {high}<&-" for place, high in enumerate(passed))
    # A shell, for LISTEN_PID has to say the pid.
    command = ["bash", "-c", f'exec {moves}; LISTEN_PID=$$ exec "$0" -m xacct.daemon', sys.executable]
    environment = {**stack.env, "LISTEN_FDS": str(len(listeners)), "LISTEN_FDNAMES": ":".join("s" for _ in listeners)}
    with (stack.dir / "daemon.log").open("ab") as log:
        started = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=passed
        )
    for descriptor in passed:
        os.close(descriptor)
    return started


def _since(began: float) -> float:
    return (time.perf_counter() - began) * 1000


def _wait_for(port: int) -> None:
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 5).close()
        except OSError:
            time.sleep(0.002)
        else:
            return


def ready_table(times: Mapping[str, Sequence[float]]) -> str:
    """Medians."""
    return table([["a daemon", "median ms"], *([name, f"{median(ms):.0f}"] for name, ms in times.items())])
