"""AWS, a person with an MFA device, and a keeper between them, all in virtual time.

`FakeAws` is to the keeper what aws.sts.Sts and aws.sources.FileSources are: it enforces what STS enforces (codes, their
reuse, expiry, chaining, MFA age) on a true time of its own, which no laptop's clock can step. The sandbox is the
strict one; this one is fast, for simulating days.
"""

import asyncio
import itertools
import random
from collections import Counter
from dataclasses import dataclass, field, replace

from fake_console_login import FakeConsoleLogins
from fake_identity_center import FakeIdentityCenter

from xacct import errors
from xacct.clock import AwsClock
from xacct.credentials.ask import Ask
from xacct.credentials.events import Events
from xacct.credentials.fetchers.calls import Calls, Defaults
from xacct.credentials.keeper import Keeper
from xacct.credentials.scheduler import Scheduler
from xacct.credentials.service import CredentialService
from xacct.model import Credentials, Grant, Role, Source
from xacct.prompts.broker import PromptBroker
from xacct.prompts.events import PromptOpened
from xacct.prompts.used_codes import UsedCodes
from xacct.state import codec

SERIAL = "arn:aws:iam::123456789012:mfa/U"
SOURCE = Source("central", "profile")


def role(name="prod", **more):
    given = {"parent": SOURCE, "role_arn": f"arn:aws:iam::234567890123:role/{name}", "mfa_serial": SERIAL}
    return Role(name, **(given | more))


@dataclass
class Call:
    action: str
    role: str | None
    code: str | None
    at: float
    outcome: str = "ok"


@dataclass
class FakeAws:
    """STS and the sources. Times are the true ones.

    `latency` seconds a call; `down` a function of true time that gives an error to raise, or None; `max_duration` and
    `max_mfa_age` per role name; `denied` role names that no policy lets anybody assume; `scoping` what becomes of
    GetScopedCredentials: "known", "unknown" to this STS, or "denied" to everybody.
    """

    machine: object
    latency: float = 0.2
    down: object = lambda now: None
    session_life: float | None = None
    role_life: float | None = None
    max_duration: dict = field(default_factory=dict)
    max_mfa_age: dict = field(default_factory=dict)
    denied: set = field(default_factory=set)
    scoping: str = "known"
    calls: list = field(default_factory=list)
    in_flight: Counter = field(default_factory=Counter)
    most_in_flight: Counter = field(default_factory=Counter)
    loads: int = 0

    def __post_init__(self):
        self.clock = AwsClock(self.machine.read)
        self._offset = self.machine.wall - self.machine.boot
        self._issued = {}
        self._numbers = iter(range(10**9))
        self._used = set()
        self.revoked = set()
        self.portal = FakeIdentityCenter(self.now)
        self.console = FakeConsoleLogins(self)

    def now(self):
        """True time: what AWS's clock says."""
        return self._offset + self.machine.boot

    def code(self, now=None):
        """What the MFA device shows."""
        step = int((self.now() if now is None else now) // 30)
        return f"{step * 7919 % 1_000_000:06d}"

    signed_out = frozenset()
    """Names of sources that take a human now."""

    def describe(self, source):
        return source.kind

    def needs_human(self, source, _now):
        if source.sign_in is not None:
            return self.portal.command_line is None or self.portal.command_line[1] <= self.now()
        return source.name in self.signed_out

    async def load(self, source):
        self.loads += 1
        if source.sign_in is not None:
            if self.portal.command_line is None:
                raise errors.SourceUnusable("The AWS CLI has no sign-in.", "")
            return Credentials("", "", *self.portal.command_line)
        return Credentials("AKIASOURCE", "secret")

    async def get_session_token(self, keys, role, *, code, duration):
        async with self._call("GetSessionToken", None, code, "session"):
            self._check_code(code)
            return self._issue(self.session_life or duration, mfa=self.now() if code else None, chained=True)

    async def assume_role(self, keys, role, *, session_name, duration, code):
        async with self._call("AssumeRole", role.name, code, role.name):
            caller = self._issued.get(keys.access_key_id)
            if caller and (caller["expires"] <= self.now() or keys.access_key_id in self.revoked):
                raise errors.ParentExpired("The security token is expired")
            mfa = caller["mfa"] if caller else None
            if code:
                self._check_code(code)
                mfa = self.now()
            if role.name in self.denied:
                raise errors.AccessDenied("not authorized")
            age = self.max_mfa_age.get(role.name)
            if age is not None and (mfa is None or self.now() - mfa >= age):
                raise errors.AccessDenied("not authorized")
            if duration > (3600 if caller else self.max_duration.get(role.name, 3600)):
                raise errors.DurationTooLong("MaxSessionDuration")
            own = (role.policy, role.session_policies)
            return self._issue(self.role_life or duration, mfa=None, chained=True, limits=(own,) * any(own))

    async def assume_role_with_web_identity(self, role, token, *, session_name, duration):
        async with self._call("AssumeRoleWithWebIdentity", role.name, None, role.name):
            own = (role.policy, role.session_policies)
            return self._issue(self.role_life or duration or 3600, mfa=None, chained=False, limits=(own,) * any(own))

    async def get_scoped_credentials(self, keys, role, *, policy, duration, description):
        assert 2 <= len(description) <= 256
        assert policy or duration
        async with self._call("GetScopedCredentials", role.name, None, f"{role.name} scoped"):
            if self.scoping != "known":
                raise {"unknown": errors.ActionUnknown, "denied": errors.AccessDenied}[self.scoping]("no such thing")
            unknown = {"expires": keys.expires_at, "limits": ()}
            caller = self._issued.get(keys.access_key_id, unknown)
            if caller["expires"] <= self.now() or keys.access_key_id in self.revoked:
                raise errors.ParentExpired("The security token is expired")
            end = caller["expires"] if duration is None else self.now() + duration
            if end > caller["expires"]:
                raise errors.AwsUnavailable("InsufficientSessionLifetime")
            limits = (*caller["limits"], *([(policy, ())] if policy else []))
            return self._issue(end - self.now(), mfa=None, chained=True, limits=limits)

    def limits(self, key):
        """What some credentials are limited to: a pair of policy and managed policies for each layer."""
        return self._issued.get(key, {"limits": ()})["limits"]

    def _call(self, action, role, code, node):
        return _Call(self, Call(action, role, code, self.now()), node)

    def _check_code(self, code):
        if code is None:
            return
        good = {self.code(self.now() + shift): int((self.now() + shift) // 30) for shift in (-30, 0, 30)}
        if code not in good or good[code] in self._used:
            raise errors.WrongCode("MultiFactorAuthentication failed with invalid MFA one time pass code.")
        self._used.add(good[code])

    def _issue(self, seconds, *, mfa, chained, limits=()):
        self.clock.heard(float(int(self.now())))  # the answer's date is read before its body
        key = f"ASIA{next(self._numbers):012d}"
        expires = self.now() + seconds
        self._issued[key] = {"expires": expires, "mfa": mfa, "limits": limits}
        return Credentials(key, "secret", "token", expires, self.clock.now(), "234567890123")

    def expires(self, key):
        return self._issued[key]["expires"]


class _Call:
    def __init__(self, aws, call, node):
        self.aws, self.call, self.node = aws, call, node

    async def __aenter__(self):
        aws = self.aws
        aws.calls.append(self.call)
        aws.in_flight[self.node] += 1
        aws.most_in_flight[self.node] = max(aws.most_in_flight[self.node], aws.in_flight[self.node])
        try:
            if aws.latency:
                await asyncio.sleep(aws.latency)
            trouble = aws.down(aws.now())
            if trouble is not None:
                raise trouble
        except BaseException as error:
            aws.in_flight[self.node] -= 1
            self.call.outcome = getattr(error, "code", "cancelled")
            raise

    async def __aexit__(self, kind, error, _):
        self.aws.in_flight[self.node] -= 1
        self.aws.clock.heard(float(int(self.aws.now())))
        if error is not None:
            self.call.outcome = getattr(error, "code", "broken")


class Person:
    """Somebody with the device, at a subscribed terminal: answers each prompt after some seconds.

    `think` gives seconds, or None for "no". While `away`, prompts are neither shown nor answered.
    """

    def __init__(self, keeper, aws, think=lambda: 20.0):
        self.keeper, self.aws, self.think = keeper, aws, think
        self.answered = []
        self._busy = set()

    async def attend(self):
        with self.keeper.events.subscribe() as queue, self.keeper.broker.subscribe():
            for prompt in self.keeper.broker.open_prompts:
                self._see(prompt)
            while True:
                event = await queue.get()
                if isinstance(event, PromptOpened):
                    self._see(event.prompt)

    def _see(self, prompt):
        if prompt.id not in self._busy:
            self._busy.add(prompt.id)
            task = asyncio.get_running_loop().create_task(self._answer(prompt))
            task.add_done_callback(lambda task: task.cancelled() or task.result())

    async def _answer(self, prompt):
        seconds = self.think()
        if seconds is None:
            await asyncio.sleep(5)
            if prompt.open:
                self.keeper.broker.decline(prompt.id)
            return
        await asyncio.sleep(seconds)
        while prompt.open:
            if prompt.kind == "sign-in":
                if prompt.mode == "paste":
                    self.keeper.broker.bring(prompt.id, "shown")
                return  # done in the browser, which the fakes play
            if prompt.not_before is not None:
                await asyncio.sleep(max(0.0, prompt.not_before - self.aws.now()) + 1)
            try:
                self.keeper.broker.answer(prompt.id, self.aws.code())
            except errors.CodeUsed:
                continue
            except errors.PromptNotOpen:
                return
            self.answered.append(self.aws.now())
            return


class World:
    """A keeper with its scheduler, and AWS, on one machine's clocks. Use as an async context manager."""

    def __init__(self, machine, roles, *, seed=0, defaults=None, shared_cache=None, **aws):
        self.shared_cache = shared_cache
        self.machine = machine
        self.aws = FakeAws(machine, **aws)
        self._seed = seed
        self._defaults = defaults
        self.suspends = 0
        self._tasks = []
        self._programs = itertools.count(1)
        self.configure(roles)

    def configure(self, roles):
        """A keeper that starts from nothing."""
        self.events = Events()
        self.used_codes = UsedCodes()
        self.broker = PromptBroker(self.aws.clock, self.events, self.used_codes)
        calls = Calls(
            sts=self.aws,
            identity_center=self.aws.portal,
            console_logins=self.aws.console,
            sources=self.aws,
            broker=self.broker,
            clock=self.aws.clock,
            defaults=self._defaults or Defaults(),
            shared_cache=self.shared_cache,
            rng=random.Random(self._seed),
        )
        self.keeper = Keeper(calls, self.events)
        self.keeper.configure({role.name: role for role in roles})
        self.service = CredentialService(self.keeper)
        self.scheduler = Scheduler(self.keeper, slept=self._slept)

    async def restart(self, roles=None, *, boot_id="a boot"):
        """Another process goes on from what this one keeps: its own keeper, clock and broker, the same AWS and machine.

        Whoever waits or attends has to come again. Returns what each role held when it ended, if unexpired, and
        whether it was logged out.
        """
        if roles is None:
            roles = [node.role for name, node in self.keeper.nodes.items() if name not in self.keeper.dynamic]
        kept = bytearray()
        held = self.held()
        codec.take(self.keeper, "a boot", "0", kept)
        await self.__aexit__()
        self._tasks.clear()
        self.aws.clock = AwsClock(self.machine.read)
        self.configure(roles)
        state = codec.read(bytes(kept))
        codec.resume_clock(state, self.aws.clock, boot_id)
        codec.give_back(state, self.keeper, boot_id)
        await self.__aenter__()
        return held

    def held(self):
        """What each role's entry holds, if unexpired, and whether it was logged out of."""
        out = self.keeper.consents.logged_out
        entries = {name: node.entry for name, node in self.keeper.nodes.items()}
        return {name: (entry.held if entry.valid() else None, name in out) for name, entry in entries.items()}

    async def fetch(self, name, *, ask, consumer=None, **more):
        """What a program gets; with `ask` a human may be asked for it."""
        got = self.service.serve(name, consumer or self.program(name), Ask(human=ask, **more))
        return got if isinstance(got, Credentials) else await got()

    def ready(self, name):
        """What a program gets at once; None where it would have to wait, or gets nothing."""
        try:
            got = self.service.serve(name, self.program(name), Ask())
        except errors.XacctError:
            return None
        return got if isinstance(got, Credentials) else None

    def program(self, name):
        """A consumer of its own that may have this role, by its name or by its ARN."""
        via, number = self.keeper.dynamic.via(name), next(self._programs)
        return Grant(f"program {number}", "", "a program", (name,), 0.0, role_arns=("*",) if via else (), via=via)

    async def hold(self, name):
        """Log in, and be a program that uses the role for the rest of the day."""
        await self.login(name, ask=True)
        self.keeper.defaults = replace(self.keeper.defaults, renew_within=86400.0)
        return await self.fetch(name, ask=False)

    async def login(self, name, **how):
        """Log in; what the role holds then."""
        await self.keeper.login(name, **how)
        return self.keeper.node(name).entry.held

    def _slept(self):
        self.suspends += 1

    async def __aenter__(self):
        self._tasks.append(asyncio.get_running_loop().create_task(self.scheduler.run()))
        return self

    async def __aexit__(self, *_):
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.keeper.close()

    def person(self, **how):
        """Somebody attends from now on."""
        person = Person(self.keeper, self.aws, **how)
        task = asyncio.get_running_loop().create_task(person.attend())
        self._tasks.append(task)
        person.leave = task.cancel
        return person

    def count(self, action, **what):
        return sum(
            call.action == action and all(getattr(call, key) == value for key, value in what.items())
            for call in self.aws.calls
        )
