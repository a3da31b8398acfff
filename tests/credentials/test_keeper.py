"""The keeper's behaviour, minute by minute, in virtual time."""

import asyncio

import pytest
from fake_aws import SERIAL, SOURCE, World, role
from quiet_day import quiet_day
from virtual_time import in_virtual_time

from xacct import errors
from xacct.credentials import events as ev
from xacct.credentials.fetchers.calls import Defaults
from xacct.credentials.rate_limiter import Bulk
from xacct.model import Role
from xacct.prompts.events import PromptOpened

HOUR = 3600.0


async def settle(seconds=1.0):
    await asyncio.sleep(seconds)


@in_virtual_time
async def test_one_code_serves_every_role_of_the_device(clock):
    roles = [role(f"r{n}") for n in range(20)]
    async with World(clock, roles) as world:
        world.person()
        await asyncio.gather(*(world.login(r.name, ask=True) for r in roles))
        assert world.count("GetSessionToken") == 1
        assert world.count("AssumeRole") == 20
        assert all(call.code is None for call in world.aws.calls if call.action == "AssumeRole")


@in_virtual_time
async def test_five_hundred_cold_requests_are_one_call(clock):
    async with World(clock, [role()]) as world:
        world.person()
        await asyncio.gather(*(world.fetch("prod", ask=True) for _ in range(500)))
        assert (world.count("GetSessionToken"), world.count("AssumeRole")) == (1, 1)


@in_virtual_time
async def test_renewals_need_no_code_and_nobody_sees_less_than_a_quarter_hour(clock):
    async with World(clock, [role()]) as world:
        world.person()
        await world.login("prod", ask=True)
        for _ in range(10 * 12):
            await settle(300)
            held = await world.fetch("prod", ask=False)
            assert world.aws.expires(held.access_key_id) - world.aws.now() > 900
        assert world.count("GetSessionToken") == 1
        assert 18 <= world.count("AssumeRole") <= 24


@in_virtual_time
async def test_a_waiter_that_goes_away_cancels_nothing(clock):
    async with World(clock, [role()], latency=2.0) as world:
        world.person(think=lambda: 0.1)
        first = asyncio.ensure_future(world.fetch("prod", ask=True))
        second = asyncio.ensure_future(world.fetch("prod", ask=True))
        await settle(3)
        first.cancel()
        assert (await second).access_key_id
        assert world.count("AssumeRole") == 1


@in_virtual_time
async def test_nobody_to_ask_is_said_at_once(clock):
    async with World(clock, [role()]) as world:
        before = clock.boot
        with pytest.raises(errors.NobodyToAsk) as caught:
            await world.fetch("prod", ask=True)
        assert clock.boot == before
        assert caught.value.hint == "xacctctl login prod"


@in_virtual_time
async def test_past_the_sessions_end_nothing_is_tried_but_at_a_fetch(clock):
    """With nobody to ask a try costs nothing and fails at once: by itself one would follow another without end."""
    async with World(clock, [role()], session_life=HOUR) as world:
        person = world.person()
        await world.login("prod", ask=True)
        person.leave()
        await settle(HOUR + 1)
        with world.events.subscribe() as queue:
            for _ in range(10):
                with pytest.raises(errors.NobodyToAsk):
                    await world.fetch("prod", ask=True)
                await settle(60)
            tried = [queue.get_nowait() for _ in range(queue.qsize())]
        assert sum(isinstance(event, ev.Failed) for event in tried) == 10


@in_virtual_time
async def test_the_prompt_goes_when_nobody_has_waited_for_three_seconds(clock):
    async with World(clock, [role()]) as world:
        world.person(think=lambda: 1e6)
        waiter = asyncio.ensure_future(world.fetch("prod", ask=True))
        await settle()
        assert [q.roles for q in world.broker.open_prompts] == [("prod",)]
        waiter.cancel()
        await settle(2)
        assert world.broker.open_prompts, "botocore comes back after a second: the same demand"
        await settle(2)
        assert not world.broker.open_prompts


@in_virtual_time
async def test_a_retry_within_three_seconds_is_the_same_prompt(clock):
    async with World(clock, [role()]) as world:
        world.person(think=lambda: 10)
        raised = []
        with world.events.subscribe() as queue:
            for _ in range(4):
                waiter = asyncio.ensure_future(world.fetch("prod", ask=True))
                await asyncio.wait({waiter}, timeout=2)
                waiter.cancel()
                await settle(1)
            await world.fetch("prod", ask=True)
            while not queue.empty():
                raised.append(queue.get_nowait())
        assert sum(isinstance(e, PromptOpened) for e in raised) == 1


@in_virtual_time
async def test_a_no_is_a_no_for_a_while(clock):
    async with World(clock, [role(), role("other")]) as world:
        person = world.person(think=lambda: None)
        with pytest.raises(errors.Declined):
            await world.fetch("prod", ask=True)
        before = clock.boot
        with pytest.raises(errors.Declined):
            await world.fetch("other", ask=True)
        assert clock.boot == before
        person.think = lambda: 1.0
        await settle(16)
        assert await world.fetch("prod", ask=True)


@in_virtual_time
async def test_logging_in_by_hand_overrides_a_no(clock):
    async with World(clock, [role()]) as world:
        person = world.person(think=lambda: None)
        with pytest.raises(errors.Declined):
            await world.fetch("prod", ask=True)
        person.think = lambda: 1.0
        assert await world.login("prod", ask=True)


@in_virtual_time
async def test_three_wrong_codes_and_a_rest(clock):
    async with World(clock, [role()]) as world:
        world.aws.code = lambda now=None, numbers=iter(range(100)): f"{next(numbers):06d}"
        world.person(think=lambda: 1.0)
        with pytest.raises(errors.TooManyWrongCodes):
            await world.fetch("prod", ask=True)
        assert world.count("GetSessionToken") == 3
        with pytest.raises(errors.TooManyWrongCodes):
            await world.fetch("prod", ask=True)
        await settle(20)
        with pytest.raises(errors.TooManyWrongCodes, match="again in 40 s"):
            await world.login("prod", ask=True)
        assert world.count("GetSessionToken") == 3
        await settle(41)
        with pytest.raises(errors.TooManyWrongCodes):
            await world.login("prod", ask=True)
        assert world.count("GetSessionToken") == 6


@in_virtual_time
async def test_a_code_goes_to_aws_once_whoever_types_it(clock):
    async with World(clock, [role(mfa="direct"), role("other", mfa="direct")]) as world:
        world.person(think=lambda: 0.5)
        await asyncio.gather(*(world.login(name, ask=True) for name in ("prod", "other")))
        codes = [call.code for call in world.aws.calls]
        assert len(codes) == len(set(codes)) == 2
        assert all(call.outcome == "ok" for call in world.aws.calls)


@in_virtual_time
async def test_a_code_aws_never_saw_is_sent_again(clock):
    async with World(clock, [role()]) as world:
        world.aws.down = lambda now, end=world.aws.now() + 3: errors.NetworkDown("down") if now < end else None
        world.person(think=lambda: 0.5)
        await world.login("prod", ask=True)
        codes = {call.code for call in world.aws.calls if call.action == "GetSessionToken"}
        assert len(codes) == 1
        assert world.count("GetSessionToken") > 1


@in_virtual_time
async def test_a_code_aws_answered_with_trouble_is_not(clock):
    async with World(clock, [role()]) as world:
        world.aws.down = lambda now, end=world.aws.now() + 3: errors.Throttled("slow") if now < end else None
        world.person(think=lambda: 0.5)
        with pytest.raises(errors.Throttled):
            await world.login("prod", ask=True)
        assert world.count("GetSessionToken") == 1
        assert world.used_codes.used(SERIAL, world.aws.calls[0].code, world.aws.now(), clock.boot)


@in_virtual_time
async def test_good_credentials_are_served_while_sts_is_down(clock):
    async with World(clock, [role()]) as world:
        world.person()
        held = await world.login("prod", ask=True)
        world.aws.down = lambda now: errors.NetworkDown("down")
        for _ in range(11):
            await settle(300)
            assert await world.fetch("prod", ask=False) is held
        await settle(400)
        with pytest.raises(errors.NetworkDown):
            await world.fetch("prod", ask=False)
        world.aws.down = lambda now: None
        await settle(6)
        assert await world.fetch("prod", ask=False)


@in_virtual_time
async def test_an_access_that_is_withdrawn_keeps_what_is_unexpired_and_says_why(clock):
    async with World(clock, [role()]) as world:
        world.person()
        held = await world.login("prod", ask=True)
        world.aws.denied.add("prod")
        await settle(45 * 60)
        assert await world.fetch("prod", ask=False) is held
        assert isinstance(world.keeper.node("prod").entry.error, errors.MfaTooOld), "it might be that"
        assert world.count("AssumeRole") < 10
        await settle(20 * 60)
        with pytest.raises(errors.AccessDenied):
            await world.fetch("prod", ask=True)
        calls = len(world.aws.calls)
        with pytest.raises(errors.AccessDenied):
            await world.fetch("prod", ask=True)
        assert len(world.aws.calls) == calls


@in_virtual_time
async def test_a_session_that_aws_calls_dead_is_opened_anew(clock):
    async with World(clock, [role()]) as world:
        world.person()
        await world.login("prod", ask=True)
        [session] = world.keeper.sessions.values()
        world.aws.revoked.add(session.held.access_key_id)
        world.keeper.node("prod").entry.drop()
        assert await world.fetch("prod", ask=True)
        assert world.count("GetSessionToken") == 2


@in_virtual_time
async def test_a_suspend_over_the_expiry_is_noticed_and_never_served(clock):
    async with World(clock, [role()]) as world:
        world.person()
        old = await world.login("prod", ask=True)
        await settle(60)
        clock.suspend(2 * HOUR)
        new = await world.fetch("prod", ask=False)
        assert new is not old
        assert world.aws.expires(new.access_key_id) > world.aws.now()
        assert world.count("GetSessionToken") == 1


@in_virtual_time
async def test_a_suspend_in_the_middle_of_a_call_serves_nothing_that_expired_on_the_way(clock):
    async with World(clock, [role()]) as world:
        world.person()
        await world.login("prod", ask=True)
        world.keeper.node("prod").entry.drop()
        answer = world.aws.assume_role

        async def answered_before_the_lid_closed(*args, **how):
            world.aws.assume_role = answer
            got = await answer(*args, **how)
            clock.suspend(2 * HOUR)
            return got

        world.aws.assume_role = answered_before_the_lid_closed
        got = await world.fetch("prod", ask=False)
        assert world.aws.expires(got.access_key_id) > world.aws.now()


@in_virtual_time
async def test_setting_the_clock_forward_loses_no_session(clock):
    async with World(clock, [role()]) as world:
        world.person()
        await world.login("prod", ask=True)
        await settle(600)
        clock.step_wall(24 * HOUR)
        assert await world.fetch("prod", ask=False)
        await settle(60)
        assert world.count("GetSessionToken") == 1
        assert world.keeper.node("prod").entry.servable()


@in_virtual_time
async def test_setting_the_clock_forward_does_not_make_a_used_code_a_new_one(clock):
    async with World(clock, [role(mfa="direct")]) as world:
        person = world.person(think=lambda: 1.0)
        await world.login("prod", ask=True)
        person.leave()
        clock.step_wall(HOUR)
        with world.broker.subscribe():
            waiter = asyncio.ensure_future(world.fetch("prod", ask=True))
            await settle(0.1)
            with pytest.raises(errors.CodeUsed):
                world.broker.answer(world.broker.open_prompts[0].id, world.aws.code())
            waiter.cancel()


@in_virtual_time
async def test_setting_the_clock_back_serves_nothing_expired(clock):
    async with World(clock, [role()]) as world:
        world.person()
        await world.login("prod", ask=True)
        world.aws.down = lambda now: errors.NetworkDown("down")
        clock.step_wall(-6 * HOUR)
        await settle(HOUR + 60)
        with pytest.raises(errors.NetworkDown):
            await world.fetch("prod", ask=False)


@in_virtual_time
async def test_active_roles_are_renewed_just_before_the_mfa_session_ends(clock):
    async with World(clock, [role()]) as world:
        person = world.person()
        await world.login("prod", ask=True)
        person.leave()
        mfa_expires_at = world.keeper.mfa_expires_at("prod")
        while world.aws.now() < mfa_expires_at:
            await settle(100)
            await world.fetch("prod", ask=False)
        held = world.keeper.node("prod").entry.held
        assert held.expires_at - mfa_expires_at > 50 * 60


@in_virtual_time
async def test_the_human_is_warned_twice_and_asked_once_ahead(clock):
    async with World(clock, [role()]) as world:
        person = world.person(think=lambda: 5.0)
        await world.login("prod", ask=True)
        mfa_expires_at = world.keeper.mfa_expires_at("prod")
        with world.events.subscribe() as queue:
            while world.aws.now() < mfa_expires_at + 60:
                await settle(100)
                await world.fetch("prod", ask=False)
            seen = [queue.get_nowait() for _ in range(queue.qsize())]
        assert [round(e.seconds / 60) for e in seen if isinstance(e, ev.MfaEndsSoon)] == [30, 10]
        assert sum(isinstance(e, PromptOpened) for e in seen) == 1
        assert len(person.answered) == 2
        assert world.keeper.mfa_expires_at("prod") > mfa_expires_at


@in_virtual_time
async def test_nobody_is_asked_ahead_for_a_role_nobody_has_used_for_an_hour(clock):
    async with World(clock, [role()]) as world:
        person = world.person()
        await world.login("prod", ask=True)
        await settle(13 * HOUR)
        assert len(person.answered) == 1


@in_virtual_time
async def test_a_role_nobody_uses_lapses_and_comes_back_without_a_code(clock):
    async with World(clock, [role()], session_life=36 * HOUR) as world:
        world.person()
        await world.login("prod", ask=True)
        with world.events.subscribe() as queue:
            await settle(1.5 * HOUR)
            assert queue.empty(), "nobody has to hear of it"
        assert world.keeper.node("prod").entry.held is None
        assert world.count("AssumeRole") == 1
        assert await world.fetch("prod", ask=False)


@in_virtual_time
async def test_login_until_opens_a_session_that_lasts(clock):
    async with World(clock, [role()]) as world:
        world.person()
        await world.login("prod", ask=True)
        until = world.aws.now() + 20 * HOUR
        await world.login("prod", ask=True, until=until)
        assert world.keeper.mfa_expires_at("prod") >= until
        assert world.count("GetSessionToken") == 2
        await world.login("prod", ask=True, until=until)
        assert world.count("GetSessionToken") == 2
        with pytest.raises(errors.BadInput):
            await world.login("prod", ask=True, until=world.aws.now() + 37 * HOUR)


@pytest.mark.parametrize("when", ["before", "after"])
@in_virtual_time
async def test_login_until_counts_after_a_restart(clock, when):
    async with World(clock, [role()], session_life=HOUR) as world:
        world.person()
        until = world.aws.now() + 20 * HOUR
        if when == "before":
            await world.login("prod", ask=True, until=until)
        await world.restart()
        world.aws.session_life = None
        world.person()
        await settle(1.1 * HOUR)
        await world.login("prod", ask=True, until=until if when == "after" else None)
        assert world.keeper.mfa_expires_at("prod") >= until


@in_virtual_time
async def test_a_login_until_that_is_given_up_leaves_the_next_session_as_long_as_ever(clock):
    async with World(clock, [role(), role("other")]) as world:
        world.person(think=lambda: 60.0)
        waiting = asyncio.ensure_future(world.login("prod", ask=True, until=world.aws.now() + 30 * HOUR))
        await settle(1)
        waiting.cancel()
        await settle(120)
        await world.login("other", ask=True)
        assert world.keeper.mfa_expires_at("other") <= world.aws.now() + 12 * HOUR


@in_virtual_time
async def test_a_login_until_that_another_waits_for_too_lasts_as_long(clock):
    async with World(clock, [role()]) as world:
        world.person(think=lambda: 60.0)
        until = world.aws.now() + 30 * HOUR
        one, other = (asyncio.ensure_future(world.login("prod", ask=True, until=until)) for _ in range(2))
        await settle(1)
        one.cancel()
        await other
        assert world.keeper.mfa_expires_at("prod") >= until
        assert world.keeper.until == {"prod": until}


@in_virtual_time
async def test_a_role_is_logged_in_to_by_one_device_at_a_time(clock):
    """The other's prompt would be for a device that its own terminal is not asked for."""
    phone, other = f"{SERIAL}-phone", f"{SERIAL}-other"
    async with World(clock, [role()]) as world:
        world.person(think=lambda: 60.0)
        first = asyncio.ensure_future(world.login("prod", ask=True, serial=phone))
        await settle(1)
        assert [prompt.serials for prompt in world.broker.open_prompts] == [(phone,)]
        async with asyncio.timeout(5):
            with pytest.raises(errors.Temporary, match=f"by {phone} is under way"):
                await world.login("prod", ask=True, serial=other)
        assert world.keeper.topics("prod") == (phone, SERIAL)
        first.cancel()
        await settle(120)
        later = asyncio.ensure_future(world.login("prod", ask=True, serial=other))
        await settle(1)
        assert [prompt.serials for prompt in world.broker.open_prompts] == [(other,)]
        await later


@in_virtual_time
async def test_a_young_mfa_is_asked_for_when_needed_and_not_in_a_loop(clock):
    async with World(clock, [role("strict")], max_mfa_age={"strict": 900}) as world:
        person = world.person(think=lambda: 5.0)
        await world.login("strict", ask=True)
        assert len(person.answered) == 1
        for _ in range(29):
            await settle(120)
            await world.fetch("strict", ask=False)
        assert len(person.answered) == 1
        await settle(1200)
        assert await world.fetch("strict", ask=True)
        assert len(person.answered) == 2
        [_, second] = [call for call in world.aws.calls if call.code]
        assert second.action == "GetSessionToken", "for whoever else needs a younger one"
        [learned] = world.keeper.learned("strict")
        assert "younger than" in learned


@in_virtual_time
async def test_a_role_nobody_may_assume_is_not_blamed_on_the_mfa(clock):
    async with World(clock, [role()], denied={"prod"}) as world:
        person = world.person()
        with pytest.raises(errors.AccessDenied):
            await world.login("prod", ask=True)
        assert len(person.answered) == 1
        assert world.count("AssumeRole") == 1


@in_virtual_time
async def test_a_duration_the_role_does_not_allow_is_learned(clock):
    plain = role("long", mfa_serial=None, duration=43200)
    async with World(clock, [plain]) as world:
        await world.login("long", ask=False)
        world.keeper.node("long").entry.drop()
        await world.login("long", ask=False)
        assert [call.outcome for call in world.aws.calls] == ["duration", "ok", "ok"]
        assert world.keeper.learned("long") == ["learned: AWS gives this role 60 min at most"]


@in_virtual_time
async def test_a_duration_refused_with_a_code_takes_the_next_code_once(clock):
    direct = role("long", mfa="direct", duration=43200)
    async with World(clock, [direct]) as world:
        world.person(think=lambda: 2.0)
        await world.login("long", ask=True)
        world.keeper.node("long").entry.drop()
        await world.login("long", ask=True)
        assert [call.outcome for call in world.aws.calls] == ["duration", "ok", "ok"]
        assert len({call.code for call in world.aws.calls}) == 3


@in_virtual_time
async def test_a_second_hop_hangs_from_the_first(clock):
    async with World(clock, [role(), role("second", parent="prod", mfa_serial=None)]) as world:
        world.person()
        await world.hold("second")
        assert (world.count("GetSessionToken"), world.count("AssumeRole")) == (1, 2)
        await settle(5 * HOUR)
        assert world.keeper.node("second").entry.servable()
        assert world.count("GetSessionToken") == 1


@in_virtual_time
async def test_the_session_itself_can_be_held(clock):
    central = Role("central", SOURCE, mfa_serial=SERIAL)
    async with World(clock, [central, role()]) as world:
        world.person()
        held = await world.login("central", ask=True)
        await world.login("prod", ask=True)
        assert world.count("GetSessionToken") == 1
        assert await world.fetch("central", ask=False) is held


@in_virtual_time
async def test_logging_out_refuses_until_the_next_login(clock):
    async with World(clock, [role(), role("other")]) as world:
        world.person()
        await world.login("prod", ask=True)
        assert world.keeper.logout(["prod"]) == ["prod"]
        with pytest.raises(errors.HumanNeeded) as caught:
            await world.fetch("prod", ask=True)
        assert "logged out" in caught.value.sentence
        await world.login("prod", ask=True)
        assert world.count("GetSessionToken") == 1
        world.keeper.logout_all()
        assert all(s.held is None for s in world.keeper.sessions.values())


@in_virtual_time
async def test_logging_out_refuses_those_who_wait_and_takes_no_code_any_more(clock):
    async with World(clock, [role()]) as world:
        world.person(think=lambda: 1e6)
        waiter = asyncio.ensure_future(world.fetch("prod", ask=True))
        await settle()
        [prompt] = world.broker.open_prompts
        world.keeper.logout_all()
        with pytest.raises(errors.HumanNeeded) as caught:
            await waiter
        assert "logged out" in caught.value.sentence
        with pytest.raises(errors.PromptNotOpen):
            world.broker.answer(prompt.id, world.aws.code())
        await settle(10)
        assert all(entry.held is None for entry in world.keeper.sessions.values())


@in_virtual_time
async def test_a_bad_look_does_not_end_renewals(clock):
    async with World(clock, [role()]) as world:
        world.person()
        await world.hold("prod")
        world.scheduler._each_look = lambda: 1 / 0
        await settle(40)
        world.scheduler._each_look = lambda: None
        await settle(5 * HOUR)
        assert world.keeper.node("prod").entry.servable()


@in_virtual_time
async def test_an_unchanged_role_keeps_what_it_holds_when_the_configuration_changes(clock):
    async with World(clock, [role(), role("other")]) as world:
        world.person()
        held = await world.login("prod", ask=True)
        await world.login("other", ask=True)
        world.keeper.configure({"prod": role(), "other": role("other", external_id="new"), "more": role("more")})
        assert await world.fetch("prod", ask=False) is held
        assert world.keeper.node("other").entry.held is None
        assert await world.fetch("more", ask=False)
        assert world.count("GetSessionToken") == 1
        with pytest.raises(errors.UnknownRole):
            world.keeper.configure({"prod": role()})
            world.keeper.node("other")


@in_virtual_time
async def test_hundreds_of_roles_ask_sts_for_forty_at_once_and_ten_a_second(clock):
    roles = [role(f"r{n}") for n in range(200)]
    async with World(clock, roles) as world:
        world.person(think=lambda: 1.0)
        await asyncio.gather(*(world.hold(r.name) for r in roles))
        await settle(HOUR)
        clock.suspend(90 * 60)
        await settle(HOUR)
        times = [call.at for call in world.aws.calls]
        assert len(times) >= 3 * len(roles)
        for n, begin in enumerate(times):
            for calls in (41, 100, 300):
                if n + calls < len(times):
                    assert times[n + calls] - begin >= (calls - 40) / 10 - 1e-6
        assert all(world.keeper.node(r.name).entry.servable() for r in roles)


@pytest.mark.parametrize("life", [-1.0, -3600.0])
@in_virtual_time
async def test_what_aws_gives_expired_is_neither_served_nor_asked_for_twice(clock, life):
    async with World(clock, [role()]) as world:
        world.person(think=lambda: 1.0)
        held = await world.login("prod", ask=True)
        world.aws.role_life = life
        await settle(50 * 60)
        assert await world.fetch("prod", ask=False) is held
        await settle(11 * 60)
        calls = len(world.aws.calls)
        with pytest.raises(errors.AwsUnavailable, match="ended already"):
            await world.fetch("prod", ask=False)
        assert len(world.aws.calls) <= calls + 1
        assert not world.keeper.node("prod").entry.holds
        world.aws.role_life = None
        await settle(150)
        assert await world.fetch("prod", ask=False)


@in_virtual_time
async def test_an_mfa_session_that_aws_gives_expired_is_none(clock):
    async with World(clock, [role()], session_life=-5.0) as world:
        world.person(think=lambda: 1.0)
        with pytest.raises(errors.AwsUnavailable, match="ended already"):
            await world.login("prod", ask=True)
        assert (world.count("GetSessionToken"), world.count("AssumeRole")) == (1, 0)


@in_virtual_time
async def test_without_patience_no_human_is_waited_for_and_aws_is(clock):
    async with World(clock, [role(), role("plain", mfa_serial=None), role("asked", confirm="first-use")]) as world:
        with world.broker.subscribe():
            assert await world.fetch("plain", ask=True, patience=0.0)
            for name in ("prod", "asked"):
                with pytest.raises(errors.HumanNeeded):
                    await world.fetch(name, ask=True, patience=0.0)
            assert world.broker.open_prompts == []


@in_virtual_time
async def test_what_aws_keeps_waiting_is_not_blamed_on_a_human(clock):
    async with World(clock, [role("plain", mfa_serial=None)], latency=300.0) as world:
        with pytest.raises(errors.Temporary, match="AWS has not answered"):
            await world.fetch("plain", ask=True, patience=60.0)


@in_virtual_time
async def test_logging_in_is_no_use_and_one_fetch_is_worth_two_renewals(clock):
    async with World(
        clock, [role("logged-in"), role("used"), role("child", parent="logged-in", mfa_serial=None)]
    ) as world:
        world.person()
        await world.login("logged-in", ask=True)
        await world.login("used", ask=True)
        await world.fetch("used", ask=False)
        await settle(6 * HOUR)
        assert world.count("AssumeRole", role="logged-in") == 1
        assert world.count("AssumeRole", role="used") == 3
        assert world.keeper.uses["logged-in"].served is None
        await world.hold("child")
        await settle(3 * HOUR)
        assert world.count("AssumeRole", role="logged-in") > 4, "what is used stands on it"


@in_virtual_time
async def test_nothing_is_renewed_ahead_where_the_setting_says_so(clock):
    async with World(clock, [role()], defaults=Defaults(renew_within=0)) as world:
        world.person()
        await world.login("prod", ask=True)
        for _ in range(3):
            await world.fetch("prod", ask=False)
            await settle(0.2 * HOUR)
        assert world.count("AssumeRole") == 1
        await settle(HOUR)
        assert await world.fetch("prod", ask=False)
        assert world.count("AssumeRole") == 2


def test_a_day_of_eighty_roles_is_quiet():
    used, unused = quiet_day()
    assert unused == [1] * len(unused), "what was logged in to and not fetched is had once"
    assert max(used) < 60, "32 is the least that keeps 15 minutes"


async def bulk(world, names, **how):
    places = Bulk().place
    await asyncio.gather(*(world.login(name, ask=True, place=places(n), **how) for n, name in enumerate(names)))


@in_virtual_time
async def test_whoever_somebody_waits_for_goes_before_a_bulk_and_bulks_share(clock):
    many, others = [f"m{n}" for n in range(400)], [f"o{n}" for n in range(400)]
    async with World(clock, [role(name) for name in (*many, *others, "one", "sdk")]) as world:
        world.person(think=lambda: 1.0)
        await world.login("one", ask=True)
        world.keeper.logout(["one"])
        await settle(10)
        bulks = [asyncio.ensure_future(bulk(world, names)) for names in (many, others)]
        await settle(5)
        before = clock.time
        await world.login("one", ask=True)
        await world.fetch("sdk", ask=True)
        await world.fetch("m399", ask=True)
        assert clock.time - before < 2
        done = [sum(world.keeper.node(name).entry.valid() for name in names) for names in (many, others)]
        assert abs(done[0] - done[1]) <= 41, done
        for task in bulks:
            task.cancel()


@in_virtual_time
async def test_twenty_roles_are_there_at_once(clock):
    names = [f"m{n}" for n in range(20)]
    async with World(clock, [role(name) for name in names]) as world:
        world.person(think=lambda: 1.0)
        await world.login("m0", ask=True)
        before = clock.time
        await bulk(world, names)
        assert clock.time - before < 0.5


@in_virtual_time
async def test_a_role_of_a_source_that_takes_a_human_is_refreshable_only_with_one(clock):
    async with World(clock, [role("plain", mfa_serial=None)]) as world:
        entry = world.keeper.node("plain").entry
        assert entry.refreshable_without_mfa()
        world.aws.signed_out = {world.keeper.node("plain").role.parent.name}
        assert not entry.refreshable_without_mfa()
