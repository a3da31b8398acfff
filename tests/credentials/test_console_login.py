"""Console logins (`aws login`), minute by minute, in virtual time."""

import asyncio
from contextlib import nullcontext
from dataclasses import replace

import pytest
from fake_aws import World, role
from fake_console_login import ME, console
from fake_identity_center import permission_set
from virtual_time import in_virtual_time

from xacct import errors, policy
from xacct.credentials import events as ev
from xacct.prompts.events import PromptClosed, PromptOpened

HOUR = 3600.0
MINUTE = 60.0


async def login(world, name="me", *, browser=True):
    with world.keeper.browsers.at(name) if browser else nullcontext():
        return await world.login(name, ask=True)


def told(queue, *kinds):
    return [event for event in (queue.get_nowait() for _ in range(queue.qsize())) if isinstance(event, kinds)]


@in_virtual_time
async def test_one_sign_in_serves_the_profile_itself_others_of_it_and_the_roles_below(clock):
    below = [role(f"r{number}", parent="me", mfa_serial=None) for number in range(10)]
    async with World(clock, [console(), console("other"), *below]) as world:
        world.person()
        await asyncio.gather(*(world.login(each, ask=True) for each in ("me", "other", "r0", "r9")))
        assert world.aws.console.calls == ["Begin", "CreateToken"]
        mine, others = await world.fetch("me", ask=False), await world.fetch("other", ask=False)
        assert mine.access_key_id == others.access_key_id
        assert mine.remaining(world.aws.now()) <= 15 * MINUTE
        assert world.count("AssumeRole") == 2


@pytest.mark.parametrize(("browser", "mode"), [(True, "redirect"), (False, "paste")])
@in_virtual_time
async def test_the_human_is_shown_where_to_go_and_as_whom(clock, browser, mode):
    async with World(clock, [console()]) as world:
        with world.events.subscribe() as queue:
            world.person()
            await login(world, browser=browser)
            opened, closed = told(queue, PromptOpened, PromptClosed)
    asked = opened.prompt
    assert (asked.kind, asked.mode, asked.url, asked.user_code) == ("sign-in", mode, f"https://{mode}.example/", "")
    assert (asked.service, asked.sign_in, asked.take is None) == ("AWS", ME, browser)
    assert (closed.outcome, closed.sentence) == ("answered", f"You are signed in to AWS ({ME}).")


@in_virtual_time
async def test_it_is_renewed_for_twelve_hours_and_each_refresh_token_is_used_once(clock):
    async with World(clock, [console()]) as world:
        world.person()
        await world.hold("me")
        end = world.aws.now() + 12 * HOUR
        while world.aws.now() < end - 10 * MINUTE:
            held = await world.fetch("me", ask=False)
            assert held.remaining(world.aws.now()) > 0
            assert world.keeper.mfa_expires_at("me") == pytest.approx(end, abs=60), (
                "its end is known from the beginning"
            )
            await asyncio.sleep(200)
        assert world.aws.console.count("Begin") == 1
        assert 12 * 4 <= world.aws.console.count("Refresh") <= 12 * 12


@in_virtual_time
async def test_whoever_waits_at_once_makes_one_renewal(clock):
    below = [role(f"r{number}", parent="me", mfa_serial=None) for number in range(20)]
    async with World(clock, [console(), *below]) as world:
        world.person()
        await world.login("me", ask=True)
        await asyncio.sleep(HOUR)
        await asyncio.gather(*(world.fetch(f"r{number}", ask=False) for number in range(20)))
        assert world.aws.console.count("Refresh") == 1


@in_virtual_time
async def test_after_twelve_hours_a_human_is_asked_again_and_told_before(clock):
    async with World(clock, [console()]) as world:
        with world.events.subscribe() as queue:
            world.person()
            await world.hold("me")
            for _ in range(12 * 12 + 1):
                await asyncio.sleep(300)
                await world.fetch("me", ask=True)
            warned = told(queue, ev.MfaEndsSoon)
        assert world.aws.console.count("Begin") == 2
        assert [round(each.seconds / MINUTE) for each in warned] == [30, 10]
        assert {each.serial for each in warned} == {""}


@in_virtual_time
async def test_what_was_ended_elsewhere_is_asked_for_again(clock):
    async with World(clock, [console()]) as world:
        person = world.person()
        await world.hold("me")
        person.leave()
        world.aws.console.end_all()
        await asyncio.sleep(HOUR)
        with pytest.raises(errors.HumanNeeded, match="needs a sign-in to AWS"):
            await world.fetch("me", ask=False)
        assert world.keeper.mfa_expires_at("me") is None
        world.person()
        await world.fetch("me", ask=True)
        assert world.aws.console.count("Begin") == 2


@in_virtual_time
async def test_who_attends_is_asked_before_the_last_credentials_of_an_ended_sign_in_end(clock):
    async with World(clock, [console()]) as world:
        world.person()
        await world.hold("me")
        world.aws.console.end_all()
        for _ in range(30):
            await asyncio.sleep(MINUTE)
            await world.fetch("me", ask=False)
        assert world.aws.console.count("Begin") == 2


@in_virtual_time
async def test_a_role_below_says_that_it_takes_a_sign_in_and_lasts_an_hour_at_most(clock):
    async with World(clock, [console(), role("prod", parent="me", mfa_serial=None, duration=7200)]) as world:
        with pytest.raises(errors.HumanNeeded, match="prod needs a sign-in to AWS"):
            await world.fetch("prod", ask=False)
        world.person()
        held = await world.fetch("prod", ask=True)
        assert held.remaining(world.aws.now()) == pytest.approx(HOUR, abs=60)
        assert world.keeper.nodes["prod"].path.duration == policy.CHAIN_LIMIT


@in_virtual_time
async def test_who_signs_in_as_somebody_else_gets_nothing_and_is_asked_again(clock):
    async with World(clock, [console()]) as world:
        world.person()
        world.aws.console.who = "arn:aws:iam::123456789012:user/other"
        with pytest.raises(errors.WrongIdentity):
            await world.fetch("me", ask=True)
        assert not world.keeper.nodes["me"].entry.holds
        assert not world.keeper.sign_ins.renewals
        world.aws.console.who = None
        await world.fetch("me", ask=True)


@in_virtual_time
async def test_nobody_listens_for_the_browser_once_the_prompt_is_closed(clock):
    async with World(clock, [console()]) as world:
        person = world.person()
        await login(world)
        world.keeper.logout_all()
        world.aws.console.thinks = None
        person.think = lambda: None
        with pytest.raises(errors.Declined):
            await login(world)
        assert world.aws.console.modes == ["redirect", "redirect"]
        assert [each.closed for each in world.aws.console.begun] == [True, True]


@in_virtual_time
async def test_an_outage_costs_nothing_that_is_held(clock):
    async with World(clock, [console()]) as world:
        world.person()
        await world.hold("me")
        world.aws.console.failures = [errors.NetworkDown("The network is down.", "")] * 3
        await asyncio.sleep(10 * MINUTE)
        held = await world.fetch("me", ask=False)
        assert held.remaining(world.aws.now()) > 5 * MINUTE
        assert world.aws.console.count("Begin") == 1


@in_virtual_time
async def test_where_nobody_is_there_to_sign_in_aws_is_not_asked(clock):
    async with World(clock, [console()]) as world:
        with pytest.raises(errors.NobodyToAsk, match=r"A sign-in to AWS \(arn:aws:iam::123456789012:user/me\)"):
            await world.fetch("me", ask=True)
        assert world.aws.console.calls == []


@in_virtual_time
async def test_a_no_holds_for_retries(clock):
    async with World(clock, [console()]) as world:
        world.person(think=lambda: None)
        world.aws.console.thinks = None
        for _ in range(2):
            with pytest.raises(errors.Declined):
                await world.fetch("me", ask=True)
        assert world.aws.console.count("Begin") == 1


@in_virtual_time
async def test_a_program_that_waits_has_a_human_paste_what_any_browser_shows(clock):
    async with World(clock, [console()]) as world:
        with world.broker.subscribe():
            fetching = asyncio.ensure_future(world.fetch("me", ask=True))
            await asyncio.sleep(1)
            [prompt] = world.broker.open_prompts
            with pytest.raises(errors.BadInput):
                world.broker.bring(prompt.id, "something else")
            assert prompt.open
            world.broker.bring(prompt.id, " shown\n")
            await fetching
        assert world.aws.console.modes == ["paste"]


@in_virtual_time
async def test_a_sign_in_in_a_browser_here_takes_nothing_that_is_pasted(clock):
    async with World(clock, [console()]) as world:
        with world.broker.subscribe():
            signing_in = asyncio.ensure_future(login(world))
            await asyncio.sleep(1)
            [prompt] = world.broker.open_prompts
            with pytest.raises(errors.BadInput):
                world.broker.bring(prompt.id, "shown")
            await signing_in


@in_virtual_time
async def test_another_browser_is_had_instead_while_the_one_here_is_waited_for(clock):
    async with World(clock, [console()]) as world:
        world.person()
        world.aws.console.thinks = None
        signing_in = asyncio.ensure_future(login(world))
        await asyncio.sleep(10)
        world.aws.console.thinks = 1.0
        world.broker.in_any_browser(world.keeper.topics("me")[0])
        assert await signing_in
        assert world.aws.console.modes == ["redirect", "paste"]
        assert [each.closed for each in world.aws.console.begun] == [True, True]


@in_virtual_time
async def test_a_login_to_a_role_below_has_the_browser_too(clock):
    async with World(clock, [console(), role("prod", parent="me", mfa_serial=None)]) as world:
        world.person()
        await login(world, "prod")
        assert world.aws.console.modes == ["redirect"]


@in_virtual_time
async def test_where_nothing_can_listen_for_the_browser_its_answer_is_pasted(clock):
    async with World(clock, [console()]) as world:
        world.person()
        world.aws.console.no_port = True
        await login(world)
        assert world.aws.console.modes == ["paste"]


@in_virtual_time
async def test_logging_out_of_all_ends_the_sign_in_and_forgets_its_key(clock):
    async with World(clock, [console()]) as world:
        world.person()
        await world.login("me", ask=True)
        world.keeper.logout_all()
        assert (world.keeper.sign_ins.renewals, world.keeper.sign_ins.clients) == ({}, {})
        with pytest.raises(errors.HumanNeeded):
            await world.login("me", ask=False)


@in_virtual_time
async def test_a_restart_goes_on_with_the_sign_in_and_knows_its_end(clock):
    async with World(clock, [console()]) as world:
        world.person()
        await world.login("me", ask=True)
        end = world.keeper.mfa_expires_at("me")
        await asyncio.sleep(3 * HOUR)
        await world.restart()
        await world.login("me", ask=False)
        assert world.aws.console.count("Begin") == 1
        assert world.keeper.mfa_expires_at("me") == pytest.approx(end, abs=5)


@in_virtual_time
async def test_nothing_of_a_sign_in_comes_back_that_was_logged_out_of(clock):
    async with World(clock, [console()]) as world:
        world.person()
        await world.login("me", ask=True)
        world.keeper.logout(["me"])
        await world.restart()
        assert (world.keeper.sign_ins.renewals, world.keeper.sign_ins.clients) == ({}, {})
        with pytest.raises(errors.HumanNeeded):
            await world.fetch("me", ask=False)


@in_virtual_time
async def test_another_identity_region_or_file_is_another_sign_in(clock):
    there = console("me#1")
    there = replace(there, parent=replace(there.parent, files=("/other/config", "/other/credentials", "/other")))
    others = [console("you", f"{ME}2"), console("us", region="us-east-1"), there]
    async with World(clock, [console(), *others]) as world:
        world.person()
        for each in ("me", "you", "us", "me#1"):
            await world.login(each, ask=True)
        assert world.aws.console.count("Begin") == 4


@pytest.mark.parametrize("via", ["me", "set"])
@in_virtual_time
async def test_a_role_that_is_named_by_its_arn_is_assumed_and_not_taken_for_what_it_is_reached_by(clock, via):
    arn = "arn:aws:iam::234567890123:role/named"
    async with World(clock, [console(), permission_set("set")]) as world:
        world.person()
        name = world.keeper.by_arn(arn, via)
        reached = await world.fetch(via, ask=True)
        assert (await world.fetch(name, ask=True)).access_key_id != reached.access_key_id
        assert (world.keeper.nodes[name].role.parent, world.count("AssumeRole")) == (via, 1)


@in_virtual_time
async def test_what_nobody_uses_is_not_renewed(clock):
    async with World(clock, [console()]) as world:
        world.person()
        await world.login("me", ask=True)
        await asyncio.sleep(5 * HOUR)
        assert world.aws.console.count("Refresh") == 0
        await world.fetch("me", ask=False)
        assert world.aws.console.calls[2:] == ["Refresh"]
