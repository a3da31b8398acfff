"""Count the copies of a secret in a process's memory: where the daemon must be undumpable, only root may look.

    python scripts/scan_memory.py            # a day of a daemon of its own, from login to logout: counts at each step
    python scripts/scan_memory.py PID < FILE # copies of FILE's first line in that process

A copy is counted wherever it lies, in an object or in what a freed one has left behind.
"""

from __future__ import annotations

import configparser
import json
import re
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 1 << 24
MAPPING = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (r\S*) \S+ \S+ \S+ *(.*)")


def mappings(pid: int) -> Iterator[tuple[int, int, str]]:
    """The readable pieces of a process's memory: from, to, and what is mapped there."""
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        match = MAPPING.match(line)
        if match and not match[4].startswith(("[vvar", "[vsyscall")):
            yield int(match[1], 16), int(match[2], 16), match[4] or "anonymous"


def scan(pid: int, secret: bytes) -> Counter[str]:
    """How often a secret occurs in a process's memory, by what is mapped there."""
    found: Counter[str] = Counter()
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for start, end, name in mappings(pid):
            at = start
            while at < end:
                memory.seek(at)
                try:
                    piece = memory.read(min(CHUNK + len(secret) - 1, end - at))
                except OSError:
                    break
                if not piece:
                    break
                found[name] += piece.count(secret)
                at += CHUNK
    return +found


def tell(when: str, pid: int, secrets: dict[str, bytes]) -> dict[str, int]:
    """Print the counts of some secrets, and return them."""
    counts = {name: sum(scan(pid, secret).values()) for name, secret in secrets.items()}
    print(f"{when:32}" + "".join(f"{name}: {count:<5}" for name, count in counts.items()))
    return counts


def a_day(fetches: int = 20) -> dict[str, dict[str, int]]:
    """Counts at each stage of a stack's life, from a login to a moment after the logout."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "support"))
    from stack import Stack  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="x-") as folder, Stack(folder, apart=True) as stack:
        stack.login("prod")
        environment = stack.environment("prod")
        given: dict[str, Any] = {}
        for _ in range(fetches):
            request = urllib.request.Request(  # noqa: S310 - http, to our own daemon
                environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"],
                headers={"Authorization": environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"]},
            )
            with urllib.request.urlopen(request) as answer:  # noqa: S310
                given = json.load(answer)
        files = configparser.ConfigParser()
        files.read(stack.env["AWS_SHARED_CREDENTIALS_FILE"])
        long_term = next(files[name]["aws_secret_access_key"] for name in files.sections())
        # Half of a session token is enough to find it by, whatever it is wrapped in.
        secrets = {
            "secret key": given["SecretAccessKey"].encode(),
            "session token": given["Token"][40:80].encode(),
            "grant token": environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"].encode(),
            "long-term secret": long_term.encode(),
        }
        pid = stack.daemon.pid
        counts = {"held": tell(f"held, fetched {fetches} times", pid, secrets)}
        stack.api("POST", "/v1/lock")
        counts["just locked"] = tell("after lock", pid, secrets)
        time.sleep(1.5)
        counts["locked"] = tell("a second and a half later", pid, secrets)
        stack.api("POST", "/v1/unlock")
        stack.api("POST", "/v1/logout", {"all": True})
        counts["logged out"] = tell("after logout --all", pid, secrets)
        time.sleep(1.5)
        counts["later"] = tell("a second and a half later", pid, secrets)
        return counts


def main() -> int:
    """Count in one process, or through a day. Returns the exit status."""
    if len(sys.argv) > 1:
        for name, count in scan(int(sys.argv[1]), sys.stdin.buffer.readline().strip()).items():
            print(f"{count:6} {name}")
        return 0
    a_day()
    return 0


if __name__ == "__main__":
    sys.exit(main())
