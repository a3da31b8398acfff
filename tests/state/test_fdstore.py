"""The descriptor store: never without a whole state, and honest when there is no room for it."""

import os

import pytest

from xacct.state.fdstore import FdStore
from xacct.state.secretmem import SecretMemory, Unavailable


class Manager:
    """Keeps descriptors as systemd does, and what of the state could be read from them at each moment."""

    def __init__(self):
        self.kept = {}
        self.said = []

    def store(self, name, descriptor):
        self.said.append(("store", name))
        self.kept[name] = SecretMemory(os.dup(descriptor))

    def forget(self, name):
        self.said.append(("forget", name))
        self.kept.pop(name).close()

    def state(self):
        found = [memory.read() for memory in self.kept.values()]
        return max(filter(None, found), default=(0, None))[1]


@pytest.fixture
def manager():
    try:
        SecretMemory.make().close()
    except Unavailable as why:
        pytest.skip(str(why))
    manager = Manager()
    yield manager
    for memory in manager.kept.values():
        memory.close()


def test_a_state_is_stored_once_and_then_written_in_place(manager):
    store = FdStore(manager)
    for number in range(5):
        store.save(bytearray(b"state %d" % number))
        assert manager.state() == b"state %d" % number
    assert manager.said == [("store", "st-0")]
    store.close()
    assert manager.state() == b"state 4", "the manager's hold on it goes on"


def test_the_next_process_goes_on_with_the_same_memory(manager):
    first = FdStore(manager)
    first.save(bytearray(b"one"))
    second = FdStore(manager, ("st-0", SecretMemory(os.dup(manager.kept["st-0"].descriptor))))
    first.close()
    second.save(bytearray(b"two"))
    assert manager.state() == b"two"
    assert manager.said == [("store", "st-0")]
    second.close()


def test_a_larger_memory_is_stored_before_the_old_one_goes(manager):
    store = FdStore(manager)
    store.save(bytearray(b"small"))
    capacity = store.kept[1].capacity
    store.save(bytearray(b"x" * (capacity + 1)))
    assert manager.said == [("store", "st-0"), ("store", "st-1"), ("forget", "st-0")]
    assert manager.state() == b"x" * (capacity + 1)
    store.save(bytearray(b"y" * (store.kept[1].capacity + 1)))
    assert manager.said[3:] == [("store", "st-0"), ("forget", "st-1")]
    store.save(bytearray(b"small again"))
    assert manager.state() == b"small again"
    store.close()


def test_without_secret_memory_there_is_a_problem_and_no_state(manager):
    def none(capacity):
        raise Unavailable("The kernel gives no secret memory.")

    store = FdStore(manager, make=none)
    store.save(bytearray(b"state"))
    assert "does not outlive a restart" in store.problem.sentence
    assert manager.said == []


def test_a_state_that_outgrows_what_there_is_does_not_come_back_old(manager):
    """What was logged out since must not be held again after a restart."""
    app = iter([SecretMemory.make])

    def once(capacity):
        try:
            return next(app)(capacity)
        except StopIteration:
            raise Unavailable("RLIMIT_MEMLOCK") from None

    store = FdStore(manager, make=once)
    store.save(bytearray(b"old"))
    store.save(bytearray(store.kept[1].capacity + 1))
    assert manager.state() is None
    assert store.problem is not None
    assert store.kept is None
