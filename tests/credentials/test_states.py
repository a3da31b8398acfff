"""What `status` says of a role is what its next fetch then meets: each situation, its word, and a real fetch."""

import asyncio

import pytest
from fake_aws import SERIAL, SOURCE, World, role
from virtual_time import in_virtual_time

from xacct import errors
from xacct.control import serializers
from xacct.control.standing import Standing
from xacct.model import Role

HOUR = 3600.0

ROLES = (
    role("prod"),
    role("other"),
    role("child", parent="prod", mfa_serial=None),
    role("grandchild", parent="child", mfa_serial=None),
    role("direct", mfa="direct"),
    role("below-direct", parent="direct", mfa_serial=None),
    role("without", mfa_serial=None),
    role("guarded", confirm="first-use"),
    Role("session", SOURCE, mfa_serial=SERIAL),
    Role("plain", SOURCE),
)
EVERY = [each.name for each in ROLES]
MFA = [name for name in EVERY if name not in ("without", "plain")]
OF_SESSION = [name for name in MFA if name not in ("direct", "below-direct")]


def status(world, name):
    return serializers.role_status(Standing(world.keeper), world.keeper.node(name))


def states(world):
    return {name: status(world, name)["state"] for name in world.keeper.nodes}


def but(word, **others):
    return dict.fromkeys(EVERY, word) | {name.replace("_", "-"): other for name, other in others.items()}


async def attempt(world, name, **how):
    try:
        return await world.fetch(name, **{"ask": True} | how)
    except errors.XacctError as error:
        return error


async def with_a_code(world, *names):
    """Log in to these, by a human who is gone afterwards."""
    person = world.person(think=lambda: 1.0)
    for name in names:
        await world.login(name, ask=True)
    person.leave()
    await asyncio.sleep(0)


async def never_logged_in(_):
    pass


async def logged_in(world):
    await with_a_code(world, "prod")


async def lapsed(world):
    """Nobody fetched it, so it was let lapse; its MFA session lives."""
    await with_a_code(world, "prod", "child")
    await asyncio.sleep(2 * HOUR)


async def session_over(world):
    await with_a_code(world, "prod", "child", "direct")
    await asyncio.sleep(13 * HOUR)


async def refused(world):
    world.aws.denied.add("prod")
    person = world.person(think=lambda: 1.0)
    await attempt(world, "prod")
    person.leave()


async def refused_and_session_over(world):
    await refused(world)
    await asyncio.sleep(13 * HOUR)


async def refused_again_after_that(world):
    await refused_and_session_over(world)
    await attempt(world, "prod")


async def refused_with_an_old_mfa(world):
    await with_a_code(world, "prod")
    world.aws.max_mfa_age["prod"] = 900
    await asyncio.sleep(2 * HOUR)
    await attempt(world, "prod", ask=False)


async def that_and_a_new_session(world):
    await refused_with_an_old_mfa(world)
    person = world.person(think=lambda: 1.0)
    await world.login("other", ask=True, until=world.aws.now() + 12 * HOUR)
    person.leave()


async def logged_out_of_the_parent(world):
    await with_a_code(world, "prod", "child")
    world.keeper.logout(["prod"])


async def logged_out_of_all(world):
    await with_a_code(world, "prod", "child")
    world.keeper.logout_all()


async def locked(world):
    await with_a_code(world, "prod")
    world.keeper.agent_lock.lock("a test")


async def network_down(world):
    await with_a_code(world, "other")
    world.aws.down = lambda _: errors.NetworkDown("AWS can't be reached.")
    await attempt(world, "prod")


async def network_down_before_a_login(world):
    world.aws.down = lambda _: errors.NetworkDown("AWS can't be reached.")
    person = world.person(think=lambda: 1.0)
    await attempt(world, "prod")
    person.leave()


async def keys_gone(world):
    async def load(_):
        raise errors.SourceUnusable("The credential_process of central failed.", "Run it.")

    world.aws.load = load
    await attempt(world, "prod")
    await asyncio.sleep(2 * HOUR)


async def waiting(world, *names):
    attending = world.broker.subscribe()
    attending.__enter__()
    world.tidy = [asyncio.ensure_future(attempt(world, name)) for name in names]
    await asyncio.sleep(1)


async def prod_waits(world):
    await waiting(world, "prod")


async def grandchild_waits(world):
    await waiting(world, "grandchild")


async def below_direct_waits(world):
    await waiting(world, "below-direct")


async def a_yes_is_waited_for(world):
    await with_a_code(world, "prod")
    await waiting(world, "guarded")


async def device_asks_for_another(world):
    """Its session lives: it needs no code, though its device is being asked for one."""
    await with_a_code(world, "prod")
    await waiting(world, "direct")


FRESH = but("needs-code", without="idle", plain="idle")
OPEN = but("idle", direct="needs-code", below_direct="needs-code", session="held")
REFUSED = {"prod": "failed", "child": "failed", "grandchild": "failed"}

TABLE = [
    (never_logged_in, FRESH),
    (logged_in, OPEN | {"prod": "held"}),
    (lapsed, OPEN),
    (session_over, FRESH),
    (refused, OPEN | REFUSED),
    (refused_and_session_over, FRESH | REFUSED),
    (refused_again_after_that, FRESH | REFUSED),
    (refused_with_an_old_mfa, OPEN | dict.fromkeys(REFUSED, "needs-code")),
    (that_and_a_new_session, OPEN | {"other": "held"}),
    (logged_out_of_the_parent, OPEN | {"prod": "logged-out", "child": "held"}),
    (logged_out_of_all, but("logged-out")),
    (locked, OPEN | {"prod": "held"}),
    (network_down, OPEN | REFUSED | {"other": "held"}),
    (network_down_before_a_login, FRESH | dict.fromkeys(OF_SESSION, "failed")),
    (keys_gone, FRESH | dict.fromkeys(OF_SESSION, "failed")),
    (prod_waits, FRESH | {"prod": "waiting"}),
    (grandchild_waits, FRESH | dict.fromkeys(("prod", "child", "grandchild"), "waiting")),
    (below_direct_waits, FRESH | {"direct": "waiting", "below-direct": "waiting"}),
    (a_yes_is_waited_for, OPEN | {"prod": "held", "guarded": "waiting"}),
    (device_asks_for_another, OPEN | {"prod": "held", "direct": "waiting"}),
]

NOBODY_WAITS = 15
"""So many rows, from the first."""

OF_A_KIND = {"other", "grandchild", "below-direct", "guarded", "session"}
"""Roles that are like another of ROLES in most rows: tried at `make test-live`."""


@pytest.mark.parametrize(("situation", "shown"), TABLE, ids=[situation.__name__ for situation, _ in TABLE])
@in_virtual_time
async def test_each_situation_has_its_word(clock, situation, shown):
    async with World(clock, ROLES) as world:
        await situation(world)
        assert states(world) == shown
        for name, word in shown.items():
            assert (status(world, name)["error"] is not None) == (word == "failed") or word == "needs-code"
        for waiter in getattr(world, "tidy", ()):
            waiter.cancel()


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.live] * (name in OF_A_KIND)) for name in EVERY])
@pytest.mark.parametrize(
    "situation", [situation for situation, _ in TABLE[:NOBODY_WAITS]], ids=lambda each: each.__name__
)
@in_virtual_time
async def test_the_next_fetch_meets_what_the_word_says(clock, situation, name):
    async with World(clock, ROLES) as world:
        await situation(world)
        shown = status(world, name)
        if shown["state"] != "failed":
            # What has not been tried can't be known to fail.
            world.aws.down = lambda _: None
            vars(world.aws).pop("load", None)
        person = world.person(think=lambda: 1.0)
        with_yes = asyncio.ensure_future(say_yes(world))
        got = await attempt(world, name)
        with_yes.cancel()
        codes = len(person.answered)
        if world.keeper.agent_lock.locked:
            assert isinstance(got, errors.Locked)
            assert codes == 0
        elif shown["state"] in ("held", "idle"):
            assert not isinstance(got, errors.XacctError), got
            assert codes == 0
        elif shown["state"] == "needs-code":
            assert not isinstance(got, errors.XacctError), got
            assert codes == 1
        else:
            assert shown["state"] in ("failed", "logged-out")
            assert isinstance(got, errors.XacctError)
            assert codes == 0
            assert shown["error"] is None or shown["error"]["sentence"].startswith(got.sentence)


@in_virtual_time
async def test_what_is_shown_as_renewed_is_renewed_then_and_nothing_else(clock):
    async with World(clock, [role("used"), role("unused"), role("strict", mfa_max_age=40 * 60)]) as world:
        await with_a_code(world, "used", "unused", "strict")
        await world.fetch("used", ask=False)
        await world.fetch("strict", ask=False)
        assert status(world, "unused")["next_renewal"] is None
        for name in ("used", "strict"):
            due = status(world, name)["next_renewal"]
            before = world.keeper.node(name).entry.held
            await asyncio.sleep(due - world.keeper.clock.now() - 1)
            assert world.keeper.node(name).entry.held is before
            await asyncio.sleep(5)
            assert world.keeper.node(name).entry.held is not before


@pytest.mark.parametrize(
    ("named", "lasts"), [("strict", 40 * 60), ("below-strict", 40 * 60), ("below-direct", HOUR), ("prod", 12 * HOUR)]
)
@in_virtual_time
async def test_how_long_no_code_is_needed_is_true_for_what_hangs_from_what_needs_one_sooner(clock, named, lasts):
    roles = [
        role("prod"),
        role("strict", mfa_max_age=40 * 60),
        role("below-strict", parent="strict", mfa_serial=None),
        role("direct", mfa="direct"),
        role("below-direct", parent="direct", mfa_serial=None),
    ]
    async with World(clock, roles) as world:
        await with_a_code(world, named)
        mfa_expires_at = status(world, named)["mfa_expires_at"]
        assert mfa_expires_at == pytest.approx(world.keeper.clock.now() + lasts, abs=60)
        await asyncio.sleep(mfa_expires_at - world.keeper.clock.now() - 10)
        assert await world.fetch(named, ask=False)
        await asyncio.sleep(20)
        for each in world.keeper.tree.line(named):
            each.entry.drop()
        assert status(world, named)["state"] == "needs-code"


async def say_yes(world):
    while True:
        for prompt in world.broker.open_prompts:
            if prompt.kind == "confirm":
                world.broker.confirm(prompt.id)
        await asyncio.sleep(0.5)


@in_virtual_time
@pytest.mark.parametrize("begun", [False, True])
async def test_a_logout_as_a_renewal_begins_leaves_nothing_behind(clock, begun):
    """A task that is cancelled before its first step does nothing at its end, either."""
    async with World(clock, [role()]) as world:
        world.person(think=lambda: 1.0)
        await world.login("prod", ask=True)
        entry = world.keeper.node("prod").entry
        entry.renew(ask=False)
        if begun:
            await asyncio.sleep(0)
        world.keeper.logout(["prod"])
        await asyncio.sleep(1)
        assert not entry.refreshing
        await world.login("prod", ask=True)
        assert await world.fetch("prod", ask=False) is entry.held


@in_virtual_time
async def test_who_logs_in_while_what_a_logout_ended_still_ends_is_logged_in(clock):
    """The child of a credential_process, say, gets half a second for that."""
    async with World(clock, [role("without", mfa_serial=None)]) as world:
        load = world.aws.load

        async def slowly(source):
            try:
                await asyncio.sleep(5)
            finally:
                await asyncio.sleep(0.5)
            return await load(source)

        world.aws.load = slowly
        waiting = asyncio.ensure_future(world.fetch("without", ask=True))
        await asyncio.sleep(1)
        world.keeper.logout(["without"])
        await asyncio.sleep(0.1)
        assert await world.login("without", ask=True) is not None
        with pytest.raises(errors.HumanNeeded, match="logged out"):
            await waiting
