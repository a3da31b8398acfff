"""What is kept of a failure are its words: not where it was raised, for those frames have keys in them, and grow."""

import asyncio
import gc
import itertools

import pytest
from fake_aws import World, role
from virtual_time import in_virtual_time

from xacct import errors
from xacct.model import Credentials
from xacct.scope import Scope

KEYS = "AKIASOURCE"

PROD, WITHOUT = role(), role("without", mfa_serial=None)


def depth(error):
    """How many frames an error remembers."""
    return len(list(itertools.takewhile(bool, _steps(error.__traceback__))))


def _steps(step):
    while step is not None:
        yield step
        step = step.tb_next


async def refused(world, name, **how):
    with pytest.raises(errors.XacctError):
        await world.fetch(name, **{"ask": False} | how)


def held_somewhere(access_key_id):
    """Whether anything refers to such keys still."""
    gc.collect()
    found = [each for each in gc.get_objects() if type(each) is Credentials]
    return any(each.access_key_id == access_key_id for each in found)


@in_virtual_time
async def test_a_failure_that_is_told_many_times_does_not_grow(clock):
    async with World(clock, [WITHOUT], denied={"without"}) as world:
        for _ in range(100):
            await refused(world, "without")
        assert world.count("AssumeRole") == 1
        entry = world.keeper.node("without").entry
        assert depth(entry.error) < 20
        for _ in range(100):  # as a role that hangs from it does
            with pytest.raises(errors.AccessDenied):
                await entry.get(ask=False)
        assert depth(entry.error) < 20


@in_virtual_time
async def test_nor_does_why_a_profile_is_no_role(clock):
    async with World(clock, [WITHOUT]) as world:
        why = errors.ConfigError("It can't be used.", "")
        world.keeper.configure({}, {"without": why})
        for _ in range(100):
            await refused(world, "without")
        assert depth(why) < 20


@in_virtual_time
async def test_a_refusal_holds_no_keys(clock):
    async with World(clock, [WITHOUT], denied={"without"}) as world:
        await refused(world, "without")
        assert world.keeper.node("without").entry.error is not None
        assert not held_somewhere(KEYS)


@in_virtual_time
async def test_a_defect_of_ours_holds_no_keys(clock):
    async with World(clock, [WITHOUT]) as world:

        async def broken(_keys, _role, **_how):
            raise ValueError("a defect")

        world.aws.assume_role = broken
        with pytest.raises(errors.XacctError):
            await world.login("without", ask=False)
        assert world.keeper.node("without").entry.error.code == "internal"
        assert not held_somewhere(KEYS)


@in_virtual_time
@pytest.mark.parametrize("lifetime", [None, 7200])
async def test_a_humans_no_holds_no_keys(clock, lifetime):
    async with World(clock, [PROD]) as world:
        with world.broker.subscribe():
            asked = asyncio.ensure_future(refused(world, "prod", ask=True, lifetime=lifetime))
            await asyncio.sleep(1)
            world.broker.decline(world.broker.open_prompts[0].id)
            await asked
        del asked
        await asyncio.sleep(1)
        assert not held_somewhere(KEYS)


@in_virtual_time
async def test_that_an_sts_knows_no_narrower_credentials_holds_none_of_the_roles(clock):
    async with World(clock, [WITHOUT], scoping="unknown") as world:
        narrowed = world.program("without")
        scope = Scope(policy='{"Version":"2012-10-17","Statement":[]}', words="reading")
        object.__setattr__(narrowed, "scope", scope)
        await world.fetch("without", ask=False, consumer=narrowed)
        own = world.keeper.node("without").entry.held.access_key_id
        world.keeper.logout(["without"])
        await asyncio.sleep(60)
        assert not held_somewhere(own)
