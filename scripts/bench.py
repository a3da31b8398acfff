"""Measure xacct on this machine, side by side with the least that could do the job, in less than two minutes.

usage: make bench           (or: .venv/bin/python scripts/bench.py [--rounds N] [--no-file])

Prints a report and writes it to docs/benchmarks.md. What is compared takes turns in short rounds; medians over the
rounds are shown, and the medians of each round's ratios: a busy minute on the machine then hits both sides alike.
Nothing of the user's is touched: sandbox and daemon run in a directory of their own (tests/support/stack.py).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import bench_commands  # noqa: E402
from stack import Stack  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

REPORT = ROOT / "docs" / "benchmarks.md"
HOST = "127.0.0.1"
CLIENTS = 16
SECONDS = 0.5
"""One turn of one server under load."""

MEMORY_RUNS = 3
TICK = os.sysconf("SC_CLK_TCK")
MIB = 1024.0
LOAD_BEFORE = os.getloadavg()[0]


# The least that could do the job: a server that looks at nothing and sends the same bytes.


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


def serve_bare(loop_name: str, answer: bytes) -> None:
    """Serve until killed; the port goes to stdout."""
    Bare.answer = answer

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(Bare, HOST, 0, backlog=4096)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()

    _runner(loop_name)(serve())


def _runner(loop_name: str) -> Any:
    if loop_name == "uvloop":
        import uvloop  # noqa: PLC0415

        return uvloop.run
    return asyncio.run


# The load.


@dataclass
class Load:
    """CLIENTS clients, each with one request under way, for SECONDS. `length` is that of a complete answer."""

    port: int
    keep_alive: bool
    length: int
    request: bytes
    latencies: list[float] = field(default_factory=list)

    async def run(self) -> dict[str, float]:
        """The figures: requests a second, how many, and percentiles in milliseconds."""
        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(CLIENTS):
                group.create_task(self._client(began + SECONDS))
        took = time.perf_counter() - began
        ordered = sorted(self.latencies)
        return {
            "rate": len(ordered) / took,
            "count": len(ordered),
            "p50": ordered[len(ordered) // 2] * 1000,
            "p99": ordered[len(ordered) * 99 // 100] * 1000,
        }

    async def _client(self, end: float) -> None:
        kept = await self._connect() if self.keep_alive else None
        while (began := time.perf_counter()) < end:
            sock = kept or await self._connect()
            await self._exchange(sock)
            self.latencies.append(time.perf_counter() - began)
            if not kept:
                sock.close()
        if kept:
            kept.close()

    async def _connect(self) -> socket.socket:
        sock = socket.socket()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(sock, (HOST, self.port))
        return sock

    async def _exchange(self, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(sock, self.request)
        left = self.length
        while left > 0:
            piece = await loop.sock_recv(sock, 16384)
            if not piece or (left == self.length and not piece.startswith(b"HTTP/1.1 200")):
                raise ConnectionError(piece[:80])
            left -= len(piece)


def _has_uvloop() -> bool:
    try:
        import uvloop  # noqa: F401, PLC0415
    except ImportError:
        return False
    return True


# The three measurements.


@dataclass
class Server:
    """One contestant of the endpoint's race."""

    name: str
    port: int
    pid: int
    rounds: dict[bool, list[dict[str, float]]] = field(default_factory=lambda: {True: [], False: []})


def race(servers: Sequence[Server], request: bytes, length: int, rounds: int) -> None:
    """Take turns, each round in another order."""
    for number in range(rounds):
        for keep_alive in (False, True):
            for place in range(len(servers)):
                server = servers[(place + number) % len(servers)]
                server.rounds[keep_alive].append(turn(server, request, length, keep_alive=keep_alive))
                show_progress()


def turn(server: Server, request: bytes, length: int, *, keep_alive: bool) -> dict[str, float]:
    """One server under load, and the processor time it took."""
    if not keep_alive:
        request = request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    before = cpu_seconds(server.pid)
    done = subprocess.run(
        [sys.executable, __file__, "--load", str(server.port), "keep-alive" if keep_alive else "new", str(length)],
        input=request,
        stdout=subprocess.PIPE,
        check=True,
        timeout=SECONDS + 20,
    )
    figures: dict[str, float] = json.loads(done.stdout)
    figures["cpu"] = (cpu_seconds(server.pid) - before) / figures["count"] * 1e6
    return figures


def cpu_seconds(pid: int) -> float:
    """Processor time of a process so far; 0 where there is no procfs."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICK


def start_up(stack: Stack, scratch: Path) -> str:
    """The table of the daily commands' times."""
    rows = bench_commands.rows(bench_commands.daily(stack))
    for roles in MANY:
        with Stack(scratch / f"r{roles}", daemon=False, apart=True) as many:
            bench_commands.configure(many, roles)
            many.start("--log-level", "info")
            many.login("prod")
            rows += bench_commands.rows(bench_commands.long_status(many, roles))[1:]
    return table([list(bench_commands.HEADINGS), *rows])


MANY = (1000, 5000)
"""Roles of those whose status is timed."""

FLEET = [f"fleet-{number:02d}" for number in range(1, 21)]


def memory(scratch: Path) -> dict[str, list[float]]:
    """Resident memory of fresh daemons, in MiB."""
    found: dict[str, list[float]] = {"idle": [], "after one login": [], "with 20 roles held": []}
    for number in range(MEMORY_RUNS):
        # Each with a sandbox of its own: an MFA device shows one code in thirty seconds.
        with stack_in(scratch / f"m{number}") as stack:
            time.sleep(0.5)
            found["idle"].append(resident(stack.daemon.pid))
            stack.login("prod")
            time.sleep(0.5)
            found["after one login"].append(resident(stack.daemon.pid))
            stack.login(*FLEET[:19], code="000000")  # no code is asked for: the session is there
            time.sleep(0.5)
            found["with 20 roles held"].append(resident(stack.daemon.pid))
            held = sum(role["state"] == "held" and role["role_arn"] is not None for role in stack.status()["roles"])
            if held != len(FLEET):
                raise SystemExit(f"{held} roles are held, not {len(FLEET)}")
        show_progress()
    return found


def resident(pid: int) -> float:
    """Resident memory of a process in MiB."""
    shown = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(shown.stdout) / MIB


# Putting it together.


@contextmanager
def stack_in(directory: Path) -> Iterator[Stack]:
    """A sandbox, and a daemon that logs as it does by default."""
    with Stack(directory, daemon=False, apart=True) as stack:
        stack.start("--log-level", "info")
        yield stack


@contextmanager
def bare_server(loop_name: str, answer: bytes) -> Iterator[Server]:
    """A bare server in a process of its own."""
    child = subprocess.Popen(
        [sys.executable, __file__, "--bare", loop_name], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert child.stdin is not None  # noqa: S101
        assert child.stdout is not None  # noqa: S101
        child.stdin.write(answer)
        child.stdin.close()
        yield Server(f"bare Protocol, {loop_name}", int(child.stdout.readline()), child.pid)
    finally:
        child.terminate()
        child.wait()
        if child.stdout:
            child.stdout.close()


def sample(environment: dict[str, str]) -> tuple[bytes, bytes]:
    """A request as an SDK makes it, and the endpoint's answer to it."""
    url = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
    authority, _, path = url.removeprefix("http://").partition("/")
    request = (
        f"GET /{path} HTTP/1.1\r\nHost: {authority}\r\nAccept: application/json\r\n"
        f"Authorization: {environment['AWS_CONTAINER_AUTHORIZATION_TOKEN']}\r\nUser-Agent: bench/1.0\r\n\r\n"
    ).encode()
    host, _, port = authority.partition(":")
    answer = b""
    with socket.create_connection((host, int(port)), 5) as sock:
        sock.sendall(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        while piece := sock.recv(16384):
            answer += piece
    if not answer.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"The endpoint does not serve: {answer[:80]!r}")
    return request, answer


def measure(rounds: int) -> str:
    """Measure everything; returns the report."""
    began = time.monotonic()
    # Start-up would be measured without the bytecode that an installation has.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with ExitStack() as exits:
        scratch = Path(tempfile.mkdtemp(prefix="xacct-bench-", dir="/tmp"))
        exits.callback(shutil.rmtree, scratch, ignore_errors=True)
        stack = exits.enter_context(stack_in(scratch / "s"))
        stack.login("prod")
        request, answer = sample(stack.environment("prod"))
        loops = ["uvloop", "asyncio"] if _has_uvloop() else ["asyncio"]
        bare = [exits.enter_context(bare_server(loop, answer)) for loop in loops]
        servers = [Server(f"xacctd ({loops[0]})", stack.port, stack.daemon.pid), *bare]
        race(servers, request, len(answer), rounds)
        times = start_up(stack, scratch)
        left = bench_commands.exec_memory(stack)
        held = {"bare Protocol, " + loops[0]: [resident(bare[0].pid)], **memory(scratch)}
    print(file=sys.stderr)
    return report(servers, times, left, held, rounds, time.monotonic() - began)


def show_progress() -> None:
    """A dot, where people look and files don't."""
    print(".", end="", file=sys.stderr, flush=True)


# The report.


def table(rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose columns line up."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for first, *others in rows:
        cells = [first.ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(others, widths[1:], strict=True))]
        lines.append("| " + " | ".join(cells) + " |")
    rule = "|" + "|".join("-" * (w + 2) if i == 0 else "-" * (w + 1) + ":" for i, w in enumerate(widths)) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def race_table(servers: Sequence[Server], *, keep_alive: bool) -> str:
    """Medians, and xacctd's ratio to each of the others."""
    ours = servers[0].rounds[keep_alive]
    rows = [["", "requests/s", "p50 ms", "p99 ms", "CPU us/request", "xacctd serves", "xacctd's CPU"]]
    for server in servers:
        theirs = server.rounds[keep_alive]
        rows.append(
            [
                server.name,
                f"{median(r['rate'] for r in theirs):,.0f}",
                f"{median(r['p50'] for r in theirs):.2f}",
                f"{median(r['p99'] for r in theirs):.2f}",
                f"{median(r['cpu'] for r in theirs):.0f}" if all(r["cpu"] for r in theirs) else "-",
                *(["", ""] if server is servers[0] else ratios(ours, theirs)),
            ]
        )
    return table(rows)


def ratios(ours: Sequence[dict[str, float]], theirs: Sequence[dict[str, float]]) -> list[str]:
    """Ours to theirs, round by round: requests a second, processor time a request."""
    pairs = list(zip(ours, theirs, strict=True))
    rate = f"x {median(mine['rate'] / other['rate'] for mine, other in pairs):.2f}"
    if not all(other["cpu"] for other in theirs):
        return [rate, "-"]
    return [rate, f"x {median(mine['cpu'] / other['cpu'] for mine, other in pairs):.2f}"]


def machine() -> str:
    """What kind of machine this is; nothing that tells which."""
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    kernel = platform.release().partition("-")[0]
    return (
        f"{model}, {os.cpu_count()} cores; {platform.system()} {kernel}; "
        f"{platform.python_implementation()} {platform.python_version()}; "
        f"busy with {LOAD_BEFORE:.1f} other processes on average when the run began"
    )


def report(
    servers: Sequence[Server],
    times: str,
    left: tuple[float, float],
    held: dict[str, list[float]],
    rounds: int,
    took: float,
) -> str:
    """The page."""
    memory_rows = [["", "resident MiB"], *([name, f"{median(values):.1f}"] for name, values in held.items())]
    memory_rows[1][0] += ", for comparison"
    return f"""\
# Benchmarks

Written by `make bench`; do not edit. One run, {datetime.now(UTC):%Y-%m-%d}, {took:.0f} s, on this kind of machine:
{machine()}.

Absolute figures say more about the machine than about xacct. The ratios are what to look at: whatever is compared
took turns in the same minute.

## The endpoint

{CLIENTS} clients, each with one request under way, in one load generator (Python, raw sockets) on the same machine:
server and generator share its cores, and the generator is often the slower of the two. So look at the processor
time that the server took for a request, too. The bare server is an `asyncio.Protocol` that looks at nothing and
sends the same bytes. Its answer costs no check; xacctd's costs a strict look at the request's head, the grant by the
hash of its token, and whether the credentials are fresh. Medians of {rounds} rounds of {SECONDS} s each; ratios are
medians of each round's.

A new connection for each request, as SDKs do it:

{race_table(servers, keep_alive=False)}

Connections kept open:

{race_table(servers, keep_alive=True)}

What that means: an SDK fetches credentials a few times an hour. The endpoint is nowhere near being anybody's
bottleneck; what counts is that a request costs little and is answered at once.

## Start-up

A command from start to end, {bench_commands.ROUNDS} rounds, role held, bytecode compiled, as `make install` has it
run; beside it a Python that starts and ends, with what its venv adds. Wall time has what the daemon does in it.
Processor time is the command's own. `status` prints a line for each role that is configured.

{times}

While the command of an `exec` runs, the xacctctl that waits for it has {left[0]:.1f} MiB resident; {left[1]:.1f} MiB
where what several processes map counts in parts.

## Memory

Resident memory of the daemon, median of {MEMORY_RUNS} fresh ones.

{table(memory_rows)}

The AWS SDK is loaded at the first call to STS, and not before; it is most of the difference between the first two.
"""


def main() -> int:
    """Measure, or be one of the processes that are measured with."""
    parser = argparse.ArgumentParser(description="Measure xacct on this machine.")
    parser.add_argument("--rounds", type=int, default=13, help="turns of each server under load (default: 13)")
    parser.add_argument("--no-file", action="store_true", help="print only; leave docs/benchmarks.md alone")
    parser.add_argument("--bare", help=argparse.SUPPRESS)
    parser.add_argument("--load", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.bare:
        serve_bare(arguments.bare, sys.stdin.buffer.read())
    elif arguments.load:
        port, mode, length = arguments.load
        load = Load(int(port), mode == "keep-alive", int(length), sys.stdin.buffer.read())
        print(json.dumps(_runner("uvloop" if _has_uvloop() else "asyncio")(load.run())))
    else:
        page = measure(arguments.rounds)
        print(page)
        if not arguments.no_file:
            REPORT.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
