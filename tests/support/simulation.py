"""A day and a half of a laptop's life in virtual time: SDKs that refetch as the real ones do, an STS with bad
quarters of an hour, a lid that is closed, a clock that is set wrong.

    python tests/support/simulation.py [SEED...]     # prints the report

Same seed, same result. Only the SDKs, AWS and the human are simulated; keeper, scheduler, prompt broker, grants and the
endpoint's container answers are the product's own.
"""

# ruff: noqa: T201
import asyncio
import json
import random
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from fake_aws import World, role
from virtual_time import Clock, LoopWithoutThreads, run

from xacct import errors, policy
from xacct.credentials.service import CredentialService
from xacct.endpoint.handlers.container_credentials import ContainerCredentials
from xacct.endpoint.head import ROLE_PATH, Request
from xacct.grants.grants import Grants

HOUR = 3600.0
DURATION = 36 * HOUR
ROLES = 50
CONSUMERS = 30


@dataclass(frozen=True)
class Sdk:
    """How one SDK refetches (SDKs' source, measured): below so many seconds left; so many tries, with pauses.

    `silence` is the longest it waits for a byte, `whole` the longest for an answer.
    """

    name: str
    refetch_below: float
    tries: int
    pause: float
    silence: float
    whole: float = 1e9
    agent: bytes = b"sdk/1"


SDKS = (
    Sdk("botocore", 15 * 60, 3, 1.0, 2.0),
    Sdk("js-v3", 5 * 60, 4, 1.0, 1.0),
    Sdk("go-v2", 5 * 60, 1, 0.0, 1e9),
    Sdk("object_store", 5 * 60, 1, 0.0, 1e9, whole=30.0, agent=b"object_store/0.14"),
    Sdk("java-v2", 15 * 60, 6, 0.0, 1.0),
)


@dataclass
class Report:
    """What came of it."""

    fetches: int = 0
    failed: list = field(default_factory=list)
    expired_served: int = 0
    short_served: int = 0
    requests: Counter = field(default_factory=Counter)
    sts_calls: Counter = field(default_factory=Counter)
    renewals: Counter = field(default_factory=Counter)
    codes: list = field(default_factory=list)
    codes_too_early: int = 0
    held_answers: int = 0
    longest_silence: float = 0.0

    def lines(self):
        per_role = sorted(self.renewals[f"used-{n}"] for n in range(CONSUMERS))
        tries = sorted(self.sts_calls[f"used-{n}"] for n in range(CONSUMERS))
        days = DURATION / 86400
        least = 86400 / (HOUR - policy.SDK_REFETCH)
        yield f"SDK fetches: {self.fetches}, failed: {len(self.failed)}"
        yield f"responses with less than 15 minutes left while a renewal was possible: {self.short_served}"
        yield f"expired credentials served: {self.expired_served}"
        yield (
            f"renewals per used role and day: {per_role[len(per_role) // 2] / days:.0f} (median), "
            f"{per_role[-1] / days:.0f} (most); least that keeps 15 minutes: {least:.0f}; "
            f"tries, those during outages included: {tries[len(tries) // 2] / days:.0f}"
        )
        yield f"codes asked for: {len(self.codes)}, earlier than may be asked ahead: {self.codes_too_early}"
        for sdk in SDKS:
            consumers = sum(SDKS[n % len(SDKS)] is sdk for n in range(CONSUMERS))
            per_hour = self.requests[sdk.name] / consumers / (DURATION / HOUR)
            yield f"requests per {sdk.name} consumer and hour: {per_hour:.2f}"
        yield f"answers held for a human or STS: {self.held_answers}, longest silence: {self.longest_silence:.2f} s"


class Simulation:
    def __init__(self, clock, seed, directory, duration):
        self.clock = clock
        self.rng = random.Random(seed)
        self.report = Report()
        names = [f"used-{n}" for n in range(CONSUMERS)] + [f"spare-{n}" for n in range(ROLES - CONSUMERS)]
        self.world = World(clock, [role(name) for name in names], seed=seed)
        self.names = names
        self.end = clock.time + duration
        self.grants = Grants(Path(directory), None, self.world.aws.clock.now, lambda pid: "x")
        self.container = ContainerCredentials(CredentialService(self.world.keeper), self.grants, 120.0)
        self.outages = []
        self.world.aws.down = self.down
        self.suspends = []

    # The world's troubles.

    def down(self, now):
        for start, stop, error in self.outages:
            if start <= now < stop:
                return error("STS is away")
        return None

    def up_for(self, seconds):
        now = self.world.aws.now()
        return all(stop + seconds <= now or now < start for start, stop, _ in self.outages)

    def plan(self):
        """Outages of up to 20 minutes, some hours apart, not across a resume: nothing held, nothing could help."""
        begin = self.world.aws.now()
        kinds = (errors.NetworkDown, errors.AwsUnavailable, errors.Throttled, errors.NetworkLost)
        at = begin + self.rng.uniform(HOUR, 2 * HOUR)
        while at < begin + DURATION:
            length = self.rng.uniform(10, 20 * 60)
            self.outages.append((at, at + length, self.rng.choice(kinds)))
            at += length + self.rng.uniform(1.0, 4.0) * HOUR

    async def troubles(self):
        """Three suspends and two clock steps."""
        what = [("suspend", self.rng.uniform(60, 3 * HOUR)) for _ in range(3)]
        step = self.rng.choice([-1, 1]) * HOUR
        what[1:1] = [("step", step)]
        what.append(("step", -step))
        for kind, seconds in what:
            await asyncio.sleep(self.rng.uniform(2, 5) * HOUR)
            while not self.up_for(HOUR / 2):
                await asyncio.sleep(60)
            if kind == "step":
                self.clock.step_wall(seconds)
                continue
            now = self.world.aws.now()
            resumed = now + seconds
            self.outages = [o for o in self.outages if o[1] < now or o[0] > resumed + HOUR / 2]
            self.suspends.append((now, resumed))
            self.clock.suspend(seconds)
            self.end -= seconds

    # The SDKs.

    async def consumer(self, number):
        sdk = SDKS[number % len(SDKS)]
        rng = random.Random(f"{number} {self.rng.random()}")
        _, token, _ = self.grants.create([f"used-{number}"], sdk.name, None, None)
        request = Request(f"{ROLE_PATH}used-{number}", token.encode(), sdk.agent, keep_alive=False)
        expiration = float("-inf")
        while self.clock.time < self.end:
            # It decides by the laptop's clock, which may be wrong: that costs requests, never an answer.
            if expiration - self.clock.wall < sdk.refetch_below:
                expiration = await self.fetch(sdk, request) or expiration
            await asyncio.sleep(rng.uniform(20, 300))

    async def fetch(self, sdk, request):
        self.report.fetches += 1
        why = None
        for _ in range(sdk.tries):
            self.report.requests[sdk.name] += 1
            why = await self.ask(sdk, request)
            if isinstance(why, float):
                return why
            await asyncio.sleep(sdk.pause)
        self.report.failed.append((round(self.clock.time), sdk.name, why))
        return None

    async def ask(self, sdk, request):
        """One request: the expiration it brought, or what went wrong."""
        answer = self.container.answer(request)
        if isinstance(answer, bytes):
            return self.judge(answer)
        began = before = self.clock.time
        whole = b""
        async for piece in answer:
            silence, before = self.clock.time - before, self.clock.time
            self.report.longest_silence = max(self.report.longest_silence, silence)
            if silence > sdk.silence or self.clock.time - began > sdk.whole:
                await answer.aclose()
                return "timed out"
            whole += piece
        self.report.held_answers += 1
        return self.judge(whole)

    def judge(self, answer):
        head, _, body = answer.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            return body.decode()
        try:
            said = json.loads(unchunked(body) if b"chunked" in head else body)
        except ValueError:
            return body.decode()
        left = self.world.aws.expires(said["AccessKeyId"]) - self.world.aws.now()
        self.report.expired_served += left <= 0
        [session] = self.world.keeper.sessions.values()
        possible = session.valid() and session.held.expires_at > self.world.aws.now() + 1 and self.up_for(10)
        self.report.short_served += left < policy.SDK_REFETCH and possible
        return datetime.fromisoformat(said["Expiration"]).timestamp()

    async def main(self):
        self.plan()
        async with self.world as world:
            person = world.person(think=lambda: self.rng.uniform(2, 20))
            await asyncio.gather(*(world.login(name, ask=True) for name in self.names))
            troubles = asyncio.ensure_future(self.troubles())
            await asyncio.gather(*(self.consumer(number) for number in range(CONSUMERS)))
            troubles.cancel()
            self.count(person)
        return self.report

    def count(self, person):
        calls = self.world.aws.calls
        self.report.sts_calls.update(call.role for call in calls if call.action == "AssumeRole")
        self.report.renewals.update(c.role for c in calls if c.action == "AssumeRole" and c.outcome == "ok")
        opened = [call.at for call in calls if call.action == "GetSessionToken" and call.outcome == "ok"]
        self.report.codes = person.answered
        lead = policy.ask_ahead(policy.SESSION_DURATION)
        for earlier, later in pairwise(opened):
            self.report.codes_too_early += later - earlier < policy.SESSION_DURATION - lead - 1


def unchunked(body):
    whole = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        whole, body = whole + body[: int(size, 16)], body[int(size, 16) + 2 :]
    return whole


def simulate(seed, duration=DURATION):
    with tempfile.TemporaryDirectory() as directory:
        clock = Clock()

        async def main(_):
            return await Simulation(clock, seed, directory, duration).main()

        return run(main, clock, LoopWithoutThreads)


if __name__ == "__main__":
    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    for seed in map(int, sys.argv[1:] or ["1"]):
        print(f"seed {seed}")
        report = simulate(seed)
        print("\n".join(f"  {line}" for line in report.lines()))
        for failure in report.failed[:5]:
            print("  failed:", failure)
