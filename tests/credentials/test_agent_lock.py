"""Locked: nothing leaves, whoever waits hears so at once, and what is held goes on being renewed."""

import asyncio
import contextlib
import gc

import pytest
from fake_aws import World, role
from virtual_time import in_virtual_time

from xacct import errors, policy
from xacct.credentials import events as ev
from xacct.credentials.agent_lock import AgentLock


@in_virtual_time
async def test_locked_nothing_leaves_and_unlocked_it_does_without_a_code(clock):
    async with World(clock, [role()]) as world:
        person = world.person()
        await world.login("prod", ask=True)
        held = world.ready("prod")
        person.leave()
        world.keeper.agent_lock.lock("test")
        assert world.ready("prod") is None
        with pytest.raises(errors.Locked, match="xacct is locked: xacctctl unlock"):
            await world.fetch("prod", ask=True)
        world.keeper.agent_lock.unlock()
        assert world.ready("prod") is held


@in_virtual_time
async def test_who_waits_is_refused_at_once_and_what_is_on_its_way_comes_all_the_same(clock):
    async with World(clock, [role()], latency=10.0) as world:
        world.person(think=lambda: 1.0)
        waiting = [asyncio.ensure_future(world.fetch("prod", ask=True)) for _ in range(50)]
        await asyncio.sleep(5)
        before = clock.time
        world.keeper.agent_lock.lock("test")
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert clock.time == before
        assert {type(outcome) for outcome in outcomes} == {errors.Locked}
        await asyncio.sleep(60)
        assert world.keeper.node("prod").entry.valid()


def lock_as_soon_as(world, condition):
    """Lock within the refresh that makes it so, before whoever waits for it can run."""
    entry = world.keeper.node("prod").entry
    world.events.call(ev.Changed, lambda _: condition(entry) and world.keeper.agent_lock.lock("test"))


@in_virtual_time
async def test_what_is_done_in_the_moment_of_locking_does_not_leave(clock):
    async with World(clock, [role()]) as world:
        world.person(think=lambda: 1.0)
        lock_as_soon_as(world, lambda entry: entry.valid())
        with pytest.raises(errors.Locked):
            await world.fetch("prod", ask=True)


@in_virtual_time
async def test_a_failure_that_comes_after_the_lock_is_no_complaint(clock):
    agent_lock = AgentLock(ev.Events())

    async def fails_when_turned_away():
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            raise errors.AccessDenied("no") from None

    complaints = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    asyncio.get_running_loop().call_later(1, agent_lock.lock, "test")
    with contextlib.suppress(errors.Locked):  # pytest.raises would keep the frames, and with them the failed task
        await agent_lock.run_unless_locked(fails_when_turned_away())
    await asyncio.sleep(1)
    gc.collect()  # a failed task nobody looked at complains when it is collected
    assert complaints == []


@in_virtual_time
async def test_renewals_go_on_while_it_is_locked(clock):
    async with World(clock, [role()]) as world:
        world.person()
        await world.hold("prod")
        world.keeper.agent_lock.lock("test")
        await asyncio.sleep(5 * policy.HOUR)
        assert world.count("AssumeRole") > 5
        assert world.keeper.node("prod").entry.servable()


@in_virtual_time
async def test_who_has_locked_is_not_asked_ahead_for_a_code(clock):
    async with World(clock, [role()], session_life=2 * policy.HOUR) as world:
        person = world.person()
        await world.login("prod", ask=True)
        await asyncio.sleep(policy.HOUR)
        await world.fetch("prod", ask=False)
        person.answered.clear()
        world.keeper.agent_lock.lock("test")
        await asyncio.sleep(policy.HOUR)
        assert person.answered == []


@in_virtual_time
async def test_locking_twice_is_locking_once(clock):
    async with World(clock, [role()]) as world:
        with world.events.subscribe() as queue:
            for _ in range(2):
                world.keeper.agent_lock.lock("test")
            for _ in range(2):
                world.keeper.agent_lock.unlock()
            assert [queue.get_nowait() for _ in range(queue.qsize())] == [ev.LockChanged(True), ev.LockChanged(False)]


@in_virtual_time
async def test_who_has_to_let_go_is_called_at_once(clock):
    events, seen = ev.Events(), []
    agent_lock = AgentLock(events)
    events.call(ev.LockChanged, lambda event: seen.append((event.locked, agent_lock.locked)))
    agent_lock.lock("test")
    agent_lock.lock("test")
    agent_lock.unlock()
    assert seen == [(True, True), (False, False)]


@in_virtual_time
async def test_a_suspend_is_told_and_a_clock_that_was_set_is_none(clock):
    async with World(clock, [role()]) as world:
        clock.step_wall(3600)
        await asyncio.sleep(60)
        assert world.suspends == 0
        clock.suspend(600)
        await asyncio.sleep(31)
        assert world.suspends == 1
