"""Whose turn it is at STS: by itself, and as the keeper uses it, in virtual time."""

import asyncio

import pytest
from fake_aws import SERIAL, World, role
from virtual_time import in_virtual_time

from xacct import errors
from xacct.credentials.fetchers.calls import Defaults
from xacct.credentials.rate_limiter import (
    AHEAD,
    BURST,
    NOBODY,
    ONE_ANSWER,
    PER_SECOND,
    SLOWEST,
    URGENT,
    Bulk,
    NobodyWaits,
    RateLimiter,
)
from xacct.model import Source

OTHER = Source("other", "profile")
OTHER_SERIAL = SERIAL.replace("/U", "/V")


def limiter(clock, **more):
    return RateLimiter(lambda: clock.boot, **more)


async def empty(pace):
    """Nothing is left of the burst."""
    for _ in range(BURST):
        await pace.turn()


def queue(pace, name, place, done):
    async def wait():
        await pace.turn(place)
        done.append(name)

    return asyncio.ensure_future(wait())


@in_virtual_time
async def test_the_one_whom_somebody_waits_for_is_next_and_a_renewal_ahead_of_time_is_last(clock):
    pace, done = limiter(clock), []
    await empty(pace)
    bulk = Bulk()
    queue(pace, "ahead", lambda: AHEAD, done)
    for number in range(3):
        queue(pace, f"bulk {number}", lambda number=number: bulk.place(number), done)
    queue(pace, "urgent", lambda: URGENT, done)
    await asyncio.sleep(1)
    assert done == ["bulk 0", "urgent", "bulk 1", "bulk 2", "ahead"]


@in_virtual_time
async def test_a_bulk_that_comes_later_takes_turns_with_the_one_that_is_there(clock):
    pace, done = limiter(clock), []
    await empty(pace)
    first, second = Bulk(), Bulk()
    for number in range(200):
        queue(pace, "first", lambda number=number: first.place(number), done)
    await asyncio.sleep(10)
    assert len(done) == 100 - 1  # a turn is counted a millisecond late
    for number in range(200):
        queue(pace, "second", lambda number=number: second.place(number), done)
    await asyncio.sleep(6)
    since = done[99:]
    assert since[0] == "second", "its first role is not behind the rest of another"
    assert abs(since.count("first") - since.count("second")) <= 2, "nobody makes up for the time before the other came"


@in_virtual_time
async def test_a_place_is_looked_at_anew_whenever_a_call_may_start(clock):
    pace, done, bulk = limiter(clock), [], Bulk()
    await empty(pace)
    places = [bulk.place(number) for number in range(100)]
    for number in range(1, 100):
        queue(pace, number, lambda number=number: places[number], done)
    await asyncio.sleep(0.25)
    places[77] = URGENT
    await asyncio.sleep(0.1)
    assert done == [1, 2, 77]


@in_virtual_time
async def test_whoever_nobody_waits_for_leaves_the_queue_and_takes_no_turn(clock):
    pace = limiter(clock)
    await empty(pace)
    places = [Bulk().place(1)] * 50
    waiting = [asyncio.ensure_future(pace.turn(lambda n=n: places[n])) for n in range(50)]
    await asyncio.sleep(0.15)
    places[:] = [NOBODY] * 50
    before = clock.time
    await pace.turn(lambda: AHEAD)
    assert clock.time - before < 2 / PER_SECOND
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(each) for each in ended] == [type(None)] + [NobodyWaits] * 49
    assert len(pace) == 0


@in_virtual_time
async def test_a_cancelled_call_leaves_the_queue(clock):
    pace = limiter(clock)
    await empty(pace)
    waiting = [asyncio.ensure_future(pace.turn()) for _ in range(50)]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    before = clock.time
    await pace.turn()
    assert clock.time - before < 2 / PER_SECOND
    assert all(task.cancelled() for task in waiting)


@in_virtual_time
async def test_one_that_is_cancelled_just_as_its_turn_comes_stops_nobody(clock):
    pace = limiter(clock)
    await empty(pace)
    given_up = asyncio.ensure_future(pace.turn())
    other = asyncio.ensure_future(pace.turn())
    await asyncio.sleep(0.05)
    given_up.cancel()
    clock.suspend(1)  # a second's calls may start, and the task has not run yet since it was cancelled
    pace._give()
    assert pace.available() == 0 or other.done()
    before = clock.time
    await other
    assert clock.time == before
    assert given_up.cancelled()


@in_virtual_time
async def test_a_turn_that_is_given_and_not_taken_is_another_ones(clock):
    pace = limiter(clock, burst=1, per_second=0.001)
    await pace.turn()
    first = asyncio.ensure_future(pace.turn())
    await asyncio.sleep(0)
    clock.suspend(1000)
    pace._give()
    first.cancel()  # before it has run with its turn
    await asyncio.wait({first})
    assert first.cancelled()
    before = clock.time
    await pace.turn()
    assert clock.time == before


@in_virtual_time
async def test_slowed_down_there_are_turns_for_renewals_ahead_of_time_too(clock):
    pace = limiter(clock)
    for _ in range(10):
        pace.slow_down()
        await asyncio.sleep(ONE_ANSWER)
    assert pace._pace < PER_SECOND / 4
    await asyncio.sleep(5)
    assert pace.available() >= 1


@in_virtual_time
async def test_sts_that_asks_to_slow_down_halves_the_pace_once_for_all_calls_under_way(clock):
    pace, done = limiter(clock), []
    for _ in range(10):
        pace.slow_down()
    assert pace.available() == 0
    began = clock.time
    for _ in range(10):
        await pace.turn()
    assert 1.5 < clock.time - began < 2.1, "five a second, and growing"
    for _ in range(10):
        await asyncio.sleep(ONE_ANSWER)
        pace.slow_down()
    began = clock.time
    await pace.turn()
    await pace.turn()
    assert clock.time - began < 2 / SLOWEST + 0.1, "it never stops"
    await asyncio.sleep(120)
    tasks = [queue(pace, n, lambda: URGENT, done) for n in range(BURST)]
    for _ in range(BURST + 1):  # one goes in each round of the loop
        await asyncio.sleep(0)
    assert len(done) == BURST, "after two minutes all is forgotten"
    await asyncio.gather(*tasks)


# As the keeper uses it.


def logins(world, names):
    bulk = Bulk()
    return [
        asyncio.ensure_future(world.login(name, ask=True, place=bulk.place(number)))
        for number, name in enumerate(names)
    ]


async def end(tasks):
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@in_virtual_time
async def test_what_is_left_of_a_bulk_that_was_given_up_asks_sts_for_nothing_and_stands_in_nobodys_way(clock):
    many = [f"m{n}" for n in range(1000)]
    async with World(clock, [role(name) for name in (*many, "prod")]) as world:
        world.person(think=lambda: 1.0)
        bulk = logins(world, many)
        await asyncio.sleep(4)
        await end(bulk)
        asked = world.count("AssumeRole")
        before = clock.time
        await world.login("prod", ask=True)
        assert clock.time - before < 1
        await asyncio.sleep(60)
        assert world.count("AssumeRole") <= asked + 2
        entries = [world.keeper.node(name).entry for name in many]
        assert not any(entry.refreshing or entry.error for entry in entries), "nothing has failed"
        assert (await world.fetch("m999", ask=False)).access_key_id, "and it can be had"


@in_virtual_time
async def test_whoever_comes_as_a_bulk_is_given_up_has_the_role_all_the_same(clock):
    many = [f"m{n}" for n in range(200)]
    async with World(clock, [role(name) for name in many]) as world:
        world.person(think=lambda: 1.0)
        bulk = logins(world, many)
        await asyncio.sleep(4)
        for task in bulk:
            task.cancel()
        fetches = [asyncio.ensure_future(world.fetch(name, ask=False)) for name in many[190:]]
        others = logins(world, many[180:190])
        got = await asyncio.gather(*fetches, *others)
        assert all(got)
        await end(bulk)


@in_virtual_time
async def test_an_sdk_that_hangs_up_and_comes_again_has_kept_its_place_for_a_moment(clock):
    async with World(clock, [role(f"m{n}", mfa_serial=None) for n in range(60)]) as world:
        busy = [asyncio.ensure_future(world.fetch(f"m{n}", ask=False)) for n in range(59)]
        await asyncio.sleep(0.05)
        sdk = asyncio.ensure_future(world.fetch("m59", ask=False))
        await asyncio.sleep(0.5)
        sdk.cancel()
        await asyncio.sleep(1)
        before = clock.time
        await world.fetch("m59", ask=False)
        assert clock.time - before < 1
        assert world.count("AssumeRole", role="m59") == 1
        await asyncio.gather(*busy)


@in_virtual_time
async def test_the_mfa_session_that_one_waits_for_is_not_behind_a_bulk_because_another_role_of_it_is(clock):
    """Its call is one for all roles that hang from it: the best of their places is its place."""
    many = [f"m{n}" for n in range(400)]
    mine = [f"o{n}" for n in range(150)]
    others = [role(name, parent=OTHER, mfa_serial=OTHER_SERIAL) for name in mine]
    async with World(clock, [*(role(name) for name in many), *others]) as world:
        world.person(think=lambda: 1.0)
        first = logins(world, many)
        await asyncio.sleep(8)
        world.aws._used.clear()  # the other device shows codes of its own
        second = logins(world, mine[::-1])
        before = clock.time
        await second[0]
        assert clock.time - before < 3
        await end(first + second)


@in_virtual_time
async def test_a_chains_parents_go_with_the_bulk_that_they_are_for(clock):
    many = [f"m{n}" for n in range(200)]
    roles = [each for name in many for each in (role(f"p{name}"), role(name, parent=f"p{name}", mfa_serial=None))]
    async with World(clock, [*roles, role("prod")]) as world:
        world.person(think=lambda: 1.0)
        bulk = logins(world, many)
        await asyncio.sleep(6)
        before = clock.time
        await world.login("prod", ask=True)
        assert clock.time - before < 1
        await end(bulk)


@in_virtual_time
async def test_a_code_waits_behind_nobody(clock):
    many = [f"m{n}" for n in range(200)]
    async with World(clock, [*(role(name, mfa_serial=None) for name in many), role("coded")]) as world:
        world.person(think=lambda: 0.1)
        bulk = logins(world, many)
        await asyncio.sleep(1)
        before = clock.time
        await world.keeper.login("coded", ask=True, place=Bulk().place(7))
        call = next(call for call in world.aws.calls if call.action == "GetSessionToken")
        assert call.at - world.aws.now() + clock.time - before < 0.5
        await end(bulk)


@in_virtual_time
async def test_logging_out_takes_roles_out_of_the_queue(clock):
    many = [f"m{n}" for n in range(300)]
    async with World(clock, [role(name) for name in many]) as world:
        world.person(think=lambda: 1.0)
        bulk = logins(world, many)
        await asyncio.sleep(4)
        world.keeper.logout(many)
        asked = world.count("AssumeRole")
        await asyncio.sleep(30)
        assert world.count("AssumeRole") <= asked
        assert len(world.keeper.rate_limiter) == 0
        ended = await asyncio.gather(*bulk, return_exceptions=True)
        assert sum(isinstance(each, errors.HumanNeeded) for each in ended) > 200


@in_virtual_time
async def test_locking_takes_those_out_of_the_queue_who_wait_behind_the_lock(clock):
    many = [f"m{n}" for n in range(100)]
    roles = [role(name, mfa_serial=None) for name in many]
    async with World(clock, roles, defaults=Defaults(renew_within=0)) as world:
        fetches = [asyncio.ensure_future(world.fetch(name, ask=False)) for name in many]
        await asyncio.sleep(1)
        world.keeper.agent_lock.lock("test")
        ended = await asyncio.gather(*fetches, return_exceptions=True)
        assert sum(isinstance(each, errors.Locked) for each in ended) >= 50
        await asyncio.sleep(4)
        asked = world.count("AssumeRole")
        await asyncio.sleep(30)
        assert world.count("AssumeRole") == asked < 90
        assert len(world.keeper.rate_limiter) == 0


@in_virtual_time
async def test_throttling_slows_down_a_bulk_and_the_bulk_arrives(clock):
    many = [f"m{n}" for n in range(120)]
    answers = []

    def busy(now):
        """STS takes four calls a second of this account, for half a minute."""
        answers.append(now)
        if now - answers[0] > 30 or sum(now - each < 1 for each in answers) <= 4:
            return None
        return errors.Throttled("AWS asks to slow down.")

    async with World(clock, [role(name, mfa_serial=None) for name in many]) as world:
        world.aws.down = busy
        for name in many:
            world.keeper.use_of(name).asked = world.aws.now()
        bulk = logins(world, many)
        await asyncio.sleep(25)
        last = [at for at in answers if at > answers[-1] - 10]
        assert len(last) <= 60, "no ten a second while STS asks for less"
        await asyncio.gather(*bulk, return_exceptions=True)
        await asyncio.sleep(600)
        assert all(world.keeper.node(name).entry.valid() for name in many)


@pytest.mark.parametrize("count", [1, 20, BURST])
@in_virtual_time
async def test_as_many_as_the_bucket_holds_are_there_at_once(clock, count):
    names = [f"m{n}" for n in range(count)]
    async with World(clock, [role(name, mfa_serial=None) for name in names]) as world:
        before = clock.time
        await asyncio.gather(*logins(world, names))
        assert clock.time - before < 0.5


@in_virtual_time
async def test_of_a_burst_one_goes_in_each_round_of_the_loop_and_none_waits_longer(clock):
    """Whoever else has a turn in that round waits for one request to be made, not for forty."""
    pace, rounds, done, began = limiter(clock), [], [], clock.boot
    for number in range(BURST):
        queue(pace, number, lambda: URGENT, done)
    while len(done) < BURST:
        before = len(done)
        await asyncio.sleep(0)
        rounds.append(len(done) - before)
    assert max(rounds) == 1
    assert clock.boot - began < 0.01
