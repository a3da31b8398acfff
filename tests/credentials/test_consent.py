"""Consent: logged out stays logged out, whatever else happens, until the human logs in to just that role."""

import asyncio

import pytest
from fake_aws import SERIAL, SOURCE, World, role
from virtual_time import in_virtual_time

from xacct import errors
from xacct.credentials import events as ev
from xacct.credentials import snapshot
from xacct.credentials.ask import Ask
from xacct.model import Credentials, Grant, Role
from xacct.prompts.approved import LOGOUT, Key

HOUR = 3600.0
CENTRAL = Role("central", SOURCE, mfa_serial=SERIAL)
TWIN = Role("twin", SOURCE, mfa_serial=SERIAL)
ROLES = [role("a"), role("b", parent="a", mfa_serial=None), role("c"), role("plain", mfa_serial=None), CENTRAL, TWIN]
NAMES = [r.name for r in ROLES]


async def refused(world, name):
    with pytest.raises(errors.HumanNeeded, match=f"logged out of {name}"):
        await world.fetch(name, ask=True)
    assert world.ready(name) is None


async def everything(world):
    world.person(think=lambda: 1.0)
    for name in NAMES:
        await world.login(name, ask=True)


@pytest.mark.parametrize("out", NAMES)
@in_virtual_time
async def test_logging_in_to_others_brings_no_role_back(clock, out):
    async with World(clock, ROLES) as world:
        await everything(world)
        world.keeper.logout([out])
        for name in NAMES:
            if name != out:
                await world.login(name, ask=True)
                assert await world.fetch(name, ask=False)
            await refused(world, out)
        await asyncio.sleep(3 * HOUR)
        await refused(world, out)
        assert await world.login(out, ask=True)
        assert await world.fetch(out, ask=False)


@pytest.mark.parametrize("out", NAMES)
@in_virtual_time
async def test_logging_out_of_one_role_takes_no_other(clock, out):
    async with World(clock, ROLES) as world:
        await everything(world)
        world.keeper.logout([out])
        for _ in range(5):
            for name in NAMES:
                if name != out:
                    assert await world.fetch(name, ask=False)
            await asyncio.sleep(0.9 * HOUR)
        assert world.count("GetSessionToken") == 1


@in_virtual_time
async def test_the_profile_that_is_the_session_lets_it_go_where_nobody_else_stands_on_it(clock):
    async with World(clock, ROLES) as world:
        world.person(think=lambda: 1.0)
        await world.login("central", ask=True)
        world.keeper.logout(["central"])
        [session] = world.keeper.sessions.values()
        assert session.held is None


@in_virtual_time
async def test_after_logout_all_every_role_takes_its_own_login(clock):
    async with World(clock, ROLES) as world:
        await everything(world)
        world.keeper.logout_all()
        for n, name in enumerate(NAMES):
            for other in NAMES[n:]:
                await refused(world, other)
            await world.login(name, ask=True)


@in_virtual_time
async def test_logout_all_while_a_file_is_empty_reaches_what_is_gone(clock):
    async with World(clock, ROLES) as world:
        await everything(world)
        world.keeper.configure({})
        world.keeper.logout_all()
        world.keeper.configure({r.name: r for r in ROLES})
        for name in NAMES:
            if name not in {"central", "twin"}:  # the session itself: it is gone, and takes a code
                await refused(world, name)
        assert not any(entry.held for entry in world.keeper.sessions.values())


@in_virtual_time
async def test_what_was_logged_out_of_is_not_had_by_its_arn(clock):
    async with World(clock, [role("a"), role("c")]) as world:
        await_arn = role("a").role_arn
        world.person(think=lambda: 1.0)
        name = world.keeper.by_arn(await_arn, "c")
        await world.login("a", ask=True)
        assert await world.fetch(name, ask=False)
        world.keeper.logout(["a"])
        await refused_by_arn(world, name)
        await world.login("c", ask=True)
        await refused_by_arn(world, name)
        await world.login("a", ask=True)
        assert await world.fetch(name, ask=False)


async def refused_by_arn(world, name):
    with pytest.raises(errors.HumanNeeded, match="logged out of a"):
        await world.fetch(name, ask=True)


@in_virtual_time
async def test_a_consumer_gets_what_it_reaches_and_nothing_else(clock):
    async with World(clock, [role("a"), role("c")]) as world:
        await everything_of(world, "a", "c")
        grant = Grant("g", "", "a grant", ("a",), 0.0, role_arns=("*:role/x*",), via="a")
        assert isinstance(world.service.serve("a", grant, Ask()), Credentials)
        named = world.keeper.by_arn("arn:aws:iam::345678901234:role/y", "a")
        other_way = world.keeper.by_arn("arn:aws:iam::345678901234:role/x", "c")
        for name in ("c", named, other_way):
            with pytest.raises(errors.UnknownRole, match="does not reach"):
                world.service.serve(name, grant, Ask())


async def everything_of(world, *names):
    world.person(think=lambda: 1.0)
    for name in names:
        await world.login(name, ask=True)


@in_virtual_time
async def test_logging_out_turns_away_those_who_wait_though_another_role_goes_on(clock):
    async with World(clock, ROLES, latency=5.0) as world:
        world.person(think=lambda: 1.0)
        child = asyncio.ensure_future(world.fetch("b", ask=True))
        waiting = asyncio.ensure_future(world.fetch("a", ask=True))
        await asyncio.sleep(8)
        before = clock.time
        world.keeper.logout(["a"])
        with pytest.raises(errors.HumanNeeded, match="logged out of a"):
            await waiting
        assert clock.time == before
        assert await child, "the same calls were under way for it"


@in_virtual_time
async def test_logout_takes_all_it_names_or_nothing(clock):
    async with World(clock, ROLES) as world:
        await everything(world)
        saved = []
        world.events.call(ev.Changed, saved.append)
        with pytest.raises(errors.UnknownRole):
            world.keeper.logout(["a", "typo"])
        assert await world.fetch("a", ask=False)
        assert saved == []


@in_virtual_time
async def test_how_long_a_login_was_for_ends_with_it(clock):
    async with World(clock, ROLES) as world:
        world.person(think=lambda: 1.0)
        await world.login("a", ask=True, until=world.aws.now() + 30 * HOUR)
        assert world.keeper.mfa_expires_at("a") - world.aws.now() > 29 * HOUR
        world.keeper.logout_all()
        await world.login("c", ask=True)
        assert world.keeper.mfa_expires_at("c") - world.aws.now() <= 12 * HOUR


@pytest.mark.parametrize("out", [["a"], ["central"], NAMES])
@in_virtual_time
async def test_a_restart_brings_no_logout_to_an_end_even_where_nothing_is_configured_yet(clock, out):
    async with World(clock, ROLES) as world:
        await everything(world)
        world.keeper.logout(out)
        for roles in ([], ROLES):
            await world.restart(roles)
        world.person(think=lambda: 1.0)
        for name in out:
            await refused(world, name)
        for name in set(NAMES) - set(out):
            assert await world.fetch(name, ask=True)


@in_virtual_time
async def test_a_memory_that_comes_late_undoes_nothing_that_was_said_since(clock):
    guarded = role("first", confirm="first-use")
    async with World(clock, [*ROLES, guarded]) as world:
        await everything(world)
        world.keeper.approvals.approved.add(Key("first", None), LOGOUT)
        late = snapshot.export(world.keeper)
        world.keeper.logout(["a", "first"])
        snapshot.restore(world.keeper, late, same_boot=True)
        await refused(world, "a")
        assert world.keeper.approvals.approved.all == []
        world.keeper.logout(["c"])
        later = snapshot.export(world.keeper)
        await world.login("c", ask=True)
        snapshot.restore(world.keeper, later, same_boot=True)
        assert await world.fetch("c", ask=False)
