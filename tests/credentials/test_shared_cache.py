"""Sign-ins that are shared with the AWS CLI: each of the two goes on from what the other has renewed."""

import asyncio
from dataclasses import replace

import pytest
from fake_aws import World
from fake_identity_center import FakeCache, permission_set
from virtual_time import in_virtual_time

from xacct import errors
from xacct.signin import Renewal

HOUR = 3600.0


def shared(clock, **more):
    return World(clock, [permission_set()], shared_cache=FakeCache(), **more)


def source_of(world):
    return next(key[0] for key in world.keeper.sessions)


@in_virtual_time
async def test_what_we_sign_in_to_and_renew_is_where_the_command_line_looks(clock):
    async with shared(clock) as world:
        world.person()
        await world.hold("dev")
        for _ in range(3 * 12):
            await asyncio.sleep(300)
            await world.fetch("dev", ask=False)
            kept = world.shared_cache.kept["corp"]
            renewal = world.keeper.sign_ins.renewals[source_of(world)]
            assert (kept.client, kept.tokens.refresh_token) == (renewal.client, renewal.refresh_token)
        assert len(world.shared_cache.written) == 1 + world.aws.portal.count("Refresh") >= 3


@in_virtual_time
async def test_what_the_command_line_has_renewed_is_ours(clock):
    async with shared(clock) as world:
        world.person()
        await world.hold("dev")
        for _ in range(5):
            await asyncio.sleep(20 * 60)
            await world.shared_cache.cli_renews(world.aws.portal)
            await world.fetch("dev", ask=False)
        await asyncio.sleep(2 * HOUR)
        await world.fetch("dev", ask=False)
        assert world.aws.portal.count("StartDeviceAuthorization") == 1


@in_virtual_time
async def test_of_both_at_once_the_one_that_came_too_late_goes_on_from_the_other(clock):
    async with shared(clock) as world:
        world.person()
        await world.login("dev", ask=True)
        entry, portal = next(iter(world.keeper.sessions.values())), world.aws.portal
        kept = world.shared_cache.kept["corp"]
        used = Renewal(kept.client, kept.tokens.refresh_token)
        tokens = await portal.renew(None, used)  # by the AWS CLI, not written yet
        renewing = asyncio.ensure_future(entry.refresh(ask=False))
        await asyncio.sleep(0.1)
        assert not renewing.done()
        await world.shared_cache.write(source_of(world), kept.client, tokens)
        assert (await renewing).session_token == tokens.access_token
        assert portal.count("StartDeviceAuthorization") == 1


@in_virtual_time
async def test_who_has_signed_in_with_the_command_line_is_signed_in_here_until_that_ends(clock):
    async with shared(clock) as world:
        await world.shared_cache.cli_signs_in(world.aws.portal)
        await world.login("dev", ask=False)
        assert world.aws.portal.count("Refresh") == 0, "its access token is good still"
        await asyncio.sleep(3 * HOUR)
        await world.login("dev", ask=False)
        assert world.aws.portal.count("Refresh") == 1


@in_virtual_time
async def test_a_refresh_token_that_is_good_for_nothing_is_tried_once(clock):
    async with shared(clock) as world:
        await world.shared_cache.cli_signs_in(world.aws.portal)
        world.aws.portal.end_all()
        for _ in range(3):
            with pytest.raises(errors.HumanNeeded):
                await world.login("dev", ask=False)
            await asyncio.sleep(2 * HOUR)
        assert world.aws.portal.count("Refresh") == 1


@in_virtual_time
async def test_nor_is_one_of_a_client_that_aws_knows_no_more(clock):
    async with shared(clock) as world:
        await world.shared_cache.cli_signs_in(world.aws.portal)
        world.aws.portal.forget_clients()
        await asyncio.sleep(2 * HOUR)
        for _ in range(3):
            with pytest.raises(errors.HumanNeeded):
                await world.login("dev", ask=False)
        assert world.aws.portal.count("Refresh") == 1


@in_virtual_time
async def test_what_is_kept_and_older_is_left(clock):
    async with shared(clock) as world:
        world.person()
        await world.hold("dev")
        older = world.shared_cache.kept["corp"]
        await asyncio.sleep(2 * HOUR)
        await world.fetch("dev", ask=False)
        world.shared_cache.kept["corp"] = older  # put back from a backup, say
        await asyncio.sleep(3 * HOUR)
        await world.fetch("dev", ask=False)
        assert world.aws.portal.count("StartDeviceAuthorization") == 1


@in_virtual_time
async def test_a_restart_knows_which_is_the_later(clock):
    async with shared(clock) as world:
        world.person()
        await world.login("dev", ask=True)
        older = world.shared_cache.kept["corp"]
        await next(iter(world.keeper.sessions.values())).refresh(ask=False)
        await asyncio.sleep(60)
        await next(iter(world.keeper.sessions.values())).refresh(ask=False)
        world.shared_cache.kept["corp"] = older
        await world.restart()
        await asyncio.sleep(2 * HOUR)
        await world.login("dev", ask=False)
        assert world.aws.portal.count("StartDeviceAuthorization") == 1


@in_virtual_time
async def test_a_client_of_the_command_line_that_has_ended_is_not_taken(clock):
    async with shared(clock) as world:
        cache, portal = world.shared_cache, world.aws.portal
        await cache.cli_signs_in(portal)
        client = replace(cache.kept["corp"].client, expires_at=portal.now() + HOUR)  # of 90 days
        cache.kept["corp"] = replace(cache.kept["corp"], client=client)
        await asyncio.sleep(2 * HOUR)
        assert not next(iter(world.keeper.sessions.values())).refreshable_without_mfa()
        with pytest.raises(errors.HumanNeeded):
            await world.login("dev", ask=False)
        assert world.aws.portal.count("Refresh") == 0
