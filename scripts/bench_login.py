"""Measure logging in: from a code typed to a role held, many roles at once, one role behind a thousand, and memory.

usage: .venv/bin/python scripts/bench_login.py [--rounds N] [--against DIR]

With --against, another checkout (a `git worktree` of an older commit, say) takes turns with this one, and each figure
has its ratio. Both run on this interpreter and its packages. Nothing of the user's is touched: sandbox and daemon run
in a directory of their own (tests/support/stack.py). STS is the sandbox on the same machine, so no network is measured.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from stack import Stack, Unix  # noqa: E402

if TYPE_CHECKING:
    import http.client
    from collections.abc import Iterator

TYPING = 1.5
"""Seconds from a prompt to its answer: as long as a quick human takes."""

LEAVE = 1.0
"""Seconds of a bulk before somebody else comes, or it is given up: the bucket is empty by then."""

ROLES = 1000
PROFILE = """
[profile many-{number:04d}]
role_arn = arn:aws:iam::456789012345:role/fleet-01
source_profile = central
mfa_serial = arn:aws:iam::123456789012:mfa/MyIAMUsername
region = eu-central-1
"""

FIGURES = {
    "code typed -> first role held, ms": 1000.0,
    "longest wait of another client meanwhile, ms": 1000.0,
    "20 roles, s": 1.0,
    "20 roles, ms of processor time": 1.0,
    "80 roles, s": 1.0,
    "80 roles, ms of processor time": 1.0,
    "900 roles with --lazy, s": 1.0,
    "900 roles with --lazy, ms of processor time": 1.0,
    "one role behind a bulk of 900, s": 1.0,
    "one role behind a bulk of 900 that was given up, s": 1.0,
    "memory (PSS) before the first login, MiB": 1.0,
    "memory (PSS) after it, MiB": 1.0,
}
"""What is measured, and what its seconds or MiB are multiplied by."""


class Stream:
    """A login whose events are read one by one."""

    def __init__(self, stack: Stack, names: list[str], **more: Any) -> None:
        self._connection = Unix(stack.socket, 120)
        self._connection.request("POST", "/v1/login", json.dumps({"roles": names, **more}))
        self._answer: http.client.HTTPResponse = self._connection.getresponse()

    def until(self, event: str) -> dict[str, Any]:
        """Read on to an event of this name."""
        while line := self._answer.readline():
            found: dict[str, Any] = json.loads(line) if line.strip() else {}
            if found.get("event") == "failed":
                raise SystemExit(f"A login failed: {found}")
            if found.get("event") == event:
                return found
        raise SystemExit(f"The stream ended before {event!r}.")

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


class Probe(threading.Thread):
    """Another client of the endpoint, who asks again and again; how long it has waited at most."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._over = threading.Event()
        self.worst = 0.0

    def run(self) -> None:
        """Ask until told to stop. That it is refused (no token) changes nothing: each takes the loop's turn."""
        while not self._over.wait(0.003):
            began = time.perf_counter()
            with socket.create_connection(("127.0.0.1", self._port), 30) as sock:
                sock.sendall(b"GET /v1/role/none HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % self._port)
                sock.recv(4096)
            self.worst = max(self.worst, time.perf_counter() - began)

    def stop(self) -> float:
        """End it."""
        self._over.set()
        self.join(30)
        return self.worst


def measured(source: Path, directory: Path) -> dict[str, float]:
    """One run of a checkout's daemon: what FIGURES names, as far as it can do that."""
    found: dict[str, float] = {}
    with stack_of(source, directory) as stack:
        time.sleep(1)
        found["memory (PSS) before the first login, MiB"] = memory(stack.daemon.pid)
        typed, worst = first_login(stack)
        found["code typed -> first role held, ms"] = typed
        found["longest wait of another client meanwhile, ms"] = worst
        time.sleep(0.5)
        found["memory (PSS) after it, MiB"] = memory(stack.daemon.pid)
        # Each pause fills the bucket of calls again.
        taken = iter(names(0, ROLES))
        for count in (20, 80):
            time.sleep(5)
            before = processor(stack.daemon.pid)
            found[f"{count} roles, s"] = timed(stack, [next(taken) for _ in range(count)])
            found[f"{count} roles, ms of processor time"] = processor(stack.daemon.pid) - before
        rest = list(taken)  # 900 of the thousand
        if can_be_lazy(stack):
            before = processor(stack.daemon.pid)
            found["900 roles with --lazy, s"] = timed(stack, rest, lazy=True)
            found["900 roles with --lazy, ms of processor time"] = processor(stack.daemon.pid) - before
        time.sleep(5)
        bulk = Stream(stack, rest, attend=False)
        time.sleep(LEAVE)
        found["one role behind a bulk of 900, s"] = timed(stack, ["prod"])
        bulk.close()
        time.sleep(LEAVE)
        found["one role behind a bulk of 900 that was given up, s"] = timed(stack, ["staging"])
    return found


@contextmanager
def stack_of(source: Path, directory: Path) -> Iterator[Stack]:
    """A sandbox with a thousand roles more, and a daemon whose code is that of `source`."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(source / "src")
    try:
        with Stack(directory, daemon=False, apart=True) as stack:
            with Path(stack.env["AWS_CONFIG_FILE"]).open("a", encoding="utf-8") as config:
                config.writelines(PROFILE.format(number=number) for number in range(ROLES))
            stack.start("--log-level", "info")
            yield stack
    finally:
        os.environ.pop("PYTHONPATH")
        if before is not None:
            os.environ["PYTHONPATH"] = before


def names(first: int, count: int) -> list[str]:
    """Some of the thousand."""
    return [f"many-{number:04d}" for number in range(first, first + count)]


def first_login(stack: Stack) -> tuple[float, float]:
    """Seconds from a prompt's answer to the role held, and how long another client waited since the login began."""
    probe = Probe(stack.port)
    probe.start()
    stream = Stream(stack, ["fleet-01"], attend=True)
    prompt = stream.until("prompt")["prompt"]
    time.sleep(TYPING)
    code = stack.code()
    began = time.perf_counter()
    stack.api("POST", f"/v1/prompts/{prompt['id']}", {"code": code})
    stream.until("held")
    took = time.perf_counter() - began
    stream.until("done")
    stream.close()
    return took, probe.stop()


def timed(stack: Stack, roles: list[str], **more: Any) -> float:
    """Seconds that a login of roles takes; no code is needed any more."""
    began = time.perf_counter()
    stream = Stream(stack, roles, attend=False, **more)
    stream.until("done")
    stream.close()
    return time.perf_counter() - began


def can_be_lazy(stack: Stack) -> bool:
    """Whether this daemon can log in without fetching."""
    events = stack.api("POST", "/v1/login", {"roles": ["open"], "attend": False, "lazy": True})
    return any(event["event"] == "logged-in" for event in events)


def processor(pid: int) -> float:
    """Milliseconds that the threads a process has now have run: to the nanosecond, however busy the machine is."""
    shown = [(task / "schedstat").read_text(encoding="ascii") for task in Path(f"/proc/{pid}/task").iterdir()]
    return sum(int(each.split()[0]) for each in shown) / 1e6


def memory(pid: int) -> float:
    """Proportional set size of a process in MiB: what it holds, and its share of what it shares."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def report(rounds: list[list[dict[str, float]]]) -> str:
    """A row a figure: medians, and the median of each round's ratio."""
    compared = len(rounds[0]) > 1
    width = max(map(len, FIGURES))
    lines = [f"{'':{width}} {'this':>9}" + (f" {'other':>9} {'ratio':>7}" if compared else "")]
    for name, factor in FIGURES.items():
        ours = [each[0][name] * factor for each in rounds if name in each[0]]
        line = f"{name:{width}} {median(ours):9.2f}" if ours else f"{name:{width}} {'-':>9}"
        if compared:
            theirs = [each[1][name] * factor for each in rounds if name in each[1]]
            line += f" {median(theirs):9.2f}" if theirs else f" {'-':>9}"
            if ours and theirs:
                line += f" {median(mine / other for mine, other in zip(ours, theirs, strict=True)):7.2f}"
        lines.append(line)
    return "\n".join(lines)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure logging in.")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each side (default: 3)")
    parser.add_argument("--against", type=Path, metavar="DIR", help="another checkout, to compare with")
    arguments = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sides = [ROOT, *([arguments.against.resolve()] if arguments.against else [])]
    rounds: list[list[dict[str, float]]] = []
    scratch = Path(tempfile.mkdtemp(prefix="xacct-bench-", dir="/tmp"))
    try:
        for number in range(arguments.rounds):
            order = sides if number % 2 == 0 else sides[::-1]
            by_side = {side: measured(side, scratch / f"{number}-{sides.index(side)}") for side in order}
            rounds.append([by_side[side] for side in sides])
            print(".", end="", file=sys.stderr, flush=True)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print(file=sys.stderr)
    print(report(rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
