"""A configuration that loses or changes roles: what they held is let go at once, and comes back with nothing.

(A file that is empty while an editor saves it is not believed for two seconds: tests/test_configuration.py.)
"""

import asyncio

import pytest
from fake_aws import World, role
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
