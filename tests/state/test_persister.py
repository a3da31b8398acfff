"""The state persister: each change at once, to every backend, and nothing while a successor may be at it."""

import pytest
from fake_aws import World, role
from virtual_time import in_virtual_time

from xacct.state.codec import read
from xacct.state.persister import StatePersister


class StateBackend:
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
        kept = [kept.entry.held for kept in read(self.states[-1][0]).memory.roles]
        assert len(kept) <= 1
        return kept[0] if kept else None


@pytest.fixture
def backend():
    return StateBackend()


def persister_of(world, backend):
    return StatePersister(world.keeper, "a boot", "0.1.0", [backend])


@in_virtual_time
async def test_each_change_is_kept_before_anybody_is_told(clock, backend):
    async with World(clock, [role()]) as world:
        world.person()
        persister_of(world, backend).start()
        assert backend.states[-1][1] is True, "nothing is held yet"
        held = await world.login("prod", ask=True)
        assert backend.held == held
        assert backend.states[-1][1] is False
        world.keeper.agent_lock.lock("test")
        assert read(backend.states[-1][0]).memory.locked
        world.keeper.logout(["prod"])
        assert backend.held is None


@in_virtual_time
async def test_what_an_earlier_daemon_kept_is_not_overwritten_before_it_was_read(clock, backend):
    async with World(clock, [role()]) as world:
        persister = persister_of(world, backend)
        persister.save()
        world.keeper.agent_lock.lock("test")
        assert backend.states == []


@in_virtual_time
async def test_frozen_nothing_is_kept_and_thawed_it_is_all_there(clock, backend):
    async with World(clock, [role()]) as world:
        persister = persister_of(world, backend)
        persister.start()
        persister.freeze()
        before = len(backend.states)
        world.keeper.agent_lock.lock("test")
        persister.save()
        assert len(backend.states) == before
        persister.thaw()
        assert read(backend.states[-1][0]).memory.locked


@in_virtual_time
async def test_closed_it_keeps_nothing_and_what_is_kept_stays(clock, backend):
    async with World(clock, [role()]) as world:
        persister = persister_of(world, backend)
        persister.start()
        persister.close()
        before = len(backend.states)
        world.keeper.agent_lock.lock("test")
        assert (len(backend.states), backend.closed) == (before, True)


@in_virtual_time
async def test_the_buffer_holds_nothing_afterwards(clock, backend):
    async with World(clock, [role()]) as world:
        world.person()
        persister = persister_of(world, backend)
        await world.login("prod", ask=True)
        with persister.taken() as (state, empty):
            assert not empty
            assert b"secret" in state
        assert not any(state)


@pytest.mark.parametrize("everything", [True, False])
@in_virtual_time
async def test_what_was_taken_back_goes_before_the_new_state_comes(clock, backend, everything):
    async with World(clock, [role()]) as world:
        persister = persister_of(world, backend)
        persister.start()
        persister.take_back(everything=everything)
        assert backend.states[-2] == ("all" if everything else "some")
        assert isinstance(backend.states[-1], tuple)
