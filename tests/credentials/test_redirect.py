"""Sign-ins in a browser on this machine, which comes back by itself: when there is one, and when a code is shown."""

import asyncio
from contextlib import nullcontext

import msgspec
import pytest
from fake_aws import World
from fake_identity_center import LEGACY, permission_set
from virtual_time import in_virtual_time

from xacct import errors
from xacct.credentials.snapshot_values import SignInSnapshot
from xacct.prompts.events import PromptClosed, PromptOpened
from xacct.signin import Registration, SignIn

HOUR = 3600.0


async def login(world, name="dev", *, browser=True):
    with world.keeper.browsers.at(name) if browser else nullcontext():
        return await world.login(name, ask=True)


def opened(queue):
    seen = [queue.get_nowait() for _ in range(queue.qsize())]
    return [event.prompt for event in seen if isinstance(event, PromptOpened)]


@in_virtual_time
async def test_where_there_is_a_browser_it_comes_back_by_itself(clock):
    async with World(clock, [permission_set()]) as world:
        with world.events.subscribe() as queue:
            world.person()
            assert (await login(world)).account_id == "234567890123"
            [prompt] = opened(queue)
    portal = world.aws.portal
    assert (prompt.mode, prompt.user_code) == ("redirect", "")
    assert prompt.url == portal.redirects[0].url
    assert (portal.modes, portal.count("StartDeviceAuthorization")) == (["redirect"], 0)
    assert portal.redirects[0].closed, "nothing listens any more"


@in_virtual_time
async def test_a_program_that_waits_for_a_sign_in_gets_one_by_a_code(clock):
    async with World(clock, [permission_set()]) as world:
        with world.events.subscribe() as queue:
            world.person()
            await world.fetch("dev", ask=True)
            [prompt] = opened(queue)
    assert (prompt.mode, world.aws.portal.redirects) == ("device-code", [])


@in_virtual_time
async def test_a_login_that_has_ended_leaves_no_browser_behind(clock):
    async with World(clock, [permission_set()]) as world:
        world.person()
        await login(world)
        world.aws.portal.end_all()
        await asyncio.sleep(2 * HOUR)
        await world.fetch("dev", ask=True)
        assert (len(world.aws.portal.redirects), world.aws.portal.count("StartDeviceAuthorization")) == (1, 1)


@pytest.mark.parametrize("sign_in", [LEGACY, SignIn("corp", "https://corp.awsapps.com/start", "eu-central-1", ())])
@in_virtual_time
async def test_without_a_session_or_scopes_it_is_a_code(clock, sign_in):
    async with World(clock, [permission_set("dev", sign_in)]) as world:
        world.person()
        await login(world)
        assert world.aws.portal.modes == ["device-code"]


@in_virtual_time
async def test_it_is_renewed_by_the_client_that_signed_in(clock):
    async with World(clock, [permission_set()]) as world:
        world.person()
        with world.keeper.browsers.at("dev"):
            await world.hold("dev")
        for _ in range(5 * 12):
            await asyncio.sleep(300)
            await world.fetch("dev", ask=False)
        portal = world.aws.portal
        assert portal.count("Refresh") >= 3
        assert (portal.modes, portal.count("Authorize")) == (["redirect"], 1)


@in_virtual_time
async def test_each_way_has_a_client_of_its_own_which_a_restart_keeps(clock):
    async with World(clock, [permission_set()]) as world:
        world.person()
        await login(world)
        world.keeper.logout_all()
        await login(world, browser=False)
        await world.restart()
        world.person()
        for browser in (True, False):
            world.aws.portal.end_all()
            world.keeper.logout_all()
            await login(world, browser=browser)
        assert world.aws.portal.modes == ["redirect", "device-code"]


@in_virtual_time
async def test_a_restart_goes_on_with_a_sign_in_by_redirect(clock):
    async with World(clock, [permission_set()]) as world:
        world.person()
        await login(world)
        await asyncio.sleep(3 * HOUR)
        await world.restart()
        await world.login("dev", ask=False)
        assert world.aws.portal.modes == ["redirect"]


def test_what_was_kept_before_there_were_two_ways_renews_still():
    kept = b'{"client":{"client_id":"c","client_secret":"s","expires_at":1.0},"refresh_token":"r"}'
    snapshot = msgspec.json.decode(kept, type=SignInSnapshot)
    assert (snapshot.client, snapshot.refresh_token) == (Registration("c", "s", 1.0), "r")
    assert (snapshot.by_code, snapshot.by_redirect) == (None, None)


@in_virtual_time
async def test_a_code_is_had_instead_while_the_browser_is_waited_for(clock):
    async with World(clock, [permission_set()]) as world:
        with world.events.subscribe() as queue:
            world.person()
            world.aws.portal.browser = None
            signing_in = asyncio.ensure_future(login(world))
            await asyncio.sleep(10)
            world.broker.in_any_browser(world.keeper.topics("dev")[0])
            assert await signing_in
            seen = [queue.get_nowait() for _ in range(queue.qsize())]
    first, second = (event.prompt for event in seen if isinstance(event, PromptOpened))
    closed = next(event for event in seen if isinstance(event, PromptClosed))
    assert (first.mode, second.mode) == ("redirect", "device-code")
    assert (closed.prompt, closed.outcome) == (first, "withdrawn")
    assert world.aws.portal.redirects[0].closed


@in_virtual_time
async def test_a_code_that_is_open_already_stays(clock):
    async with World(clock, [permission_set()]) as world:
        with world.events.subscribe() as queue:
            world.person()
            signing_in = asyncio.ensure_future(login(world, browser=False))
            await asyncio.sleep(2)
            world.broker.in_any_browser(world.keeper.topics("dev")[0])
            await signing_in
            assert [prompt.mode for prompt in opened(queue)] == ["device-code"]


@in_virtual_time
async def test_a_browser_that_never_comes_back_is_not_waited_for_and_another_client_asks_next(clock):
    async with World(clock, [permission_set()]) as world:
        world.person()
        world.aws.portal.browser = None
        with pytest.raises(errors.TimedOut):
            await login(world)
        assert world.aws.portal.redirects[0].closed
        assert not world.broker.open_prompts
        world.aws.portal.browser = ("code", 5.0)
        await login(world)
        assert world.aws.portal.modes == ["redirect", "redirect"], "AWS may have known the first no more"


@in_virtual_time
async def test_a_no_in_the_browser_ends_it_and_keeps_the_client(clock):
    async with World(clock, [permission_set()]) as world:
        world.person()
        world.aws.portal.browser = ("declines", 5.0)
        with pytest.raises(errors.Declined, match="in the browser"):
            await login(world)
        world.aws.portal.browser = ("code", 5.0)
        await login(world)
        assert world.aws.portal.modes == ["redirect"]


@in_virtual_time
async def test_a_no_at_the_terminal_closes_the_listener(clock):
    async with World(clock, [permission_set()]) as world:
        world.person(think=lambda: None)
        world.aws.portal.browser = None
        with pytest.raises(errors.Declined):
            await login(world)
        assert world.aws.portal.redirects[0].closed


@in_virtual_time
async def test_where_no_redirect_can_be_had_a_code_is_shown(clock):
    async with World(clock, [permission_set()]) as world:
        with world.events.subscribe() as queue:
            world.person()
            world.aws.portal.failures = [errors.Refusal("IAM Identity Center refuses.", "")]
            assert await login(world)
            assert [prompt.mode for prompt in opened(queue)] == ["device-code"]


@in_virtual_time
async def test_a_client_that_aws_knows_no_more_at_the_exchange_is_made_anew(clock):
    async with World(clock, [permission_set()]) as world:
        world.person()
        world.aws.portal.failures = [None, None, errors.ClientUnknown("unknown client", "")]
        with pytest.raises(errors.ClientUnknown):
            await login(world)
        await login(world)
        assert world.aws.portal.modes == ["redirect", "redirect"]


@in_virtual_time
async def test_where_nobody_is_there_nothing_listens(clock):
    async with World(clock, [permission_set()]) as world:
        with pytest.raises(errors.NobodyToAsk):
            await login(world)
        assert world.aws.portal.calls == []
