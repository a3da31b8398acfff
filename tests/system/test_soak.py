"""Minutes with credentials that live ten seconds, five families of clients, and faults: who failed, when and why.

    make test-soak SECONDS=600

A call may fail only while something that it cannot do without is out of order, and what it says must be explained.
Memory and descriptors of the daemon stay as they are.
"""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from bucket import Bucket
from fault_world import World

pytestmark = pytest.mark.system

SECONDS = float(os.environ.get("SECONDS") or 60)
SEED = int(os.environ.get("SEED") or random.randrange(10**6))

LIFETIME = 10
"""Seconds that AWS lets credentials live here."""

AFTERWARDS = 8.0
"""Seconds after a fault in which its failures may still come in: an SDK tries again for as long."""

SDK_PATIENCE = 1.0
"""Seconds without a byte after which the first SDK gives up: botocore's metadata_service_timeout."""

EXPLAINED = {
    "our sentence": ("STS", "AWS"),
    "held, and our sentence hidden": ("expected value at line 1", "Unable to parse JSON"),
    "the SDK's own patience": ("timed out", "timeout", "Timeout"),
}
"""What a failure in an outage may say. An answer that was held has begun as 200 with white space: what comes instead of
credentials then is our sentence as text, of which an SDK shows that it is no JSON."""

TAIL = 20_000
"""Of the daemon's log, what is shown where a failure has no explanation: some minutes."""

CALLERS = Path(__file__).parents[1] / "support" / "callers"
LIST = ("s3api", "list-objects-v2", "--bucket", "bucket", "--query", "Contents[0].Key", "--output", "text")
PYTHON = ("boto3", "aiobotocore", "obstore")
COMMANDS = {"awscli1": str(Path(sys.executable).parent / "aws"), "awscli2": "/usr/bin/aws"}


@dataclass(frozen=True)
class Call:
    """One call of a client: when it ended (monotonic seconds), and its failure's words, empty where it went well."""

    client: str
    end: float
    failure: str


class Clients:
    """The five at work; `calls` is what has been seen of them."""

    def __init__(self, environment, endpoint):
        self.calls = []
        self._environment = environment
        self._endpoint = endpoint
        self._stop = threading.Event()
        self._programs = [self._program(name) for name in PYTHON]
        loops = [(self._read, program) for program in self._programs]
        loops += [(self._repeat, item) for item in COMMANDS.items() if Path(item[1]).exists()]
        self._threads = [threading.Thread(target=work, args=(what,), daemon=True) for work, what in loops]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for _, program in self._programs:
            program.stdin.close()
            program.wait(30)
        for thread in self._threads:
            thread.join(60)
        for _, program in self._programs:
            program.stdout.close()

    def _program(self, name):
        command = [sys.executable, str(CALLERS / "s3_caller.py"), name, "0.3"]
        return name, subprocess.Popen(
            command, env=self._environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def _read(self, named):
        name, program = named
        for line in program.stdout:
            word, _, rest = line.strip().partition(" ")
            self._saw(name, rest, word == "ok")

    def _repeat(self, named):
        name, program = named
        while not self._stop.wait(0.5):
            done = subprocess.run(
                [program, *LIST, "--endpoint-url", self._endpoint],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
            self._saw(name, (done.stdout or done.stderr).strip(), done.returncode == 0)

    def _saw(self, client, said, well):
        failure = "" if well and said.startswith("ASIA") else f"signed by {said}" if well else said or "no word"
        self.calls.append(Call(client, time.monotonic(), failure))


def play(world, seed, seconds):
    """Faults for so long; returns all of them, and those in which a call may fail: (name, begin, end).

    A restart is one of these only where the machine was so busy that it took longer than an SDK waits.
    """
    rng, faults, spells, end = random.Random(seed), [], [], time.monotonic() + seconds
    harmless = {
        "killed": lambda: again(world, signal.SIGKILL),
        "ended": lambda: again(world, signal.SIGTERM),
        "handed over": lambda: world.ask("POST", "/v1/succeed", patience=30),
        "slow STS": lambda: world.fault(kind="delay", delay=0.7, seconds=4),
        "throttled": lambda: world.fault(kind="throttling", calls=2),
        "full disk": world.fill_disk,
        "read-only disk": world.read_only_disk,
    }
    while time.monotonic() < end:
        world.heal()
        name = rng.choice([*harmless, "outage"])
        begin = time.monotonic()
        if name == "outage":
            world.fault(kind="503", seconds=LIFETIME + 4)
            time.sleep(LIFETIME + 4)
            spells.append((name, begin, time.monotonic()))
        else:
            harmless[name]()
            if name in ("killed", "ended") and time.monotonic() - begin > SDK_PATIENCE:
                spells.append((name, begin, time.monotonic()))
        time.sleep(rng.uniform(2, 5))
        faults.append((name, begin, time.monotonic()))
    world.heal()
    return faults, spells


def again(world, number):
    """End the daemon, and wait until the manager's next one serves.

    Raises:
        Hung: it does not, within SETTLE seconds of its own time.
    """
    world.wait_for_end(world.signal(number))
    world.start_daemon()


def explained(failure):
    """Which kind of explanation it has; empty for none."""
    return next((kind for kind, words in EXPLAINED.items() if any(word in failure for word in words)), "")


def story(call, faults):
    """What was out of order before a call ended."""
    lines = [f"{name}: {begin - call.end:+.1f} to {end - call.end:+.1f} s" for name, begin, end in faults]
    return "\n".join(["beside that call's end:", *lines])


def test_who_fails_fails_for_a_reason_that_it_is_told(tmp_path, capsys):
    with World(tmp_path, managed=True, max_lifetime=LIFETIME) as world, Bucket() as bucket:
        world.login("prod")
        environment = world.environment("prod", sts=False) | bucket.variables | {"AWS_MAX_ATTEMPTS": "3"}
        environment = {name: value for name, value in environment.items() if name not in world.clock_variables}
        with Clients(environment, bucket.variables["AWS_ENDPOINT_URL_S3"]) as clients:
            time.sleep(5)
            before = world.size()
            faults, spells = play(world, SEED, SECONDS)
            time.sleep(AFTERWARDS)
        after = world.size()
        log = world.log()
    failed = [call for call in clients.calls if call.failure]
    with capsys.disabled():
        counts = Counter(call.client for call in clients.calls)
        print(
            f"\nsoak: seed {SEED}, {SECONDS:.0f} s, calls {dict(counts)}, failed {len(failed)} in {len(spells)} outages"
        )
        print(f"  explained by {dict(Counter(explained(call.failure) for call in failed))}")
        print(f"  (descriptors, KiB) before {before}, after {after}")
    assert set(Counter(call.client for call in clients.calls)) >= {*PYTHON, "awscli1"}
    for call in failed:
        excused = any(begin <= call.end <= end + AFTERWARDS for _, begin, end in spells)
        assert excused, f"{call}\n{story(call, faults)}\n{log[-TAIL:]}"
        assert explained(call.failure), f"a failure that nothing explains: {call}"
    assert after[0] <= before[0] + 8
    assert after[1] <= before[1] + 16 * 1024
