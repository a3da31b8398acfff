"""A real Keeper with an STS made of a few lines, for tests of the rooms above the keeper.

sts = FakeSts(aws_clock)
keeper = small_keeper(sts)
sts.code = "123456"          # the only code it takes; None: any
sts.failures.append(error)   # what the next call raises
"""

import asyncio
import random

from xacct import errors
from xacct.credentials.events import Events
from xacct.credentials.fetchers.calls import Calls, Defaults
from xacct.credentials.keeper import Keeper
from xacct.model import Credentials, Role, Source
from xacct.prompts.broker import PromptBroker
from xacct.prompts.used_codes import UsedCodes

ACCOUNT = "111122223333"
SERIAL = f"arn:aws:iam::{ACCOUNT}:mfa/alice"
OTHER_SERIAL = f"arn:aws:iam::{ACCOUNT}:mfa/bob"
MAIN = Source("main", "profile")
OTHER = Source("other", "profile")

ROLES = {
    role.name: role
    for role in (
        Role("dev", MAIN, f"arn:aws:iam::{ACCOUNT}:role/dev", SERIAL, region="eu-central-1"),
        Role("prod", MAIN, "arn:aws:iam::444455556666:role/prod", SERIAL),
        Role("elsewhere", OTHER, f"arn:aws:iam::{ACCOUNT}:role/elsewhere", OTHER_SERIAL),
        Role("plain", OTHER, f"arn:aws:iam::{ACCOUNT}:role/plain"),
        Role("team/ops", MAIN, f"arn:aws:iam::{ACCOUNT}:role/ops", SERIAL),
    )
}


class FakeSts:
    """STS that issues numbered credentials.

    Args:
        clock: AWS's time, as the keeper sees it.
    """

    def __init__(self, clock):
        self.clock = clock
        self.calls = []
        self.code = "123456"
        self.failures = []
        self.delay = 0.0
        self.lifetime = 3600.0

    async def get_session_token(self, _keys, _role, *, code, duration, **_):
        return await self._answer("GetSessionToken", code, duration)

    async def assume_role(self, _keys, role, *, code, **_):
        return await self._answer("AssumeRole", code, self.lifetime, role.account)

    async def get_scoped_credentials(self, _keys, role, *, duration, **_):
        return await self._answer("GetScopedCredentials", None, duration or self.lifetime, role.account)

    async def _answer(self, action, code, duration, account=None):
        self.calls.append((action, code))
        number = len(self.calls)
        await asyncio.sleep(self.delay)
        if self.failures:
            raise self.failures.pop(0)
        if code is not None and self.code not in (None, code):
            raise errors.WrongCode("AWS did not accept the code.", "Type the next one.")
        now = self.clock.now()
        return Credentials(f"ASIA{number:016d}", f"secret{number}", f"token{number}", now + duration, now, account)


class FakeSources:
    """Long-term keys for any source."""

    def describe(self, source):
        return source.kind

    def needs_human(self, _source, _now):
        return False

    async def load(self, _source):
        return Credentials("AKIAIOSFODNN7EXAMPLE", "long-term")


def small_keeper(sts, roles=ROLES):
    """A keeper of these roles, its prompt broker and events among its attributes."""
    events = Events()
    broker = PromptBroker(sts.clock, events, UsedCodes())
    calls = Calls(
        sts=sts,
        identity_center=None,  # no role here is reached by a sign-in
        console_logins=None,
        sources=FakeSources(),
        broker=broker,
        clock=sts.clock,
        defaults=Defaults(),
        rng=random.Random(1),
    )
    keeper = Keeper(calls, events)
    keeper.configure(roles)
    return keeper
