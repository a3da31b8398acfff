"""Narrower credentials in virtual time: one derivation for all who fetch, renewed, ended, refused."""

import asyncio
from dataclasses import replace

import pytest
from fake_aws import SERIAL, SOURCE, World, role
from fake_console_login import console
from fake_identity_center import permission_set
from virtual_time import in_virtual_time

from xacct import errors
from xacct.credentials.ask import Ask
from xacct.credentials.events import Narrowed
from xacct.credentials.unscoping import AGAIN
from xacct.model import Credentials, Grant, Role, Source
from xacct.scope_policies import Wanted, made_of

HOUR, MINUTE = 3600.0, 60.0
READING = made_of(Wanted(allow=("s3:Get*",)))
MANAGED = made_of(Wanted(policy_arns=("arn:aws:iam::aws:policy/ReadOnlyAccess",)))
SHORT = made_of(Wanted(ttl=600))
LIMIT = ((READING.policy, ()),)


def scoped(name="prod", scope=READING, grant="1a2b3c4d", **more):
    return Grant(grant, "", "an agent", (name,), 0.0, scope=scope, **more)


async def logged_in(world, *names):
    person = world.person(think=lambda: 1.0)
    for name in names:
        await world.login(name, ask=True)
    person.leave()
    await asyncio.sleep(0)


async def refusal(waiting):
    with pytest.raises(errors.XacctError) as caught:
        await waiting
    return caught.value


@in_virtual_time
async def test_any_number_of_fetchers_have_one_derivation(clock):
    async with World(clock, [role()]) as world:
        await logged_in(world, "prod")
        consumers = [scoped(grant=f"{number:08x}") for number in range(50)]
        got = await asyncio.gather(*(world.fetch("prod", ask=False, consumer=each) for each in consumers))
        assert len({each.access_key_id for each in got}) == 1
        assert world.count("GetScopedCredentials") == 1
        assert world.aws.limits(got[0].access_key_id) == LIMIT
        at_once = world.service.serve("prod", scoped(), Ask(human=False))
        assert at_once is got[0]
        own = await world.fetch("prod", ask=False)
        assert world.aws.limits(own.access_key_id) == ()
        assert own.access_key_id != got[0].access_key_id


@in_virtual_time
async def test_each_derivation_is_told_once_with_what_cloudtrail_has_of_it(clock):
    told = []
    async with World(clock, [role(), role("keys", mfa_serial=None)]) as world:
        world.keeper.events.call(Narrowed, told.append)
        await logged_in(world, "prod", "keys")
        consumers = [scoped(grant=f"{number:08x}") for number in range(3)]
        for _ in range(3):
            await asyncio.gather(*(world.fetch("prod", ask=False, consumer=each) for each in consumers))
        said = f"xacct grant 00000000 scope {READING.id}"
        assert told == [Narrowed("prod", "00000000", READING.id, said)]
        await world.fetch("prod", ask=False, consumer=scoped(scope=MANAGED))
        assert told[1:] == [Narrowed("prod", "1a2b3c4d", MANAGED.id, "")]
        for _ in range(70):
            await world.fetch("prod", ask=False, consumer=consumers[2])
            await asyncio.sleep(MINUTE)
        described = [each.description for each in told if each.description]
        assert described == [said] * world.count("GetScopedCredentials")
        assert len(described) > 1
        told.clear()
        ending = scoped(expires_at=world.aws.now() + 120)
        for _ in range(110):
            await world.fetch("prod", ask=False, consumer=ending)
            await asyncio.sleep(1)
        assert len(told) == 1, "what is held already was not made"


@in_virtual_time
async def test_each_scope_and_each_end_has_its_own(clock):
    async with World(clock, [role(), role("other")]) as world:
        await logged_in(world, "prod", "other")
        end = world.aws.now() + 20 * MINUTE
        ways = [scoped(), scoped(scope=SHORT), scoped(expires_at=end), scoped("other")]
        got = [await world.fetch(each.roles[0], ask=False, consumer=each) for each in ways]
        assert len({each.access_key_id for each in got}) == 4
        assert [world.aws.limits(each.access_key_id) for each in got] == [LIMIT, (), LIMIT, LIMIT]
        assert got[1].remaining(world.aws.now()) <= 600
        assert got[2].expires_at <= end


@in_virtual_time
async def test_they_end_with_the_grant_and_its_end_makes_no_storm(clock):
    async with World(clock, [role()]) as world:
        await logged_in(world, "prod")
        consumer = scoped(expires_at=world.aws.now() + 120)
        for _ in range(115):
            got = await world.fetch("prod", ask=False, consumer=consumer)
            assert got.expires_at <= consumer.expires_at
            await asyncio.sleep(1)
        assert world.count("GetScopedCredentials") == 1
        await asyncio.sleep(6)
        error = await refusal(world.fetch("prod", ask=False, consumer=consumer))
        assert isinstance(error, errors.ScopeRefused)


@in_virtual_time
async def test_they_are_renewed_for_as_long_as_the_role_is_and_live_as_long_as_its_own(clock):
    async with World(clock, [role()]) as world:
        await logged_in(world, "prod")
        for _ in range(8 * 12):
            got = await world.fetch("prod", ask=False, consumer=scoped())
            assert world.aws.limits(got.access_key_id) == LIMIT
            assert got.remaining(world.aws.now()) > 15 * MINUTE
            await asyncio.sleep(5 * MINUTE)
        assert world.aws.most_in_flight["prod scoped"] == 1
        assert world.count("GetScopedCredentials") < 30


@in_virtual_time
async def test_where_only_a_code_would_renew_the_role_its_end_makes_no_storm(clock):
    async with World(clock, [role(mfa="direct")]) as world:
        await logged_in(world, "prod")
        for _ in range(59):
            await world.fetch("prod", ask=False, consumer=scoped())
            await asyncio.sleep(MINUTE)
        assert world.count("GetScopedCredentials") == 1
        await asyncio.sleep(2 * MINUTE)
        assert isinstance(await refusal(world.fetch("prod", ask=False, consumer=scoped())), errors.HumanNeeded)


@in_virtual_time
async def test_an_sts_without_the_call_is_asked_for_the_role_anew(clock):
    token = role("token", parent=Source("token", "web-identity"), mfa_serial=None)
    roles = [role(), role("child", parent="prod", mfa_serial=None), role("keys", mfa_serial=None), token]
    async with World(clock, roles, scoping="unknown") as world:
        await logged_in(world, "prod")
        for name in ("prod", "child", "keys", "token"):
            got = await world.fetch(name, ask=False, consumer=scoped(name))
            assert world.aws.limits(got.access_key_id) == LIMIT
        assert world.count("GetScopedCredentials") == 1  # all of them are asked for there
        assert world.count("GetSessionToken") == 1
        await asyncio.sleep(AGAIN)
        world.aws.scoping = "known"
        await world.fetch("prod", ask=False, consumer=scoped(scope=SHORT))
        assert world.count("GetScopedCredentials") == 2


@in_virtual_time
async def test_a_role_that_may_not_call_it_is_had_anew_too(clock):
    async with World(clock, [role()], scoping="denied") as world:
        await logged_in(world, "prod")
        got = await world.fetch("prod", ask=False, consumer=scoped())
        assert world.aws.limits(got.access_key_id) == LIMIT


@in_virtual_time
async def test_managed_policies_take_the_role_anew(clock):
    async with World(clock, [role()]) as world:
        await logged_in(world, "prod")
        got = await world.fetch("prod", ask=False, consumer=scoped(scope=MANAGED))
        assert world.aws.limits(got.access_key_id) == ((None, MANAGED.policy_arns),)
        assert world.count("GetScopedCredentials") == 0


OWN = role("limited", policy='{"Statement": []}')
READS = role("reads", read_only=True)
DIRECT = role("direct", mfa="direct")
SESSION = Role("session", SOURCE, mfa_serial=SERIAL)
PLAIN = Role("plain", SOURCE)


@pytest.mark.parametrize("one", [OWN, READS, DIRECT, SESSION, PLAIN, console("me"), permission_set("dev")])
@in_virtual_time
async def test_what_can_only_be_narrowed_by_the_call_is_refused_without_it(clock, one):
    async with World(clock, [one]) as world:
        world.person(think=lambda: 1.0)
        with world.keeper.browsers.at(one.name):
            await world.login(one.name, ask=True)
        got = await world.fetch(one.name, ask=False, consumer=scoped(one.name))
        assert world.aws.limits(got.access_key_id)[-1] == LIMIT[0]
        world.keeper.scoped.abandon([one.name], lambda _: errors.Temporary(""))
        world.aws.scoping = "unknown"
        error = await refusal(world.fetch(one.name, ask=True, consumer=scoped(one.name)))
        assert isinstance(error, errors.ScopeRefused)
        assert f"This grant gets no credentials of {one.name}, for they can't be narrowed (" in error.sentence
        own = await world.fetch(one.name, ask=False)
        assert isinstance(own, Credentials)


@in_virtual_time
async def test_a_role_is_not_had_for_longer_than_the_grant_lasts(clock):
    async with World(clock, [role()], scoping="unknown") as world:
        await logged_in(world, "prod")
        soon = scoped(expires_at=world.aws.now() + 10 * MINUTE)
        error = await refusal(world.fetch("prod", ask=False, consumer=soon))
        assert "15 min" in error.sentence
        later = scoped(expires_at=world.aws.now() + 20 * MINUTE)
        got = await world.fetch("prod", ask=False, consumer=later)
        assert got.expires_at <= later.expires_at


@in_virtual_time
async def test_a_role_that_is_known_by_its_arn_alone_is_narrowed_as_well(clock):
    async with World(clock, [role()]) as world:
        await logged_in(world, "prod")
        consumer = scoped(role_arns=("arn:aws:iam::*:role/*",), via="prod")
        name = world.service.by_arn("arn:aws:iam::345678901234:role/another", consumer)
        got = await world.fetch(name, ask=False, consumer=consumer)
        assert world.aws.limits(got.access_key_id) == LIMIT
        world.keeper._uproot(name)
        assert list(world.keeper.scoped.nodes()) == []


@in_virtual_time
async def test_locked_and_logged_out_nothing_leaves(clock):
    async with World(clock, [role()]) as world:
        await logged_in(world, "prod")
        first = await world.fetch("prod", ask=False, consumer=scoped())
        world.keeper.agent_lock.lock("test")
        assert isinstance(await refusal(world.fetch("prod", ask=True, consumer=scoped())), errors.Locked)
        assert not world.service.holds("prod", first)
        world.keeper.agent_lock.unlock()
        assert world.service.holds("prod", first)
        world.keeper.logout(["prod"])
        assert isinstance(await refusal(world.fetch("prod", ask=True, consumer=scoped())), errors.HumanNeeded)
        await logged_in(world, "prod")
        assert not world.service.holds("prod", first)
        second = await world.fetch("prod", ask=False, consumer=scoped())
        assert second.access_key_id != first.access_key_id


@in_virtual_time
async def test_a_guarded_role_waits_for_the_yes(clock):
    async with World(clock, [role(confirm="first-use")]) as world:
        await logged_in(world, "prod")
        world.keeper.approvals.ask_again(world.keeper.node("prod").role)
        assert isinstance(await refusal(world.fetch("prod", ask=False, consumer=scoped())), errors.NobodyToAsk)
        with world.broker.subscribe():
            waits = asyncio.ensure_future(world.fetch("prod", ask=True, consumer=scoped()))
            await asyncio.sleep(1)
            [prompt] = world.broker.open_prompts
            assert (prompt.kind, prompt.label) == ("confirm", "an agent (narrowed to: allow s3:Get*)")
            assert world.count("GetScopedCredentials") == 0
            world.broker.confirm(prompt.id)
            assert world.aws.limits((await waits).access_key_id) == LIMIT


@in_virtual_time
async def test_a_yes_to_a_narrowed_grant_answers_for_no_more(clock):
    async with World(clock, [role(confirm="first-use")]) as world:
        await logged_in(world, "prod")
        agent = scoped()
        with world.broker.subscribe():
            waits = asyncio.ensure_future(world.fetch("prod", ask=True, consumer=agent))
            await asyncio.sleep(1)
            world.broker.confirm(world.broker.open_prompts[0].id)
            await waits
        await world.fetch("prod", ask=False, consumer=agent)
        assert isinstance(await refusal(world.fetch("prod", ask=False)), errors.NobodyToAsk)
        another = scoped(grant="another")
        assert isinstance(await refusal(world.fetch("prod", ask=False, consumer=another)), errors.NobodyToAsk)


@in_virtual_time
async def test_a_yes_for_the_whole_role_is_one_for_less_of_it(clock):
    async with World(clock, [role(confirm="first-use")]) as world:
        await logged_in(world, "prod")
        with world.broker.subscribe():
            waits = asyncio.ensure_future(world.fetch("prod", ask=True))
            await asyncio.sleep(1)
            world.broker.confirm(world.broker.open_prompts[0].id)
            await waits
        got = await world.fetch("prod", ask=False, consumer=scoped())
        assert world.aws.limits(got.access_key_id) == LIMIT


@in_virtual_time
async def test_what_the_role_holds_has_ended_at_aws(clock):
    async with World(clock, [role()]) as world:
        await logged_in(world, "prod")
        own = await world.fetch("prod", ask=False)
        world.aws.revoked.add(own.access_key_id)
        got = await world.fetch("prod", ask=False, consumer=scoped())
        assert world.aws.limits(got.access_key_id) == LIMIT
        assert (await world.fetch("prod", ask=False)).access_key_id != own.access_key_id


@in_virtual_time
async def test_a_role_that_is_configured_otherwise_has_other_credentials(clock):
    async with World(clock, [role(), role("spare")]) as world:
        await logged_in(world, "prod")
        first = await world.fetch("prod", ask=False, consumer=scoped())
        world.keeper.configure({"prod": role(external_id="another"), "spare": role("spare")})
        assert not world.service.holds("prod", first)
        second = await world.fetch("prod", ask=False, consumer=scoped())
        assert second.access_key_id != first.access_key_id
        world.keeper.configure({"spare": role("spare")})
        assert isinstance(await refusal(world.fetch("prod", ask=False, consumer=scoped())), errors.UnknownRole)
        assert list(world.keeper.scoped.nodes()) == []


@in_virtual_time
async def test_a_key_that_was_replaced_takes_them_along(clock):
    one = role(parent=Source("central", "profile", key="one"))
    async with World(clock, [one]) as world:
        await logged_in(world, "prod")
        first = await world.fetch("prod", ask=False, consumer=scoped())
        world.keeper.configure({"prod": replace(one, parent=Source("central", "profile", key="another"))})
        assert not world.service.holds("prod", first)


@in_virtual_time
async def test_no_other_lifetime_goes_beside_a_scope(clock):
    async with World(clock, [role()]) as world:
        await logged_in(world, "prod")
        error = await refusal(world.fetch("prod", ask=True, consumer=scoped(), lifetime=7200))
        assert isinstance(error, errors.ScopeRefused)
        assert world.count("AssumeRole", code=None) == 1


@in_virtual_time
async def test_the_roles_own_never_leave_whatever_breaks(clock, monkeypatch):
    async with World(clock, [role()]) as world:
        await logged_in(world, "prod")
        monkeypatch.setattr(world.keeper.scoped, "of", lambda node, *_: node)
        for _ in range(2):
            with pytest.raises(errors.ScopeRefused):
                await world.fetch("prod", ask=False, consumer=scoped())


@in_virtual_time
async def test_a_human_is_asked_as_for_the_role_itself(clock):
    async with World(clock, [role()]) as world:
        assert isinstance(await refusal(world.fetch("prod", ask=False, consumer=scoped())), errors.HumanNeeded)
        world.person(think=lambda: 5.0)
        got = await world.fetch("prod", ask=True, consumer=scoped())
        assert world.aws.limits(got.access_key_id) == LIMIT
        assert world.count("GetSessionToken") == 1


@in_virtual_time
async def test_an_entry_is_of_the_role_as_it_is(clock):
    async with World(clock, [role(), role("spare")]) as world:
        await logged_in(world, "prod")
        before, after = world.keeper.node("prod"), replace(world.keeper.node("prod").role, external_id="another")
        one = world.keeper.scoped.of(before, READING, None, "1a2b3c4d")
        assert world.keeper.scoped.of(before, READING, None, "5e6f7a8b").entry is one.entry
        assert world.keeper.scoped.of(replace(before, role=after), READING, None, "1a2b3c4d").entry is not one.entry


@in_virtual_time
async def test_whoever_waits_for_a_role_that_was_logged_out_of_is_told(clock):
    async with World(clock, [role()], latency=5.0) as world:
        await logged_in(world, "prod")
        entry = world.keeper.scoped.of(world.keeper.node("prod"), READING, None, "1a2b3c4d").entry
        waits = asyncio.ensure_future(entry.get(ask=False))
        await asyncio.sleep(1)
        world.keeper.logout(["prod"])
        assert isinstance(await refusal(waits), errors.HumanNeeded)
        assert not entry.holds


@in_virtual_time
async def test_a_call_that_takes_long_outlives_no_grant(clock):
    async with World(clock, [role()]) as world:
        await logged_in(world, "prod")
        world.aws.latency = 8.0
        consumer = scoped(expires_at=world.aws.now() + 10 * MINUTE)
        got = await world.fetch("prod", ask=False, consumer=consumer)
        assert got.expires_at <= consumer.expires_at
        assert world.count("GetScopedCredentials") == 2
