"""Keeping: each change at once, to every carrier, and nothing while a successor may be at it."""

import pytest
from fake_aws import World, role
from virtual_time import in_virtual_time

from xacct.state.keeping import Keeping
from xacct.state.snapshot import read


class Carrier:
    """Remembers what it was given to keep."""

    problem = None

    def __init__(self):
        self.states = []
        self.closed = False

    def save(self, state, *, empty):
        self.states.append((bytes(state), empty))

    def take_back(self, *, everything):
        self.states.append("all" if everything else "some")

    def close(self):
        self.closed = True

    @property
    def held(self):
        """What the newest state holds for prod."""
        [lease] = [kept.lease for kept in read(self.states[-1][0]).memory.roles]
        return lease.held


@pytest.fixture
def carrier():
    return Carrier()


def keeping_of(world, carrier):
    return Keeping(world.keeper, "a boot", "0.1.0", [carrier])


@in_virtual_time
async def test_each_change_is_kept_before_anybody_is_told(clock, carrier):
    async with World(clock, [role()]) as world:
        world.person()
        keeping_of(world, carrier).start()
        assert carrier.states[-1][1] is True, "nothing is held yet"
        held = await world.login("prod", ask=True)
        assert carrier.held == held
        assert carrier.states[-1][1] is False
        world.keeper.latch.lock("test")
        assert read(carrier.states[-1][0]).memory.locked
        world.keeper.logout(["prod"])
        assert carrier.held is None


@in_virtual_time
async def test_what_an_earlier_daemon_kept_is_not_overwritten_before_it_was_read(clock, carrier):
    async with World(clock, [role()]) as world:
        keeping = keeping_of(world, carrier)
        keeping.save()
        world.keeper.latch.lock("test")
        assert carrier.states == []


@in_virtual_time
async def test_frozen_nothing_is_kept_and_thawed_it_is_all_there(clock, carrier):
    async with World(clock, [role()]) as world:
        keeping = keeping_of(world, carrier)
        keeping.start()
        keeping.freeze()
        before = len(carrier.states)
        world.keeper.latch.lock("test")
        keeping.save()
        assert len(carrier.states) == before
        keeping.thaw()
        assert read(carrier.states[-1][0]).memory.locked


@in_virtual_time
async def test_closed_it_keeps_nothing_and_what_is_kept_stays(clock, carrier):
    async with World(clock, [role()]) as world:
        keeping = keeping_of(world, carrier)
        keeping.start()
        keeping.close()
        before = len(carrier.states)
        world.keeper.latch.lock("test")
        assert (len(carrier.states), carrier.closed) == (before, True)


@in_virtual_time
async def test_the_buffer_holds_nothing_afterwards(clock, carrier):
    async with World(clock, [role()]) as world:
        world.person()
        keeping = keeping_of(world, carrier)
        await world.login("prod", ask=True)
        with keeping.taken() as (state, empty):
            assert not empty
            assert b"secret" in state
        assert not any(state)


@pytest.mark.parametrize("everything", [True, False])
@in_virtual_time
async def test_what_was_taken_back_goes_before_the_new_state_comes(clock, carrier, everything):
    async with World(clock, [role()]) as world:
        keeping = keeping_of(world, carrier)
        keeping.start()
        keeping.take_back(everything=everything)
        assert carrier.states[-2] == ("all" if everything else "some")
        assert isinstance(carrier.states[-1], tuple)
