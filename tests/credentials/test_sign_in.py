"""Sign-ins to IAM Identity Center, minute by minute, in virtual time."""

import asyncio
from dataclasses import replace

import pytest
from fake_aws import World, role
from fake_identity_center import CORP, LEGACY, permission_set
from virtual_time import in_virtual_time

from xacct import errors
from xacct.credentials import events as ev
from xacct.prompts.events import PromptClosed, PromptOpened
from xacct.state import codec

HOUR = 3600.0


@in_virtual_time
async def test_one_sign_in_serves_every_role_of_the_session(clock):
    names = [f"r{number}" for number in range(20)]
    async with World(clock, [permission_set(name) for name in names]) as world:
        world.person()
        await asyncio.gather(*(world.login(name, ask=True) for name in names))
        portal = world.aws.portal
        assert (portal.count("RegisterClient"), portal.count("StartDeviceAuthorization")) == (1, 1)
        assert portal.count("GetRoleCredentials") == 20


@in_virtual_time
async def test_the_human_is_shown_where_to_go_and_with_which_code(clock):
    async with World(clock, [permission_set()]) as world:
        with world.events.subscribe() as queue:
            world.person()
            await world.login("dev", ask=True)
            seen = [queue.get_nowait() for _ in range(queue.qsize())]
    opened = next(event.prompt for event in seen if isinstance(event, PromptOpened))
    closed = next(event for event in seen if isinstance(event, PromptClosed))
    assert (opened.kind, opened.url, opened.user_code) == ("sign-in", "https://device.sso.example/", "ABCD-EFGH")
    assert (opened.sign_in, opened.roles) == ("corp", ("dev",))
    assert (closed.outcome, closed.sentence) == ("answered", "You are signed in to corp.")


@in_virtual_time
async def test_a_held_request_waits_for_the_sign_in(clock):
    async with World(clock, [permission_set()]) as world:
        world.person()
        world.aws.portal.approves = 6  # half a minute
        held = await world.fetch("dev", ask=True)
        assert held.account_id == "234567890123"


@in_virtual_time
async def test_it_is_renewed_for_as_long_as_the_sign_in_lasts_and_each_refresh_token_is_used_once(clock):
    async with World(clock, [permission_set()]) as world:
        world.person()
        await world.hold("dev")
        for _ in range(7 * 12):
            await asyncio.sleep(300)
            held = await world.fetch("dev", ask=False)
            assert held.remaining(world.aws.now()) > 900
        portal = world.aws.portal
        assert portal.count("StartDeviceAuthorization") == 1
        assert 4 <= portal.count("Refresh") <= 16
        assert world.keeper.mfa_expires_at("dev") is None, "when that ends is not known"


@in_virtual_time
async def test_once_the_sign_in_has_ended_a_human_is_asked_with_the_same_client(clock):
    async with World(clock, [permission_set()]) as world:
        world.person()
        await world.hold("dev")
        world.aws.portal.end_all()
        await asyncio.sleep(2 * HOUR)
        with pytest.raises(errors.HumanNeeded, match="needs a sign-in to IAM Identity Center"):
            await world.fetch("dev", ask=False)
        await world.fetch("dev", ask=True)
        assert world.aws.portal.count("StartDeviceAuthorization") == 2
        assert world.aws.portal.count("RegisterClient") == 1, "a new client would have to be confirmed anew"


@in_virtual_time
async def test_a_registration_that_has_ended_is_made_anew(clock):
    async with World(clock, [permission_set()]) as world:
        world.person()
        await world.login("dev", ask=True)
        world.aws.portal.end_all()
        world.aws.portal.forget_clients()
        await asyncio.sleep(2 * HOUR)
        await world.fetch("dev", ask=True)
        assert world.aws.portal.count("RegisterClient") == 2


@in_virtual_time
async def test_who_has_signed_in_with_the_command_line_signs_in_no_more(clock):
    async with World(clock, [permission_set()]) as world:
        world.aws.portal.sign_in_with_command_line()
        await world.fetch("dev", ask=False)
        assert world.aws.portal.calls == ["GetRoleCredentials"]


@in_virtual_time
async def test_a_sign_in_by_the_command_line_is_seen_as_soon_as_it_is_there(clock):
    async with World(clock, [permission_set()]) as world:
        with pytest.raises(errors.HumanNeeded):
            await world.login("dev", ask=False)
        world.aws.portal.sign_in_with_command_line()
        await asyncio.sleep(0.1)  # the AWS CLI ends, and `xacctctl login` starts
        await world.login("dev", ask=False)


@in_virtual_time
async def test_a_token_of_the_command_line_that_was_revoked_is_not_tried_again(clock):
    async with World(clock, [permission_set()]) as world:
        portal = world.aws.portal
        portal.sign_in_with_command_line()
        await world.login("dev", ask=False)
        portal.end_all()
        await asyncio.sleep(50 * 60)
        with pytest.raises(errors.HumanNeeded):
            await world.keeper.nodes["dev"].entry.refresh(ask=False)
        tried = portal.count("GetRoleCredentials")
        with pytest.raises(errors.HumanNeeded):
            await world.keeper.nodes["dev"].entry.refresh(ask=False)
        assert portal.count("GetRoleCredentials") == tried
        portal.sign_in_with_command_line()
        world.person()
        await world.fetch("dev", ask=True)
        assert portal.count("StartDeviceAuthorization") == 0, "the new one is believed"


@in_virtual_time
async def test_a_sign_in_without_a_refresh_token_is_asked_for_ahead_of_its_end(clock):
    async with World(clock, [permission_set("old", LEGACY)]) as world:
        with world.events.subscribe() as queue:
            world.person()
            await world.hold("old")
            assert world.keeper.mfa_expires_at("old") == pytest.approx(world.aws.now() + HOUR, abs=60)
            for _ in range(12):
                await asyncio.sleep(300)
                await world.fetch("old", ask=False)
            seen = [queue.get_nowait() for _ in range(queue.qsize())]
    assert world.aws.portal.count("StartDeviceAuthorization") == 2
    assert {event.serial for event in seen if isinstance(event, ev.MfaEndsSoon)} == {""}


@in_virtual_time
async def test_a_no_holds_for_retries_and_asks_aws_nothing(clock):
    async with World(clock, [permission_set()]) as world:
        world.person(think=lambda: None)
        world.aws.portal.approves = None
        with pytest.raises(errors.Declined, match=r"IAM Identity Center \(corp\)"):
            await world.fetch("dev", ask=True)
        calls = len(world.aws.portal.calls)
        with pytest.raises(errors.Declined):
            await world.fetch("dev", ask=True)
        assert len(world.aws.portal.calls) == calls


@in_virtual_time
async def test_a_no_in_the_browser_is_a_no(clock):
    async with World(clock, [permission_set()]) as world:
        world.person()
        world.aws.portal.approves = "declines"
        with pytest.raises(errors.Declined, match="in the browser"):
            await world.fetch("dev", ask=True)
        assert not world.broker.open_prompts


@in_virtual_time
async def test_where_nobody_is_there_to_sign_in_aws_is_not_asked(clock):
    async with World(clock, [permission_set()]) as world:
        with pytest.raises(errors.NobodyToAsk, match="nobody is there to ask"):
            await world.fetch("dev", ask=True)
        assert world.aws.portal.calls == []


@in_virtual_time
async def test_we_look_slower_when_asked_to_and_through_an_outage(clock):
    async with World(clock, [permission_set()]) as world:
        world.person()
        portal = world.aws.portal
        down = errors.NetworkDown("The network is down.", "")
        slow = errors.Throttled("Slow down.", "")
        portal.failures = [None, None, slow, down]
        began = world.aws.now()
        await world.fetch("dev", ask=True)
        assert world.aws.now() - began >= 5 + 10 + 10 + 10


@in_virtual_time
async def test_a_code_given_to_nobody_in_time_is_withdrawn(clock):
    async with World(clock, [permission_set()]) as world:
        world.person()
        world.aws.portal.approves = None
        with pytest.raises(errors.TimedOut):
            await world.fetch("dev", ask=True)
        assert not world.broker.open_prompts


@in_virtual_time
async def test_a_role_hangs_from_a_permission_set_for_an_hour_at_most(clock):
    below = role("prod", parent="dev", mfa_serial=None, duration=7200)
    async with World(clock, [permission_set(), below]) as world:
        world.person()
        await world.login("prod", ask=True)
        assert world.keeper.nodes["prod"].path.duration == 3600
        assert world.keeper.topics("prod") == (CORP.topic,)


@in_virtual_time
async def test_logging_out_of_all_ends_the_sign_in(clock):
    async with World(clock, [permission_set()]) as world:
        world.person()
        await world.login("dev", ask=True)
        world.keeper.logout_all()
        with pytest.raises(errors.HumanNeeded):
            await world.login("dev", ask=False)
        assert world.aws.portal.count("Refresh") == 0


@in_virtual_time
async def test_a_restart_goes_on_with_the_sign_in_though_its_token_has_ended(clock):
    async with World(clock, [permission_set()]) as world:
        world.person()
        await world.login("dev", ask=True)
        await asyncio.sleep(3 * HOUR)
        await world.restart()
        await world.login("dev", ask=False)
        assert world.aws.portal.count("StartDeviceAuthorization") == 1


@in_virtual_time
async def test_nothing_of_a_sign_in_comes_back_that_was_logged_out_of(clock):
    async with World(clock, [permission_set()]) as world:
        world.person()
        await world.login("dev", ask=True)
        world.keeper.logout(["dev"])
        await world.restart()
        assert not world.keeper.sign_ins.renewals
        with pytest.raises(errors.HumanNeeded):
            await world.fetch("dev", ask=False)


@in_virtual_time
async def test_what_comes_late_of_an_earlier_process_takes_no_sign_in_away(clock):
    async with World(clock, [permission_set()]) as world:
        world.person()
        await world.login("dev", ask=True)
        world.keeper.logout_all()
        kept = bytearray()
        codec.take(world.keeper, "a boot", "0", kept)
        await world.login("dev", ask=True)
        before = dict(world.keeper.sign_ins.renewals)
        codec.give_back(codec.read(bytes(kept)), world.keeper, "a boot")
        assert world.keeper.sign_ins.renewals == before != {}


@in_virtual_time
async def test_the_same_session_in_other_files_is_another_sign_in(clock):
    source = permission_set("dev").parent
    other = permission_set("dev#1")
    other = replace(other, parent=replace(source, files=("/other/config", "/other/credentials", "/other")))
    async with World(clock, [permission_set(), other]) as world:
        world.person()
        await world.login("dev", ask=True)
        await world.login("dev#1", ask=True)
        assert world.aws.portal.count("StartDeviceAuthorization") == 2
