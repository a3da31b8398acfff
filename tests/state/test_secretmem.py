"""Secret memory: a kill at any moment leaves one whole state; nobody else reads it; nothing old lies about."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from xacct.state import secretmem
from xacct.state.secretmem import SecretMemory, Unavailable


@pytest.fixture
def memory():
    try:
        memory = SecretMemory.make()
    except Unavailable as why:
        pytest.skip(str(why))
    yield memory
    memory.close()


def mapped_again(memory):
    return SecretMemory(os.dup(memory.descriptor))


def test_what_is_written_is_there_for_whoever_has_the_descriptor(memory):
    assert memory.read() is None
    for number in range(1, 6):
        memory.write(b"state %d" % number)
        again = mapped_again(memory)
        assert again.read() == (number, b"state %d" % number)
        assert again.sequence == number
        again.close()


def test_it_goes_on_counting(memory):
    memory.write(b"one")
    again = mapped_again(memory)
    again.write(b"two")
    assert memory.read() == (2, b"two")
    again.close()


def test_nobody_opens_it_again(memory):
    memory.write(b"secret")
    with pytest.raises(OSError, match="No such device"):
        os.open(f"/proc/self/fd/{memory.descriptor}", os.O_RDONLY)
    with pytest.raises(OSError, match="Invalid argument"):
        os.read(memory.descriptor, 10)


def test_what_was_let_go_of_is_overwritten_at_once(memory):
    memory.write(b"canary " * 100)
    memory.write(b"canary " * 100)
    memory.write(b"")
    assert b"canary" not in memory._map[:]


@pytest.mark.parametrize("torn", ["header", "data", "length", "sequence"])
def test_a_torn_write_leaves_the_state_before(memory, torn):
    memory.write(b"one")
    before = memory._map[:]
    memory.write(b"two")
    place = memory._offset(2)
    # As if the kill had come before the old slot was cleared, and in the middle of a word of the new one.
    other = memory._offset(1)
    memory._map[other : other + 100] = before[other : other + 100]
    at = {"header": place + 20, "data": place + secretmem._SLOT.size, "length": place + 8, "sequence": place}[torn]
    memory._map[at] ^= 1
    assert memory.read() == (1, b"one")


def test_garbage_is_no_state(memory):
    chance = random.Random(1)
    for _ in range(200):
        memory._map[:4096] = chance.randbytes(4096)
        assert memory.read() is None
        memory._map[: len(secretmem._MAGIC)] = secretmem._MAGIC
        assert memory.read() is None


def test_of_several_the_latest_is_taken_and_the_others_closed(memory):
    memory.write(b"old")
    newer = SecretMemory.make()
    newer.write(b"new", 7)
    descriptors = [os.dup(memory.descriptor), os.dup(newer.descriptor), os.open("/dev/null", os.O_RDONLY)]
    found = secretmem.latest(descriptors)
    assert found.read() == (7, b"new")
    for descriptor in descriptors:
        if descriptor != found.descriptor:
            with pytest.raises(OSError, match="Bad file descriptor"):
                os.fstat(descriptor)
    found.close()
    newer.close()


def test_memory_in_which_nothing_was_committed_is_none(memory):
    assert secretmem.latest([os.dup(memory.descriptor)]) is None


WRITER = """
import os, sys
from xacct.state.secretmem import SecretMemory
memory = SecretMemory(int(sys.argv[1]))
number = 0
while True:
    number += 1
    memory.write(b"%d " % number * 500)
    os.write(1, b"%d\\n" % number)
"""


@pytest.mark.parametrize("kills", [10, pytest.param(30, marks=pytest.mark.live)])
def test_a_kill_at_any_moment_loses_nothing_that_was_committed(memory, kills):
    """The writer says each number once it is committed."""
    chance = random.Random(2)
    descriptor = memory.descriptor
    os.set_inheritable(descriptor, True)
    for _ in range(kills):
        memory._map[:] = bytes(len(memory._map))
        memory._map[: len(secretmem._MAGIC)] = secretmem._MAGIC
        memory.sequence = 0
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(descriptor)], pass_fds=[descriptor], stdout=subprocess.PIPE
        )
        said = writer.stdout.readline()
        time.sleep(chance.uniform(0, 0.01))
        writer.send_signal(signal.SIGKILL)
        said += writer.stdout.read()
        writer.wait()
        writer.stdout.close()
        committed = int(said.rsplit(b"\n", 2)[-2])
        _, data = memory.read()
        assert int(data.split()[0]) in (committed, committed + 1)
        assert len(set(data.split())) == 1


def test_where_there_is_none_a_sentence_says_so(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(Unavailable, match="Only Linux"):
        SecretMemory.make()
