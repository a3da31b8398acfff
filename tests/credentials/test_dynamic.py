"""Roles known by their ARN alone: on whose MFA session, how many, and for how long."""

import asyncio

import pytest
from fake_aws import SERIAL, World, role
from virtual_time import in_virtual_time

from xacct import errors, policy
from xacct.credentials.dynamic import MOST


def arn(name, account="345678901234"):
    return f"arn:aws:iam::{account}:role/{name}"


@in_virtual_time
async def test_it_hangs_from_the_mfa_session_of_the_role_it_is_reached_via(clock):
    async with World(clock, [role(region="eu-central-1")]) as world:
        world.person()
        await world.login("prod", ask=True)
        name = world.keeper.by_arn(arn("dev-db"), "prod")
        assert name == arn("dev-db")
        assert (await world.fetch(name, ask=False)).access_key_id
        assert world.count("GetSessionToken") == 1
        made = world.keeper.node(name).role
        assert (made.role_arn, made.mfa_serial, made.region) == (name, SERIAL, "eu-central-1")
        assert world.keeper.mfa_expires_at(name) == world.keeper.mfa_expires_at("prod")


@in_virtual_time
async def test_asked_for_cold_it_asks_for_the_code_of_its_device(clock):
    async with World(clock, [role()]) as world:
        world.person()
        await world.fetch(world.keeper.by_arn(arn("a"), "prod"), ask=True)
        assert world.count("GetSessionToken") == 1


@in_virtual_time
async def test_it_is_renewed_while_it_is_used_and_let_go_when_it_is_not(clock):
    async with World(clock, [role()]) as world:
        world.person()
        name = world.keeper.by_arn(arn("a"), "prod")
        await world.fetch(name, ask=True)
        await asyncio.sleep(2 * policy.HOUR)
        assert world.count("AssumeRole", role=name) > 1
        await asyncio.sleep(policy.IDLE - policy.HOUR)
        assert world.keeper.by_arn(arn("a"), "prod") == name  # asked for: it stays
        await asyncio.sleep(policy.IDLE - policy.MINUTE)
        assert name in world.keeper.nodes
        await asyncio.sleep(2 * policy.MINUTE)
        assert name not in world.keeper.nodes
        assert len(world.keeper.dynamic) == 0


@in_virtual_time
async def test_there_are_so_many_and_the_least_recently_used_goes(clock):
    async with World(clock, [role()]) as world:
        for n in range(MOST):
            world.keeper.by_arn(arn(f"r{n}"), "prod")
            clock.advance(1)
        world.keeper.by_arn(arn("r0"), "prod")
        world.keeper.by_arn(arn("one-more"), "prod")
        assert len(world.keeper.dynamic) == MOST
        assert arn("r0") in world.keeper.nodes
        assert arn("r1") not in world.keeper.nodes


@in_virtual_time
async def test_junk_does_not_push_out_what_is_held(clock):
    async with World(clock, [role()]) as world:
        world.person()
        name = world.keeper.by_arn(arn("good"), "prod")
        await world.fetch(name, ask=True)
        await asyncio.sleep(60)
        for n in range(MOST + 10):
            world.keeper.by_arn(arn(f"junk{n}"), "prod")
        assert world.keeper.node(name).entry.valid()


@in_virtual_time
async def test_what_somebody_waits_for_is_not_pushed_out(clock):
    async with World(clock, [role()]) as world:
        world.person(think=lambda: 50.0)
        names = [world.keeper.by_arn(arn(f"r{n}"), "prod") for n in range(MOST)]
        waiting = [asyncio.ensure_future(world.fetch(name, ask=True)) for name in names]
        await asyncio.sleep(1)
        with pytest.raises(errors.Temporary):
            world.keeper.by_arn(arn("one-more"), "prod")
        await asyncio.gather(*waiting)


@in_virtual_time
async def test_two_ways_to_one_arn_are_two_roles(clock):
    other = role("other", mfa_serial=None)
    async with World(clock, [role(), other]) as world:
        assert world.keeper.by_arn(arn("a"), "prod") == arn("a")
        assert world.keeper.by_arn(arn("a"), "other") == f"{arn('a')} via other"
        assert world.keeper.node(arn("a")).role.mfa_serial == SERIAL
        assert world.keeper.node(f"{arn('a')} via other").role.mfa_serial is None


@in_virtual_time
async def test_a_reload_keeps_it_while_its_way_is_there_and_as_it_is_now(clock):
    async with World(clock, [role()]) as world:
        world.person()
        name = world.keeper.by_arn(arn("a"), "prod")
        await world.fetch(name, ask=True)
        world.keeper.configure({"prod": role(), "more": role("more")})
        assert world.keeper.node(name).entry.valid()
        world.keeper.configure({"prod": role(region="eu-west-1")})
        assert world.keeper.node(name).role.region == "eu-west-1"
        world.keeper.configure({"more": role("more")})
        assert name not in world.keeper.nodes
        with pytest.raises(errors.UnknownRole):
            world.keeper.by_arn(arn("a"), "prod")


@in_virtual_time
async def test_a_profile_that_takes_its_name_is_not_mistaken_for_it(clock):
    async with World(clock, [role()]) as world:
        name = world.keeper.by_arn(arn("a"), "prod")
        world.keeper.configure({"prod": role(), name: role(name)})
        assert len(world.keeper.dynamic) == 0
        assert world.keeper.by_arn(name, "prod") == f"{name} via prod"


@in_virtual_time
async def test_via_a_chained_role_it_hangs_from_the_same_first_role(clock):
    hub, spoke = role("hub"), role("spoke", parent="hub", mfa_serial=None)
    async with World(clock, [hub, spoke]) as world:
        world.person()
        name = world.keeper.by_arn(arn("a"), "spoke")
        await world.fetch(name, ask=True)
        assert world.keeper.node(name).entry.parent is world.keeper.node("hub").entry
