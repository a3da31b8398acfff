"""A configuration that loses a role for a moment: what was held comes back with it, and with nothing else."""

import asyncio

import pytest
from fake_aws import World, role
from virtual_time import in_virtual_time

from xacct import errors
from xacct.keeper.retired import KEEP
from xacct.keeper.scheduler import LOOK

ROLES = (role(), role("other"), role("hop", parent="other", mfa_serial=None))


def configure(world, *roles):
    world.keeper.configure({r.name: r for r in roles})


async def logged_in(world):
    person = world.person(think=lambda: 1.0)
    held = {r.name: await world.login(r.name, ask=True) for r in ROLES}
    person.leave()
    return held


@in_virtual_time
async def test_an_empty_file_for_a_moment_costs_neither_a_code_nor_a_call(clock):
    async with World(clock, ROLES) as world:
        held = await logged_in(world)
        calls = len(world.aws.calls)
        configure(world)
        with pytest.raises(errors.UnknownRole):
            await world.fetch("prod", ask=True)
        await asyncio.sleep(KEEP - 1)
        configure(world, *ROLES)
        assert {name: await world.fetch(name, ask=False) for name in held} == held
        assert len(world.aws.calls) == calls


@in_virtual_time
async def test_what_stays_away_is_let_go(clock):
    async with World(clock, ROLES) as world:
        await logged_in(world)
        leases = [*(node.lease for node in world.keeper.nodes.values()), *world.keeper.sessions.values()]
        configure(world)
        await asyncio.sleep(KEEP)
        configure(world, *ROLES)  # before anybody has looked
        with pytest.raises(errors.HumanNeeded):
            await world.fetch("prod", ask=False)
        await asyncio.sleep(LOOK + 1)
        assert not any(lease.held for lease in leases)
        assert world.keeper.retired.all() == []


@in_virtual_time
async def test_a_suspend_counts(clock):
    async with World(clock, ROLES) as world:
        await logged_in(world)
        configure(world)
        clock.suspend(KEEP)
        configure(world, *ROLES)
        assert not any(node.lease.held for node in world.keeper.nodes.values())


@in_virtual_time
async def test_a_changed_role_is_another_and_changed_back_the_same(clock):
    async with World(clock, ROLES) as world:
        held = await logged_in(world)
        for changed in ({"external_id": "x"}, {"read_only": True}, {"confirm": "first-use"}):
            configure(world, role(**changed), *ROLES[1:])
            assert world.keeper.node("prod").lease.held is None
            assert world.ready("prod") is None
            assert await world.fetch("other", ask=False) is held["other"]
            configure(world, *ROLES)
            assert await world.fetch("prod", ask=False) is held["prod"]


@in_virtual_time
async def test_a_role_that_now_hangs_from_another_gets_nothing_of_it(clock):
    async with World(clock, ROLES) as world:
        await logged_in(world)
        configure(world)
        configure(world, role(), role("other", external_id="x"), ROLES[2])
        assert world.keeper.node("hop").lease.held is None


@in_virtual_time
async def test_logging_out_of_everything_takes_what_is_retired_too(clock):
    async with World(clock, ROLES) as world:
        await logged_in(world)
        leases = [*(node.lease for node in world.keeper.nodes.values()), *world.keeper.sessions.values()]
        configure(world)
        world.keeper.logout_all()
        assert not any(lease.held for lease in leases)
        configure(world, *ROLES)
        with pytest.raises(errors.HumanNeeded):
            await world.fetch("prod", ask=False)


@in_virtual_time
async def test_who_is_logged_out_stays_so(clock):
    async with World(clock, ROLES) as world:
        await logged_in(world)
        world.keeper.logout(["prod"])
        configure(world)
        configure(world, *ROLES)
        with pytest.raises(errors.HumanNeeded, match="logged out"):
            await world.fetch("prod", ask=False)


@in_virtual_time
async def test_nothing_retired_is_renewed_and_what_was_due_is_when_it_is_back(clock):
    async with World(clock, ROLES, role_life=60.0) as world:
        await logged_in(world)
        for r in ROLES:
            await world.fetch(r.name, ask=False)
        calls = len(world.aws.calls)
        configure(world)
        await asyncio.sleep(KEEP - 1)
        assert len(world.aws.calls) == calls
        configure(world, *ROLES)
        await asyncio.sleep(2)
        assert len(world.aws.calls) > calls
        assert world.keeper.node("prod").lease.servable()


@in_virtual_time
async def test_a_question_stays_open_and_who_waits_gets_its_answer(clock):
    async with World(clock, ROLES) as world:
        with world.desk.attend():
            waiting = asyncio.ensure_future(world.fetch("prod", ask=True))
            await asyncio.sleep(1)
            configure(world)
            [question] = world.desk.questions
            assert question.roles == ("prod",)
            await asyncio.sleep(5)
            configure(world, *ROLES)
            world.desk.answer(question.id, world.aws.code())
            got = await waiting
            assert world.ready("prod") is got
            assert world.count("GetSessionToken") == 1


@in_virtual_time
async def test_who_waits_for_what_stays_away_hears_so(clock):
    async with World(clock, ROLES) as world:
        with world.desk.attend():
            waiting = asyncio.ensure_future(world.fetch("prod", ask=True))
            await asyncio.sleep(1)
            configure(world)
            await asyncio.sleep(KEEP + LOOK + 1)
            with pytest.raises(errors.UnknownRole):
                await waiting
            assert world.desk.questions == []
