"""How long a yes holds, for whom, and that one for less never serves more."""

import asyncio
from dataclasses import replace
from typing import NamedTuple

import pytest
from fake_aws import World, role
from hypothesis import given
from hypothesis import strategies as st
from virtual_time import in_virtual_time

from xacct import errors
from xacct.credentials.fetchers.calls import Defaults
from xacct.model import Grant
from xacct.prompts.approved import (
    AT_MOST,
    BURST,
    GRANT,
    LOGOUT,
    OFFERED,
    ONCE,
    UNUSED_FOR,
    Approved,
    Key,
    Lasting,
    Remember,
    terms,
)
from xacct.scope import Scope

FIRST = role("first", confirm="first-use")
EACH = role("each", confirm="each-grant")
USE = role("use", confirm="each-use")
GUARDED = {"first-use": FIRST, "each-grant": EACH, "each-use": USE}
LIMIT = Scope('{"Version":"2012-10-17"}', words="reading")
QUARTER = Lasting("minutes", 900.0)


def consumer(name="g1", scope=None):
    return Grant(name, "", "a shell", ("first", "each", "use"), 0.0, scope=scope)


async def logged_in(world):
    person = world.person(think=lambda: 1.0)
    for name in ("first", "each", "use"):
        await world.login(name, ask=True)
    person.leave()
    await asyncio.sleep(1)


def fetch(world, name, who=None, **more):
    return world.fetch(name, ask=True, consumer=who or consumer(), **more)


async def says_yes(world, name, who=None, length=None, seconds=None, **more):
    """A fetch that is asked about, and gets a yes."""
    waiting = asyncio.ensure_future(fetch(world, name, who, **more))
    await asyncio.sleep(0.1)
    [prompt] = world.broker.open_prompts
    world.broker.confirm(prompt.id, length, seconds)
    return await waiting


async def asked(world, name, who=None):
    """Whether a fetch is asked about; then nobody answers."""
    waiting = asyncio.ensure_future(fetch(world, name, who))
    await asyncio.sleep(0.1)
    there = bool(world.broker.open_prompts)
    assert waiting.done() != there
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await asyncio.sleep(4)
    assert world.broker.open_prompts == []
    return there


@in_virtual_time
async def test_each_length_holds_as_long_as_it_says_and_no_longer(clock):
    async with World(clock, [FIRST, EACH, USE]) as world:
        await logged_in(world)
        with world.broker.subscribe():
            await says_yes(world, "use", length="minutes", seconds=900.0)
            await asyncio.sleep(890)
            assert not await asked(world, "use")
            await asyncio.sleep(10)
            assert await asked(world, "use")
            await says_yes(world, "use", length="grant")
            await asyncio.sleep(8 * 3600)
            world.keeper.approvals.keep({"g1"})
            assert world.keeper.approvals.admits(USE, "g1")
            assert await asked(world, "use", consumer("g2"))
            world.keeper.approvals.keep({"g2"})
            assert not world.keeper.approvals.admits(USE, "g1")


@in_virtual_time
async def test_at_each_use_a_plain_yes_is_for_once_and_a_burst_is_one_use(clock):
    async with World(clock, [FIRST, EACH, USE], defaults=Defaults(remember=Remember(QUARTER))) as world:
        await logged_in(world)
        with world.broker.subscribe():
            await says_yes(world, "use")
            for _ in range(3):
                await asyncio.sleep(BURST / 4)
                await fetch(world, "use")
            assert await asked(world, "use", consumer("g2")), "another consumer's use is another one"
            assert await asked(world, "use")
            await says_yes(world, "use")


@in_virtual_time
async def test_a_burst_does_not_go_on_by_going_on(clock):
    async with World(clock, [USE]) as world:
        with world.broker.subscribe():
            world.keeper.approvals.approved.add(Key("use", "g1"), ONCE)
            for _ in range(20):
                world.keeper.approvals.used(USE, "g1")
                await asyncio.sleep(BURST / 10)
            assert not world.keeper.approvals.admits(USE, "g1")


@in_virtual_time
async def test_a_yes_for_once_waits_for_its_use_for_a_while(clock):
    async with World(clock, [FIRST, EACH, USE]) as world:
        await logged_in(world)
        with world.broker.subscribe():
            for late, again in ((UNUSED_FOR - 5, False), (UNUSED_FOR + 5, True)):
                allowing = asyncio.ensure_future(world.service.allow("use", consumer()))
                await asyncio.sleep(0.1)
                world.broker.confirm(world.broker.open_prompts[0].id)
                await allowing
                await asyncio.sleep(late)
                assert await asked(world, "use") is again
                await asyncio.sleep(BURST)
                assert await asked(world, "use")


@in_virtual_time
async def test_what_is_got_ready_is_no_use(clock):
    async with World(clock, [FIRST, EACH, USE]) as world:
        await logged_in(world)
        narrowed = consumer(scope=LIMIT)
        with world.broker.subscribe():
            allowing = asyncio.ensure_future(world.service.allow("use", narrowed))
            await asyncio.sleep(0.1)
            world.broker.confirm(world.broker.open_prompts[0].id)
            await allowing
            await world.service.derive("use", narrowed)
            await asyncio.sleep(BURST + 10)
            assert not await asked(world, "use", narrowed)


@in_virtual_time
async def test_whoever_waits_beside_one_that_is_allowed_alone_is_asked_about_next(clock):
    async with World(clock, [FIRST, EACH, USE]) as world:
        await logged_in(world)
        with world.broker.subscribe():
            one = asyncio.ensure_future(fetch(world, "first", consumer("g1")))
            await asyncio.sleep(0.1)  # who asks is looked up in a thread, which another one might overtake
            other = asyncio.ensure_future(fetch(world, "first", consumer("g2")))
            await asyncio.sleep(0.1)
            [prompt] = world.broker.open_prompts
            assert prompt.permission.consumer == "g1"
            world.broker.confirm(prompt.id, "grant")
            assert await one
            await asyncio.sleep(0.1)
            assert not other.done()
            [prompt] = world.broker.open_prompts
            assert prompt.permission.consumer == "g2"
            world.broker.confirm(prompt.id, "logout")
            assert await other
            assert await fetch(world, "first", consumer("g3"))


@in_virtual_time
async def test_a_yes_at_first_use_for_minutes_is_for_all_and_one_for_once_is_not(clock):
    async with World(clock, [FIRST, EACH, USE]) as world:
        await logged_in(world)
        with world.broker.subscribe():
            await says_yes(world, "first", length="once")
            assert await asked(world, "first", consumer("g2"))
            await says_yes(world, "first", consumer("g2"), "minutes", 300.0)
            assert not await asked(world, "first", consumer("g3"))
            await asyncio.sleep(300)
            assert await asked(world, "first", consumer("g3"))


@in_virtual_time
async def test_a_yes_for_minutes_to_a_narrowed_grant_is_that_grants_alone(clock):
    async with World(clock, [FIRST, EACH, USE]) as world:
        await logged_in(world)
        with world.broker.subscribe():
            await says_yes(world, "first", consumer(scope=LIMIT), "minutes", 300.0)
            assert not await asked(world, "first", consumer(scope=LIMIT))
            assert await asked(world, "first", consumer("g2", scope=LIMIT))
            assert await asked(world, "first")


@in_virtual_time
async def test_a_logout_ends_all_but_what_is_for_a_grants_life(clock):
    async with World(clock, [FIRST, EACH, USE]) as world:
        approved = world.keeper.approvals.approved
        for name, lasting in (("g1", ONCE), ("g2", QUARTER), ("g3", GRANT)):
            approved.add(Key("use", name), lasting)
        approved.add(Key("first", None), LOGOUT)
        world.keeper.logout(["use"])
        assert [yes.key for yes in approved.all] == [Key("use", "g3"), Key("first", None)]
        world.keeper.logout_all()
        assert [yes.key for yes in approved.all] == [Key("use", "g3")]


@in_virtual_time
async def test_a_clock_step_changes_nothing_and_a_suspend_counts(clock):
    async with World(clock, [USE]) as world:
        world.keeper.approvals.approved.add(Key("use", "g1"), QUARTER)
        clock.step_wall(-7 * 86400)
        clock.step_wall(14 * 86400)
        assert world.keeper.approvals.admits(USE, "g1")
        clock.suspend(901)
        assert not world.keeper.approvals.admits(USE, "g1")


KEYS = [Key("use", who, scope) for who in ("g1", "g2", None) for scope in ("", "narrow", "other")]


@given(given=st.sampled_from(KEYS), wanted=st.sampled_from([key for key in KEYS if key.consumer]))
@pytest.mark.parametrize("confirm", GUARDED)
def test_a_yes_for_less_serves_no_more(confirm, given, wanted):
    approved = Approved(lambda: 0.0)
    approved.add(given, GRANT)
    admits = approved.admits(replace(USE, confirm=confirm), wanted.consumer, wanted.scope)
    same = given.consumer == wanted.consumer or (given.consumer is None and confirm == "first-use")
    covers = given.scope in ("", wanted.scope) and (given.consumer is not None or given.scope == "")
    assert admits == (same and covers)


LENGTHS = {
    ("first-use", False, False): ("once", "minutes", "grant", "logout"),
    ("first-use", True, False): ("once", "minutes", "grant"),
    ("first-use", False, True): ("once", "minutes", "logout"),
    ("each-grant", False, False): ("once", "minutes", "grant"),
    ("each-grant", True, False): ("once", "minutes", "grant"),
    ("each-grant", False, True): ("once",),
    ("each-use", False, False): ("once", "minutes", "grant"),
    ("each-use", True, True): ("once",),
}


@pytest.mark.parametrize(("case", "permitted"), LENGTHS.items())
def test_what_a_yes_may_mean_is_what_confirm_permits(case, permitted):
    confirm, narrowed, single = case
    found = terms(confirm, Remember(), narrowed=narrowed, single=single)
    assert found.permitted == permitted
    assert {lasting.length for lasting in found.choices} == set(permitted)
    assert found.choices[0] == found.taken(None) == found.default
    for length in ("once", "minutes", "grant", "logout", "for ever"):
        if length in permitted:
            assert found.taken(length).length == length
        else:
            with pytest.raises(errors.BadInput, match="can't hold"):
                found.taken(length)


@pytest.mark.parametrize(
    ("confirm", "remember", "means"),
    [
        ("first-use", LOGOUT, LOGOUT),
        ("first-use", GRANT, GRANT),
        ("first-use", QUARTER, replace(QUARTER, for_all=True)),
        ("first-use", ONCE, ONCE),
        ("each-grant", LOGOUT, GRANT),
        ("each-grant", QUARTER, QUARTER),
        ("each-grant", ONCE, ONCE),
        ("each-use", LOGOUT, ONCE),
        ("each-use", GRANT, ONCE),
        ("each-use", QUARTER, ONCE),
    ],
)
def test_what_a_plain_yes_means(confirm, remember, means):
    found = terms(confirm, Remember(remember), narrowed=False, single=False)
    assert found.default == means
    assert found.offered == (remember.seconds or OFFERED)
    assert terms(confirm, Remember(GRANT), narrowed=False, single=True).default == ONCE


def test_minutes_have_bounds():
    found = terms("each-use", Remember(LOGOUT, 1800.0), narrowed=False, single=False)
    assert found.taken("minutes") == Lasting("minutes", OFFERED)
    assert found.taken("minutes", 1800.0).words == "for 30 min"
    first = terms("first-use", Remember(), narrowed=False, single=False)
    assert [each.words for each in first.choices] == [
        "until logout (for all)",
        "once",
        "for 15 min (for all)",
        "for this grant",
    ]
    assert not any(each.for_all for each in terms("first-use", Remember(), narrowed=True, single=False).choices)
    for seconds in (0.0, 59.0, 1801.0, AT_MOST):
        with pytest.raises(errors.BadInput, match="1 to 30 min"):
            found.taken("minutes", seconds)
    assert terms("each-use", Remember(LOGOUT, 60.0), narrowed=False, single=False).offered == 60.0


@in_virtual_time
async def test_an_answer_that_is_not_permitted_leaves_the_prompt_open(clock):
    async with World(clock, [FIRST, EACH, USE]) as world:
        await logged_in(world)
        with world.broker.subscribe():
            waiting = asyncio.ensure_future(fetch(world, "use"))
            await asyncio.sleep(0.1)
            [prompt] = world.broker.open_prompts
            for length, seconds in (("logout", None), ("minutes", AT_MOST + 60)):
                with pytest.raises(errors.BadInput):
                    world.broker.confirm(prompt.id, length, seconds)
            assert world.broker.open_prompts == [prompt]
            assert not waiting.done()
            world.broker.confirm(prompt.id)
            assert await waiting


@in_virtual_time
async def test_a_restart_keeps_each_yes_with_its_end_and_another_boot_only_what_has_none(clock):
    async with World(clock, [FIRST, EACH, USE]) as world:
        for boot_id, kept in (("a boot", {"g1", "g2", "g3", None}), ("another boot", {"g3", None})):
            approved = world.keeper.approvals.approved
            for name, lasting in (("g1", ONCE), ("g2", QUARTER), ("g3", GRANT)):
                approved.add(Key("use", name, LIMIT.id), lasting)
            approved.add(Key("first", None), LOGOUT)
            before = {yes.key: yes for yes in approved.all}
            await world.restart(boot_id=boot_id)
            after = {yes.key: yes for yes in world.keeper.approvals.approved.all}
            assert {key.consumer for key in after} == kept
            assert all(before[key] == yes for key, yes in after.items())
        assert not world.keeper.approvals.admits(USE, "g3"), "the narrowed grant's yes is for no more"


class Said(NamedTuple):
    """A yes as a human would remember it."""

    who: str | None
    scope: str
    lasting: Lasting
    at: float


STEPS = st.one_of(
    st.tuples(
        st.just("add"),
        st.sampled_from(["g1", "g2"]),
        st.sampled_from(["", "narrow"]),
        st.sampled_from([ONCE, QUARTER, GRANT, LOGOUT]),
    ),
    st.tuples(st.just("use"), st.sampled_from(["g1", "g2"]), st.sampled_from(["", "narrow"])),
    st.tuples(st.just("wait"), st.sampled_from([1.0, 6.0, 61.0, 901.0])),
    st.tuples(st.just("log out")),
    st.tuples(st.just("keep"), st.sampled_from(["g1", "g2"])),
)


@given(st.lists(STEPS, max_size=20))
def test_nothing_is_ever_served_that_nobody_allowed(steps):
    now, said, role = [0.0], [], FIRST
    approved = Approved(lambda: now[0])

    def may(who, scope):
        """Whether some yes reaches that far at all: as a human would count, the bursts not counted."""
        ends = {"once": UNUSED_FOR + BURST, "minutes": QUARTER.seconds}
        return any(
            yes.who in (None, who)
            and yes.scope in ("", scope)
            and now[0] < yes.at + ends.get(yes.lasting.length, float("inf"))
            for yes in said
        )

    for step, *what in steps:
        match step:
            case "add":
                who, scope, lasting = what
                key = Key("first", None) if lasting.for_all else Key("first", who, scope)
                approved.add(key, lasting)
                said.append(Said(key.consumer, key.scope, lasting, now[0]))
            case "use":
                approved.use(role, *what)
            case "wait":
                now[0] += what[0]
            case "log out":
                approved.log_out("first")
                said = [yes for yes in said if yes.lasting.length == "grant"]
            case "keep":
                approved.keep(set(what))
                said = [yes for yes in said if yes.who in (None, *what)]
        for who in ("g1", "g2"):
            for scope in ("", "narrow"):
                assert may(who, scope) or not approved.admits(role, who, scope)
