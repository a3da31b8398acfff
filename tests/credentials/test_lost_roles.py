"""A configuration that loses or changes roles: what they held is let go at once, and comes back with nothing.

(A file that is empty while an editor saves it is not believed for two seconds: tests/test_configuration.py.)
"""

import asyncio
import time

import pytest
from fake_aws import SERIAL, World, role
from virtual_time import in_virtual_time

from xacct import errors
from xacct.model import StsTarget

ROLES = (role(), role("other"), role("hop", parent="other", mfa_serial=None))


def configure(world, *roles):
    world.keeper.configure({r.name: r for r in roles})


async def logged_in(world):
    person = world.person(think=lambda: 1.0)
    held = {r.name: await world.login(r.name, ask=True) for r in ROLES}
    person.leave()
    return held


@in_virtual_time
async def test_what_is_gone_is_let_go_with_its_session(clock):
    async with World(clock, ROLES) as world:
        await logged_in(world)
        entries = [*(node.entry for node in world.keeper.nodes.values()), *world.keeper.sessions.values()]
        configure(world)
        with pytest.raises(errors.UnknownRole):
            await world.fetch("prod", ask=True)
        assert not any(entry.held for entry in entries)
        configure(world, *ROLES)
        with pytest.raises(errors.HumanNeeded):
            await world.fetch("prod", ask=False)


@in_virtual_time
async def test_what_comes_back_hangs_from_a_session_that_is_there(clock):
    async with World(clock, ROLES) as world:
        configure(world)
        configure(world, *ROLES)  # the very same objects: what was known of them by that has gone
        sessions = {node.session for node in world.keeper.nodes.values()}
        assert sessions == set(world.keeper.sessions.values())


@in_virtual_time
async def test_roles_of_one_source_and_two_sts_hang_from_two_sessions(clock):
    """However many there are, and in whichever order: a code is for one."""
    here, there = role("here"), role("there", target=StsTarget(endpoint_url="http://localhost:4566"))
    assert here.parent is there.parent
    async with World(clock, (here, there, role("back"))) as world:
        sessions = {name: node.session for name, node in world.keeper.nodes.items()}
        assert sessions["here"] is sessions["back"]
        assert sessions["here"] is not sessions["there"]


@in_virtual_time
async def test_a_session_stays_while_a_role_stands_on_it(clock):
    async with World(clock, ROLES) as world:
        held = await logged_in(world)
        configure(world, role())
        assert await world.fetch("prod", ask=False) is held["prod"]
        configure(world, *ROLES)
        await world.fetch("hop", ask=False)
        assert world.count("GetSessionToken") == 1


@in_virtual_time
async def test_a_changed_role_is_another(clock):
    async with World(clock, ROLES) as world:
        held = await logged_in(world)
        for changed in ({"external_id": "x"}, {"read_only": True}, {"confirm": "first-use"}):
            configure(world, role(**changed), *ROLES[1:])
            assert world.keeper.node("prod").entry.held is None
            assert world.ready("prod") is None
            assert await world.fetch("other", ask=False) is held["other"]


@in_virtual_time
async def test_a_role_that_now_hangs_from_another_gets_nothing_of_it(clock):
    async with World(clock, ROLES) as world:
        await logged_in(world)
        configure(world, role(), role("other", external_id="x"), ROLES[2])
        assert world.keeper.node("hop").entry.held is None


@in_virtual_time
async def test_logging_out_of_everything_reaches_roles_that_are_gone_for_a_moment(clock):
    async with World(clock, ROLES) as world:
        await logged_in(world)
        configure(world)
        world.keeper.logout_all()
        configure(world, *ROLES)
        for name in ("prod", "other", "hop"):
            with pytest.raises(errors.HumanNeeded, match="logged out"):
                await world.fetch(name, ask=False)


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
async def test_who_waits_for_what_is_gone_hears_so(clock):
    async with World(clock, ROLES) as world:
        with world.broker.subscribe():
            waiting = asyncio.ensure_future(world.fetch("prod", ask=True))
            await asyncio.sleep(1)
            configure(world)
            with pytest.raises(errors.UnknownRole):
                await waiting
            assert world.broker.open_prompts == []


# What is configured anew while somebody is on their way to it, and not waiting for AWS: the former role is asked for
# no more, and nobody is for a code of its device.

NEW = "arn:aws:iam::999999999999:role/new"


def assumed(world):
    """The ARNs that roles are assumed by from now on."""
    found, assume = [], world.aws.assume_role

    async def noted(keys, role, **how):
        found.append(role.role_arn)
        return await assume(keys, role, **how)

    world.aws.assume_role = noted
    return found


@in_virtual_time
async def test_what_changes_while_it_is_renewed_for_a_fetch_is_not_had_as_it_was(clock):
    async with World(clock, ROLES) as world:
        await logged_in(world)
        clock.advance(3600 - 600)  # stale: a fetch has it renewed first, and waits for a moment
        world.aws.latency = 10.0
        found = assumed(world)
        waiting = asyncio.ensure_future(world.fetch("prod", ask=False))
        await asyncio.sleep(0.3)
        configure(world, role(role_arn=NEW), *ROLES[1:])
        with pytest.raises(errors.XacctError):
            await waiting
        assert found == [ROLES[0].role_arn]  # the one before


@in_virtual_time
async def test_what_changes_while_its_asker_is_looked_for_is_not_had_as_it_was(clock):
    async with World(clock, ROLES) as world:
        world.person(think=lambda: 1.0)
        found = assumed(world)
        loop = asyncio.get_running_loop()

        def process():
            loop.call_soon_threadsafe(configure, world, role(role_arn=NEW), *ROLES[1:])
            time.sleep(0.05)
            return "pid 7"

        with pytest.raises(errors.XacctError):
            await world.fetch("prod", ask=True, process=process)
        assert found == []


@in_virtual_time
async def test_what_changes_while_a_human_is_asked_for_a_yes_is_not_had_as_it_was(clock):
    """It is the same role, so the yes holds; but it is reached by another device now, and at another address."""
    async with World(clock, (role(confirm="first-use"), *ROLES[1:])) as world:
        with world.broker.subscribe():
            waiting = asyncio.ensure_future(world.fetch("prod", ask=True))
            await asyncio.sleep(1)
            there = StsTarget(endpoint_url="http://localhost:4566")
            configure(world, role(confirm="first-use", mfa_serial=f"{SERIAL}2", target=there))
            world.broker.confirm(world.broker.open_prompts[0].id)
            await asyncio.sleep(1)
            assert world.broker.open_prompts == []
            with pytest.raises(errors.Temporary, match="configured anew"):
                await waiting


@in_virtual_time
async def test_what_was_the_session_itself_and_is_a_role_now_does_not_leave_as_the_session(clock):
    """The session stays, for others hang from it; whoever waited for it as `prod` must not get it."""
    async with World(clock, (role(role_arn=None), *ROLES[1:])) as world:
        world.person(think=lambda: 5.0)
        waiting = asyncio.ensure_future(world.fetch("prod", ask=True))
        await asyncio.sleep(1)
        configure(world, *ROLES)
        with pytest.raises(errors.Temporary, match="configured anew"):
            await waiting
        assert world.count("GetSessionToken") == 1  # what the human gave is of use to the next


@in_virtual_time
async def test_what_changes_while_a_login_waits_for_a_code_is_not_had_as_it_was(clock):
    async with World(clock, ROLES) as world:
        world.person(think=lambda: 5.0)
        found = assumed(world)
        waiting = asyncio.ensure_future(world.login("prod", ask=True, until=world.aws.now() + 3600))
        await asyncio.sleep(1)
        configure(world, role(role_arn=NEW), *ROLES[1:])
        with pytest.raises(errors.XacctError):
            await waiting
        assert found == []
