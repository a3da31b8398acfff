"""Logging in without fetching: what takes a human is had now, the role itself at its first use."""

import asyncio

import pytest
from fake_aws import World, role
from virtual_time import in_virtual_time

from xacct import errors
from xacct.control.standing import Standing
from xacct.credentials.rate_limiter import Bulk


def state(world, name):
    return Standing(world.keeper).state(world.keeper.node(name))


async def log_in(world, *names, **how):
    place = Bulk().place
    await asyncio.gather(
        *(world.login(name, ask=True, lazy=True, place=place(n), **how) for n, name in enumerate(names))
    )


@in_virtual_time
async def test_a_thousand_roles_take_one_code_and_one_call(clock):
    names = [f"m{n}" for n in range(1000)]
    async with World(clock, [role(name) for name in names]) as world:
        person = world.person(think=lambda: 1.0)
        await log_in(world, *names)
        assert (world.count("GetSessionToken"), world.count("AssumeRole")) == (1, 0)
        person.leave()
        before = clock.time
        await log_in(world, *names)
        assert clock.time == before
        assert {state(world, name) for name in names} == {"idle"}
        await asyncio.sleep(600)
        assert world.count("AssumeRole") == 0, "nothing is fetched that nobody uses"
        assert (await world.fetch("m777", ask=False)).access_key_id
        assert world.count("AssumeRole", role="m777") == 1
        assert state(world, "m777") == "held"


@pytest.mark.parametrize(
    ("roles", "name", "calls"),
    [
        ([role("long", mfa="direct", duration=7200)], "long", 1),
        ([role("top", mfa="direct"), role("below", parent="top", mfa_serial=None)], "below", None),
        ([role("prod"), role("second", parent="prod", mfa_serial=None)], "second", 0),
        ([role("plain", mfa_serial=None)], "plain", 0),
        ([role("session", role_arn=None)], "session", 0),
    ],
)
@in_virtual_time
async def test_afterwards_its_first_use_takes_no_human_whatever_it_hangs_from(clock, roles, name, calls):
    async with World(clock, roles, max_duration={"long": 7200}) as world:
        person = world.person(think=lambda: 1.0)
        await log_in(world, name)
        person.leave()
        if calls is not None:
            assert world.count("AssumeRole") == calls
        assert state(world, name) in ("idle", "held")
        assert (await world.fetch(name, ask=False)).access_key_id


@in_virtual_time
async def test_a_role_that_was_logged_out_of_is_so_no_longer(clock):
    async with World(clock, [role()]) as world:
        world.person(think=lambda: 1.0)
        await log_in(world, "prod")
        world.keeper.logout(["prod"])
        with pytest.raises(errors.HumanNeeded, match="logged out"):
            await world.fetch("prod", ask=False)
        await log_in(world, "prod")
        assert await world.fetch("prod", ask=False)


@in_virtual_time
async def test_logging_out_meanwhile_ends_it(clock):
    async with World(clock, [role()]) as world:
        world.person(think=lambda: 60.0)
        login = asyncio.ensure_future(log_in(world, "prod"))
        await asyncio.sleep(1)
        world.keeper.logout(["prod"])
        with pytest.raises(errors.HumanNeeded, match="logged out"):
            await login


@in_virtual_time
async def test_where_nobody_answers_it_fails_as_any_login_does(clock):
    async with World(clock, [role()]) as world:
        with pytest.raises(errors.NobodyToAsk):
            await log_in(world, "prod")


@in_virtual_time
async def test_the_prompt_says_whom_it_is_for(clock):
    async with World(clock, [role("other"), role("prod")]) as world:
        world.person(think=lambda: 5.0)
        login = asyncio.ensure_future(log_in(world, "prod"))
        await asyncio.sleep(1)
        assert [prompt.roles for prompt in world.broker.open_prompts] == [("prod",)]
        await login


@in_virtual_time
async def test_the_session_lasts_as_long_as_was_asked_for(clock):
    async with World(clock, [role()], session_life=3600.0) as world:
        world.person(think=lambda: 1.0)
        await log_in(world, "prod")
        world.aws.session_life = None
        await asyncio.sleep(60)
        until = world.aws.now() + 10 * 3600
        await log_in(world, "prod", until=until)
        assert world.keeper.mfa_expires_at("prod") >= until
        assert (world.count("GetSessionToken"), world.count("AssumeRole")) == (2, 0)


@in_virtual_time
async def test_what_aws_refuses_shows_at_the_first_use_and_then_at_once(clock):
    async with World(clock, [role()]) as world:
        world.person(think=lambda: 1.0)
        world.aws.denied.add("prod")
        await log_in(world, "prod")
        with pytest.raises(errors.AccessDenied):
            await world.fetch("prod", ask=False)
        with pytest.raises(errors.AccessDenied):
            await log_in(world, "prod")
