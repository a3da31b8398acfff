"""The endpoint under load, beside bare servers and peers: rates, latencies, and processor time a request."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from page import show_progress, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator import Generator

SECONDS = 0.5
"""One turn of one server under load."""

MODES = (("new", 16), ("new", 1), ("keep", 16), ("keep", 1))
"""How connections are used, and by how many clients."""

TITLES = {
    ("new", 16): "A new connection for each request, as SDKs do it, 16 clients",
    ("new", 1): "The same, one client",
    ("keep", 16): "Connections kept open, 16 clients",
    ("keep", 1): "The same, one client",
}

NANO = 1e-9


@dataclass
class Server:
    """One contestant.

    Attributes:
        request: what it is asked; None: what xacctd is asked.
        rounds: what was found, round by round.
    """

    name: str
    port: int
    pid: int
    request: bytes | None = None
    rounds: dict[tuple[str, int], list[dict[str, float]]] = field(default_factory=dict)


def race(generator: Generator, servers: Sequence[Server], request: bytes, rounds: int) -> None:
    """Take turns, each round in another order."""
    for number in range(rounds):
        for mode in MODES:
            for place in range(len(servers)):
                server = servers[(place + number) % len(servers)]
                server.rounds.setdefault(mode, []).append(_turn(generator, server, request, *mode))
        show_progress()


def _turn(generator: Generator, server: Server, request: bytes, mode: str, clients: int) -> dict[str, float]:
    """One server under load, and the processor time it took."""
    before = cpu_seconds(server.pid)
    found = generator.run(server.port, mode, server.request or request, clients, SECONDS)
    if not found["ok"] or found["ok"] < found["count"]:
        raise SystemExit(f"{server.name} does not serve: {found}")
    found["cpu"] = (cpu_seconds(server.pid) - before) / found["count"] * 1e6
    return found


def cpu_seconds(pid: int) -> float:
    """Processor time of all of a process's threads so far, to the nanosecond; 0 where there is no procfs."""
    total = 0
    try:
        for task in os.scandir(f"/proc/{pid}/task"):
            total += int(Path(task.path, "schedstat").read_text(encoding="ascii").split()[0])
    except OSError:
        return 0.0
    return total * NANO


def tables(servers: Sequence[Server]) -> str:
    """One table for each mode."""
    return "\n\n".join(f"{title}:\n\n{_table(servers, mode)}" for mode, title in TITLES.items())


def _table(servers: Sequence[Server], mode: tuple[str, int]) -> str:
    """Medians, and xacctd's ratio to each of the others."""
    ours = servers[0].rounds[mode]
    rows = [["", "requests/s", "p50 ms", "p99 ms", "CPU us/request", "xacctd serves", "xacctd's p50", "xacctd's CPU"]]
    for server in servers:
        theirs = server.rounds[mode]
        beside = ["", "", ""] if server is servers[0] else [_ratio(ours, theirs, of) for of in ("rate", "p50", "cpu")]
        rows.append(
            [
                server.name,
                f"{median(r['rate'] for r in theirs):,.0f}",
                f"{median(r['p50'] for r in theirs):.3f}",
                f"{median(r['p99'] for r in theirs):.3f}",
                f"{median(r['cpu'] for r in theirs):.1f}" if all(r["cpu"] for r in theirs) else "-",
                *beside,
            ]
        )
    return table(rows)


def _ratio(ours: Sequence[dict[str, float]], theirs: Sequence[dict[str, float]], of: str) -> str:
    """The median of ours to theirs, round by round."""
    if not all(other[of] for other in theirs):
        return "-"
    return f"x {median(mine[of] / other[of] for mine, other in zip(ours, theirs, strict=True)):.2f}"
