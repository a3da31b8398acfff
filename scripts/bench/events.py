"""The longest that another client's fetch takes while something large goes on: a probe asks each two milliseconds."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from memory import FLEET, stack_in
from page import show_progress, table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from generator import Generator
    from stack import Stack

ROUNDS = 3
QUIET = 0.3
"""Seconds before and after an event that the probe runs as well."""

PROFILES = 5000
GRANTS = 1000
BULK = 80
PATIENCE = 20.0
"""Seconds in which a daemon has ended whose successor serves."""


def during_events(generator: Generator, scratch: Path) -> dict[str, list[float]]:
    """Milliseconds, by what went on."""
    found: dict[str, list[float]] = {}
    for number in range(ROUNDS):
        with stack_in(scratch / f"e{number}") as stack:
            for name, event in _events(stack).items():
                with generator.probing(stack.port, _request(stack)) as seen:
                    time.sleep(QUIET)
                    event()
                    time.sleep(QUIET)
                if seen.get("failed"):
                    raise SystemExit(f"{seen['failed']} fetches got no answer during: {name}")
                found.setdefault(name, []).append(seen["max"])
        show_progress()
    return found


def _request(stack: Stack) -> bytes:
    """What the probe asks: without a grant, so that it can be asked before anybody has logged in."""
    return (
        f"GET /v1/credentials/prod HTTP/1.1\r\nHost: 127.0.0.1:{stack.port}\r\nAccept: application/json\r\n"
        "User-Agent: bench/1.0\r\n\r\n"
    ).encode()


def _events(stack: Stack) -> dict[str, Callable[[], Any]]:
    """What goes on, in this order."""
    return {
        "nothing": lambda: time.sleep(0.5),
        "the first login (the SDK is loaded)": lambda: stack.login("prod"),
        f"reading {PROFILES:,} profiles": lambda: _add_profiles(stack),
        f"bulk login of {BULK} roles": lambda: stack.login(*_many(BULK), code="000000"),
        f"`status` of {PROFILES:,} roles, ten times": lambda: [stack.status() for _ in range(10)],
        "`reload`": lambda: stack.api("POST", "/v1/reload"),
        f"{GRANTS:,} grants": lambda: [stack.grant("prod") for _ in range(GRANTS - 1)],
        "`restart`: a new process takes over (no fetch is refused)": lambda: _restart(stack),
    }


def _many(number: int) -> list[str]:
    return [f"many-{place:04d}" for place in range(number)]


def _restart(stack: Stack) -> None:
    """Have a successor take over, and wait until it answers xacctctl."""
    successor = stack.api("POST", "/v1/succeed")["pid"]
    stack.daemon.wait(PATIENCE)
    while stack.api("GET", "/v1/version")["pid"] != successor:
        time.sleep(0.1)


def _add_profiles(stack: Stack) -> None:
    """Many profiles of a few roles, as a large organization's config file has them; and wait until they are read."""
    config = Path(stack.env["AWS_CONFIG_FILE"])
    was = config.read_text(encoding="utf-8")
    section = was.partition("[profile fleet-01]")[2].partition("[profile ")[0]
    more = [
        f"[profile {name}]{section.replace('fleet-01', FLEET[place % len(FLEET)])}"
        for place, name in enumerate(_many(PROFILES))
    ]
    config.write_text(was + "\n" + "\n".join(more), encoding="utf-8")
    while len(stack.status()["roles"]) < PROFILES:
        time.sleep(0.1)


def events_table(found: Mapping[str, Sequence[float]]) -> str:
    """Medians over the rounds, and the worst."""
    rows = [["while this goes on", "longest fetch, median ms", "worst of all ms"]]
    rows += [[name, f"{median(times):.1f}", f"{max(times):.1f}"] for name, times in found.items()]
    return table(rows)
