"""A scope is never lost: whatever a role is, STS can, or happens, a grant gets narrower credentials or none.

Each example is a role, a scope, an STS and a story of locks, logouts, restarts, suspends, failures, other
configurations and time, in which grants with the scope, with another, and without one fetch. What leaves is looked up
at AWS.
"""

import asyncio
from dataclasses import replace

import pytest
from fake_aws import SERIAL, SOURCE, World, role
from fake_console_login import console
from fake_identity_center import permission_set
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from virtual_time import run

from xacct import errors
from xacct.grants import grant_file
from xacct.model import Credentials, Grant, Role, Source
from xacct.scope_policies import Wanted, made_of

MINUTE, HOUR = 60.0, 3600.0
ROLES = {
    "from-session": role("it"),
    "with-code": role("it", mfa="direct"),
    "from-keys": role("it", mfa_serial=None),
    "from-role": role("it", parent="above", mfa_serial=None),
    "with-its-own-policy": role("it", policy='{"Statement": []}'),
    "read-only": role("it", read_only=True),
    "session": Role("it", SOURCE, mfa_serial=SERIAL),
    "keys": Role("it", SOURCE),
    "web-identity": role("it", parent=Source("it", "web-identity"), mfa_serial=None),
    "permission-set": permission_set("it"),
    "console": console("it"),
}
SCOPES = {
    "policy": made_of(Wanted(allow=("s3:Get*",))),
    "reading": made_of(Wanted(read_only=True, regions=("eu-central-1",))),
    "managed": made_of(Wanted(policy_arns=("arn:aws:iam::aws:policy/ReadOnlyAccess",))),
    "managed-there": made_of(
        Wanted(policy_arns=("arn:aws:iam::aws:policy/ReadOnlyAccess",), regions=("eu-central-1",))
    ),
    "short": made_of(Wanted(ttl=1200)),
    "both": made_of(Wanted(allow=("s3:Get*",), ttl=1200)),
}
TIMES = {"minute": MINUTE, "quarter": 15 * MINUTE, "hour": HOUR, "day": 25 * HOUR}
ANOTHER = made_of(Wanted(allow=("s3:Put*",)))
EVENTS = st.sampled_from(
    [
        *("lock", "unlock", "logout", "login", "restart", "reboot", "suspend", "configure", "keys", "revoked"),
        *("known", "unknown", "denied", "down", "up", "minute", "quarter", "hour", "day"),
    ]
)


def asked_for(scope, limits):
    """Whether some credentials are narrowed by what the scope says: by a layer of just that."""
    if not (scope.policy or scope.policy_arns):
        return True
    return (scope.policy or None, scope.policy_arns) in [(policy or None, tuple(arns)) for policy, arns in limits]


class Story:
    def __init__(self, clock, kind, scope, ability):
        self.one = ROLES[kind]
        self.scope = scope
        self.world = World(clock, self.roles(), scoping=ability)
        self.clock = clock
        self.served = 0

    def roles(self):
        return [self.one, role("above"), role("other")]

    async def happen(self, event):
        if event in TIMES:
            await asyncio.sleep(TIMES[event])
        elif event in ("known", "unknown", "denied"):
            self.world.aws.scoping = event
        elif event in ("down", "up"):
            self.world.aws.down = lambda _: errors.NetworkDown("down") if event == "down" else None
        elif event in ("restart", "reboot"):
            await self.world.restart(self.roles(), boot_id="a boot" if event == "restart" else "another")
            self.world.person(think=lambda: 1.0)
        else:
            await getattr(self, event)()

    async def lock(self):
        self.world.keeper.agent_lock.lock("test")

    async def unlock(self):
        self.world.keeper.agent_lock.unlock()

    async def logout(self):
        self.world.keeper.logout(["it"])

    async def suspend(self):
        self.clock.suspend(2 * HOUR)

    async def configure(self):
        self.one = replace(self.one, region="eu-west-1" if self.one.region is None else None)
        self.world.keeper.configure({each.name: each for each in self.roles()})

    async def keys(self):
        self.world.keeper.configure({"other": role("other")})
        self.world.keeper.configure({each.name: each for each in self.roles()})

    async def revoked(self):
        self.world.aws.revoked |= set(self.world.aws._issued)

    async def login(self):
        try:
            with self.world.keeper.browsers.at("it"):
                await asyncio.wait_for(self.world.login("it", ask=True), 5 * MINUTE)
        except (errors.XacctError, TimeoutError):
            pass

    async def fetch_all(self):
        """Grants of each sort fetch at once; what they get is looked up."""
        now = self.world.aws.now()
        made = [
            Grant("0000000a", "a" * 64, "agent", ("it",), 1.0, scope=self.scope),
            Grant("0000000b", "b" * 64, "agent", ("it",), 1.0, scope=self.scope, expires_at=now + 20 * MINUTE),
            Grant("0000000c", "c" * 64, "agent", ("it",), 1.0, scope=ANOTHER),
            Grant("0000000d", "d" * 64, "shell", ("it",), 1.0),
        ]
        grants = grant_file.of_rows(grant_file.rows_of(made)).grants  # as over a restart
        assert grants == made
        got = await asyncio.gather(*(self.fetch(grant) for grant in grants))
        own = got[-1]
        for grant, held in zip(grants, got, strict=True):
            if held is not None and grant.scope is not None:
                self.check(grant, held, own)

    def check(self, grant, held, own):
        self.served += 1
        entry = self.world.keeper.node("it").entry
        assert held is not entry.held
        assert own is None or held.access_key_id != own.access_key_id
        assert asked_for(grant.scope, self.world.aws.limits(held.access_key_id)), grant
        left = held.remaining(self.world.aws.now())
        assert grant.scope.ttl is None or left <= grant.scope.ttl
        assert grant.expires_at is None or held.expires_at <= grant.expires_at

    async def fetch(self, grant):
        try:
            held = await asyncio.wait_for(self.world.fetch("it", ask=True, consumer=grant), 2 * MINUTE)
        except (errors.XacctError, TimeoutError):
            return None
        assert isinstance(held, Credentials)
        return held

    async def tell(self, events):
        async with self.world:
            self.world.person(think=lambda: 1.0)
            await self.login()
            await self.fetch_all()
            for event in events:
                await self.happen(event)
                await self.fetch_all()


@pytest.mark.parametrize("kind", ROLES)
@hypothesis_settings(max_examples=12)
@given(
    scope=st.sampled_from(list(SCOPES.values())),
    ability=st.sampled_from(["known", "unknown", "denied"]),
    events=st.lists(EVENTS, max_size=7),
)
def test_a_scope_is_never_lost(kind, scope, ability, events):
    run(lambda clock: Story(clock, kind, scope, ability).tell(events))


@pytest.mark.parametrize("kind", ROLES)
def test_each_kind_of_role_is_served_narrower_where_the_call_is_known(kind):
    async def main(clock):
        story = Story(clock, kind, SCOPES["policy"], "known")
        await story.tell(["quarter"])
        return story.served

    assert run(main) >= 3
