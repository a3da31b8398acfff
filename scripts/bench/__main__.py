"""Measure xacct on this machine, side by side with the least that could do the job and with whom you name.

usage: make bench           (or: .venv/bin/python scripts/bench [--rounds N] [--only SUBJECT] [--no-file] [--peer ...])

Prints a report and writes it to docs/benchmarks.md. What is compared takes turns in short rounds; medians over the
rounds are shown, and the medians of each round's ratios: a busy minute on the machine then hits both sides alike.
Nothing of the user's is touched: sandbox and daemon run in a directory of their own (tests/support/stack.py).
Each subject is a file: race.py (the endpoint), events.py, logins.py, commands.py and ready.py (start-up), many.py
(thousands of roles), memory.py.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(1, str(ROOT / "tests" / "support"))
import commands  # noqa: E402
import events  # noqa: E402
import logins  # noqa: E402
import many  # noqa: E402
import memory  # noqa: E402
import page  # noqa: E402
import race  # noqa: E402
import ready  # noqa: E402
from bare import bare_server, has_uvloop  # noqa: E402
from generator import Generator  # noqa: E402
from page import machine, table  # noqa: E402
from peers import compiled, peer  # noqa: E402

REPORT = ROOT / "docs" / "benchmarks.md"
BY_HAND = "<!-- What follows is written by hand; `make bench` keeps it. -->\n"
MANY = (1000, 5000)
"""Roles of those whose status is timed."""

_READING = {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}
NARROWED = {"policy": json.dumps({"Version": "2012-10-17", "Statement": [_READING]})}
"""The scope of a grant whose fetches are timed beside those of one without."""

SUBJECTS = ("endpoint", "events", "logins", "start-up", "many", "memory")

ENDPOINT = """\
## The endpoint

Each client has one request under way. The load generator runs on the same machine ({generator}). The processor
time is that of the server's process by the kernel's own count (schedstat). The bare server is an `asyncio.Protocol`
that looks at nothing and sends the same bytes. Its answer costs no check; xacctd's costs a strict look at the
request's head, the kernel's word on who is calling, the grant by the hash of its token, whether the credentials are
fresh, and the audit. The server in Go does what tools written in it do: a token compared, and JSON by net/http
([go_server.go](../scripts/bench/go_server.go)). Medians of {rounds} rounds of {seconds} s each; ratios are
medians of each round's.

{tables}

What that means: an SDK fetches credentials a few times an hour. The endpoint is nowhere near being anybody's
bottleneck; what counts is that a request costs little and is answered at once.
"""

EVENTS = """\
## While something large goes on

One client asks each two milliseconds, on a new connection; shown is the longest that it waited for an answer. {rounds}
rounds, each with a daemon of its own.

{table}
"""

LOGINS = """\
## Logging in

STS is the sandbox on the same machine, so no network is measured. {rounds} rounds, each with a daemon of its own, which
knows 1,000 roles. Forty calls go out at once, ten a second after that: AWS throttles who asks more.

{table}
"""

START_UP = """\
## Start-up

A command from start to end, {rounds} rounds, role held, bytecode compiled, as `make install` has it run; beside it a
Python that starts and ends, with what its venv adds. Wall time has what the daemon does in it. Processor time is the
command's own. `status` prints a line for each role that is configured.

{commands}

While the command of an `exec` runs, the xacctctl that waits for it has {resident:.1f} MiB resident; {part:.1f} MiB
where what several processes map counts in parts.

{ready}
"""

MANY_ROLES = """\
## Thousands of roles

What somebody at a terminal waits for with {many:,} configured roles, and with {few}; `prod` is held. Measured on
{date}, in turns, {rounds} rounds, with {load:.1f} other processes busy on average when the run began. Medians, and
medians of each round's difference. A shell runs such a command for each press of the tab key. Processor time is the
command's and the daemon's together, which is what a machine with nothing else to do takes.

{commands}

The picker, on a terminal of {columns} columns and {lines} lines, from the moment a key is there until what is drawn is
known: a filter is typed key by key.

{picker}
"""

MEMORY = """\
## Memory

Memory of the daemon, median of {rounds} fresh ones. PSS counts shared pages by their share, USS not at all.

{table}

The AWS SDK is loaded when a code is first asked for, and not before.
"""


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


def start_up(stack: memory.Stack, scratch: Path) -> str:
    """The table of the daily commands' times."""
    rows = commands.rows(commands.daily(stack))
    for roles in MANY:
        with memory.Stack(scratch / f"r{roles}", daemon=False, apart=True) as many:
            commands.configure(many, roles)
            many.start("--log-level", "info")
            many.login("prod")
            rows += commands.rows(commands.long_status(many, roles))[1:]
    return table([list(commands.HEADINGS), *rows])


def measure(rounds: int, only: list[str], peers: list[str]) -> str:
    """Measure; returns the page."""
    began = time.monotonic()
    # Start-up would be measured without the bytecode that an installation has.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    parts = []
    with ExitStack() as exits:
        scratch = Path(tempfile.mkdtemp(prefix="xacct-bench-", dir="/tmp"))
        exits.callback(shutil.rmtree, scratch, ignore_errors=True)
        generator = Generator(scratch)
        stack = exits.enter_context(memory.stack_in(scratch / "s"))
        stack.login("prod")
        request, answer = sample(stack.environment("prod"))
        loops = ["uvloop", "asyncio"] if has_uvloop() else ["asyncio"]
        bare = [exits.enter_context(bare_server(loop, answer)) for loop in loops]
        if "endpoint" in only:
            others = [exits.enter_context(peer(said, stack.env)) for said in [*compiled(scratch), *peers]]
            narrowed, _ = sample(stack.environment("prod", scope=NARROWED))  # derived here, before anybody counts
            here = stack.port, stack.daemon.pid
            ours = [
                race.Server(f"xacctd ({loops[0]})", *here),
                race.Server("xacctd, a narrowed grant", *here, narrowed),
            ]
            servers = [*ours, *bare, *others]
            race.race(generator, servers, request, rounds)
            tables = race.tables(servers)
            seconds = race.SECONDS
            parts.append(ENDPOINT.format(generator=generator.name, rounds=rounds, seconds=seconds, tables=tables))
        if "events" in only:
            found = events.during_events(generator, scratch)
            parts.append(EVENTS.format(rounds=events.ROUNDS, table=events.events_table(found)))
        if "logins" in only:
            parts.append(LOGINS.format(rounds=logins.ROUNDS, table=logins.logins_table(logins.logins(scratch))))
        if "start-up" in only:
            times, (resident, part) = start_up(stack, scratch), commands.exec_memory(stack)
            started = ready.ready_table(ready.time_to_ready(scratch))
            said = {"rounds": commands.ROUNDS, "commands": times, "resident": resident, "part": part, "ready": started}
            parts.append(START_UP.format(**said))
        if "many" in only:
            said = {"few": many.FEW, "many": many.MANY, "rounds": many.ROUNDS, "load": page.LOAD_BEFORE}
            said |= {"columns": many.SIZE[0], "lines": many.SIZE[1], "date": f"{datetime.now(UTC):%Y-%m-%d}"}
            parts.append(MANY_ROLES.format(**said, **many.measured(scratch)))
        if "memory" in only:
            held = {f"bare Protocol, {loops[0]}": [memory.memory_of(bare[0].pid)], **memory.memory(scratch)}
            parts.append(MEMORY.format(rounds=memory.MEMORY_RUNS, table=memory.memory_table(held)))
    print(file=sys.stderr)
    took = time.monotonic() - began
    head = f"""\
# Benchmarks

Written by `make bench`; do not edit but where it says so. One run, {datetime.now(UTC):%Y-%m-%d}, {took:.0f} s, on
this kind of machine: {machine()}.

Absolute figures say more about the machine than about xacct. The ratios are what to look at: whatever is compared
took turns in the same minute.
"""
    return "\n".join([head, *parts])


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(description="Measure xacct on this machine.")
    parser.add_argument("--rounds", type=int, default=13, help="turns of each server under load (default: 13)")
    parser.add_argument("--no-file", action="store_true", help="print only; leave docs/benchmarks.md alone")
    parser.add_argument("--only", choices=SUBJECTS, action="append", help="measure this subject; prints only")
    parser.add_argument(
        "--peer", metavar="NAME=COMMAND", action="append", default=[], help="one more server beside us: see peers.py"
    )
    arguments = parser.parse_args()
    text = measure(arguments.rounds, arguments.only or list(SUBJECTS), arguments.peer)
    print(text)
    if not (arguments.no_file or arguments.only):
        kept = REPORT.read_text(encoding="utf-8").partition(BY_HAND)[2]
        REPORT.write_text(f"{text}\n{BY_HAND}{kept}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
