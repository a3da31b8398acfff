"""A role that AWS refuses costs one code at most, and holds nobody up; what the prompt says of why it is asked."""

import asyncio

import pytest
from fake_aws import SERIAL, SOURCE, World, role
from virtual_time import in_virtual_time

from xacct import errors
from xacct.credentials.refused import Refused
from xacct.model import Source

HOUR = 3600.0


async def refused(world, name, get="fetch", **how):
    with pytest.raises(errors.AccessDenied) as caught:
        await getattr(world, get)(name, ask=True, **how)
    return caught.value


@pytest.mark.parametrize("bad", [{}, {"mfa": "direct"}, {"parent": "good", "mfa_serial": None}])
@in_virtual_time
async def test_a_refused_role_costs_no_code_at_each_try(clock, bad):
    async with World(clock, [role("good"), role("bad", **bad)], denied={"bad"}) as world:
        person = world.person(think=lambda: 1.0)
        await world.login("good", ask=True)
        await asyncio.sleep(2 * HOUR)
        await refused(world, "bad")
        spent = len(person.answered)
        assert spent <= 2
        for _ in range(12):
            await asyncio.sleep(2 * HOUR)  # past the session's end
            error = await refused(world, "bad")
        assert len(person.answered) == spent
        assert error.hint == "When that is mended: xacctctl login bad --again"
        assert world.keeper.learned("bad")[-1] == f"learned: {error.sentence}"
        await refused(world, "bad", "login")
        assert len(person.answered) == spent
        await refused(world, "bad", "login", again=True)
        assert len(person.answered) == spent + 1


@in_virtual_time
async def test_several_refused_roles_take_one_code_and_make_no_queue(clock):
    names = [f"bad{n}" for n in range(5)]
    async with World(clock, [role("good"), *map(role, names)], denied=set(names)) as world:
        person = world.person(think=lambda: 1.0)
        await world.login("good", ask=True)
        await asyncio.sleep(2 * HOUR)
        before = clock.time
        await asyncio.gather(*(refused(world, name) for name in names))
        assert len(person.answered) == 2
        assert clock.time - before < 90
        assert await world.fetch("good", ask=False)


@in_virtual_time
async def test_what_changes_is_asked_for_again_and_what_works_is_refused_no_more(clock):
    async with World(clock, [role("bad")], denied={"bad"}) as world:
        person = world.person(think=lambda: 1.0)
        await refused(world, "bad")
        await asyncio.sleep(13 * HOUR)
        await refused(world, "bad")
        assert len(person.answered) == 1
        world.aws.denied.clear()
        world.keeper.configure({"bad": role("bad", external_id="right")})
        assert await world.fetch("bad", ask=True)
        assert world.keeper.refused.known == {}


@in_virtual_time
async def test_mended_in_iam_it_comes_back_without_a_code_while_the_session_lives(clock):
    async with World(clock, [role("bad")], denied={"bad"}) as world:
        person = world.person(think=lambda: 1.0)
        await refused(world, "bad")
        world.aws.denied.clear()
        await asyncio.sleep(1000)
        assert await world.fetch("bad", ask=True)
        assert len(person.answered) == 1


@in_virtual_time
async def test_a_restart_forgets_no_refusal(clock):
    async with World(clock, [role("bad")], denied={"bad"}) as world:
        world.person(think=lambda: 1.0)
        await refused(world, "bad")
        await world.restart()
        person = world.person(think=lambda: 1.0)
        await asyncio.sleep(13 * HOUR)
        await refused(world, "bad")
        assert person.answered == []


@in_virtual_time
async def test_the_prompt_says_why_it_is_asked_and_who_wanted_what(clock):
    async with World(clock, [role("strict")], max_mfa_age={"strict": 900}) as world:
        person = world.person(think=lambda: 1.0)
        await world.login("strict", ask=True)
        person.leave()
        await asyncio.sleep(2 * HOUR)
        with world.broker.subscribe():
            waiting = asyncio.ensure_future(world.fetch("strict", ask=True, process=lambda: "pid 7, /usr/bin/aws"))
            while not world.broker.open_prompts:
                await asyncio.sleep(0.1)
            [prompt] = world.broker.open_prompts
            assert prompt.roles == ("strict",)
            assert "may want a younger one" in prompt.reason
            waiting.cancel()


@in_virtual_time
async def test_the_prompt_names_the_program_that_wants_the_role(clock):
    async with World(clock, [role()]) as world:
        with world.broker.subscribe():
            waiting = asyncio.ensure_future(world.fetch("prod", ask=True, process=lambda: "pid 7, /usr/bin/aws"))
            await asyncio.sleep(1)
            [prompt] = world.broker.open_prompts
            assert prompt.who == "a program (pid 7, /usr/bin/aws)"
            waiting.cancel()


@in_virtual_time
async def test_two_profiles_of_one_access_key_and_device_are_one_source(clock):
    twin = role("twin", parent=Source("other", "profile"))
    for first, second in (("prod", "twin"), ("twin", "prod")):
        async with World(clock, [role(), twin]) as world:
            person = world.person(think=lambda: 1.0)
            await world.login(first, ask=True)
            assert await world.fetch(second, ask=True)
            assert len(person.answered) == 1
    async with World(clock, [role(), twin]) as world:
        person = world.person(think=lambda: 1.0)
        await asyncio.gather(*(world.login(name, ask=True) for name in ("prod", "twin")))
        assert len(person.answered) == 1


@in_virtual_time
async def test_another_key_device_or_address_is_another_source(clock):
    other_device = role("device", parent=Source("other", "profile"), mfa_serial=SERIAL + "2")
    async with World(clock, [role(), other_device]) as world:
        world.person(think=lambda: 1.0)
        await asyncio.gather(*(world.login(name, ask=True) for name in ("prod", "device")))
        assert world.count("GetSessionToken", outcome="ok") == 2
    assert role().parent == SOURCE


@pytest.mark.parametrize("name", ["prod", "twin"])
@in_virtual_time
async def test_a_session_that_aws_calls_dead_is_not_taken_from_the_twin(clock, name):
    twin = role("twin", parent=Source("other", "profile"))
    async with World(clock, [role(), twin]) as world:
        world.person(think=lambda: 1.0)
        await world.login("prod", ask=True)
        await world.login("twin", ask=True)
        world.aws.revoked |= {session.held.access_key_id for session in world.keeper.sessions.values()}
        world.keeper.node(name).entry.drop()
        assert await world.fetch(name, ask=True)
        assert world.count("GetSessionToken") == 2


@in_virtual_time
async def test_what_hangs_from_a_refused_role_costs_no_code_either_and_comes_back_with_it(clock):
    child = role("child", parent="bad", mfa_serial=None)
    async with World(clock, [role("bad"), child], denied={"bad"}) as world:
        person = world.person(think=lambda: 1.0)
        await refused(world, "bad")
        await asyncio.sleep(13 * HOUR)
        error = await refused(world, "child")
        assert len(person.answered) == 1
        assert "xacctctl login bad --again" in error.hint
        await refused(world, "child", "login", again=True)
        assert len(person.answered) == 2
        await asyncio.sleep(13 * HOUR)
        world.aws.denied.clear()
        world.keeper.configure({"bad": role("bad", external_id="right"), "child": child})
        assert await world.fetch("child", ask=True)


def test_what_to_do_and_what_then_are_two_parts_of_one_hint():
    refused = Refused()
    refused.note(role("bad"), errors.AccessDenied("AWS refuses bad.", "Check it: xacctctl explain bad"))
    hint = "Check it: xacctctl explain bad; when that is mended: xacctctl login bad --again"
    assert refused.of(role("bad")).hint == hint
