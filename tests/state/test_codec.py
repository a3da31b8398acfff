"""The state as bytes: whole or dropped with a sentence, never half believed and never an exception."""

import json

import pytest
from fake_aws import World, role
from hypothesis import given
from hypothesis import strategies as st
from virtual_time import Clock, in_virtual_time

from xacct.clock import AwsClock
from xacct.state import codec


async def state_of(world):
    await world.login("prod", ask=True)
    kept = bytearray()
    assert codec.take(world.keeper, "a boot", "0.1.0", kept)
    return bytes(kept)


@in_virtual_time
async def test_what_was_taken_is_read_again(clock):
    async with World(clock, [role()]) as world:
        world.person()
        state = codec.read(await state_of(world))
        assert state.memory.roles[0].entry.held == world.keeper.node("prod").entry.held
        assert state.version == "0.1.0"


@in_virtual_time
async def test_a_state_of_a_daemon_that_answered_early_is_read(clock):
    async with World(clock, [role()]) as world:
        world.person()
        kept = json.loads(await state_of(world))
        older = codec.read(json.dumps(kept | {"front": {"files": [["config", None]], "roles": {}}}).encode())
        assert older.memory == codec.read(json.dumps(kept).encode()).memory


@in_virtual_time
async def test_an_empty_keeper_says_so(clock):
    async with World(clock, [role()]) as world:
        assert not codec.take(world.keeper, "a boot", "0.1.0", bytearray())


@in_virtual_time
async def test_a_buffer_is_overwritten_not_appended_to(clock):
    async with World(clock, [role()]) as world:
        world.person()
        state = await state_of(world)
        buffer = bytearray(b"x" * 100_000)
        codec.take(world.keeper, "a boot", "0.1.0", buffer)
        assert bytes(buffer) == state


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda kept: kept | {"format": 99, "version": "9.0"}, "kept by xacct 9.0 in format 99, not 2"),
        (lambda kept: kept | {"memory": {}}, "can't be read"),
        (lambda kept: kept | {"surprise": 1}, "can't be read"),
        (lambda kept: {}, "can't be read"),
        (lambda kept: [kept], "can't be read"),
    ],
)
@in_virtual_time
async def test_another_format_is_dropped_with_a_sentence(clock, change, sentence):
    async with World(clock, [role()]) as world:
        world.person()
        kept = json.loads(await state_of(world))
        with pytest.raises(codec.Unusable, match=sentence) as refused:
            codec.read(json.dumps(change(kept)).encode())
        assert "secret" not in refused.value.sentence


@given(
    st.binary(max_size=300)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda v: json.dumps(v).encode())
)
def test_any_bytes_are_a_state_or_unusable(data):
    with pytest.raises(codec.Unusable):
        codec.read(data)


@in_virtual_time
async def test_a_state_cut_short_or_garbled_is_unusable(clock):
    async with World(clock, [role()]) as world:
        world.person()
        kept = await state_of(world)
        for length in range(0, len(kept), 7):
            with pytest.raises(codec.Unusable):
                codec.read(kept[:length])


# AWS's time.


@in_virtual_time
async def test_in_the_same_boot_the_clock_goes_on_whatever_the_wall_clock_says(clock):
    async with World(clock, [role()]) as world:
        world.person()
        kept = await state_of(world)
        clock.step_wall(-3 * 3600)
        later = AwsClock(clock.read)
        codec.resume_clock(codec.read(kept), later, "a boot")
        assert later.now() == pytest.approx(world.aws.now(), abs=2)


@in_virtual_time
async def test_in_another_boot_what_was_learned_of_the_wall_clock_stays(clock):
    clock.step_wall(600)  # as far as AWS still takes our signature
    async with World(clock, [role()]) as world:
        world.aws._offset -= 600  # the machine is ten minutes ahead of AWS
        world.person()
        kept = await state_of(world)
        after = Clock(wall=clock.wall + 600, boot=10.0)
        later = AwsClock(after.read)
        codec.resume_clock(codec.read(kept), later, "another boot")
        assert later.now() == pytest.approx(world.aws.now() + 600, abs=2)


@in_virtual_time
async def test_a_clock_that_stands_before_the_state_is_not_believed(clock):
    """A dead clock battery must not make credentials of last week look fresh."""
    async with World(clock, [role()]) as world:
        world.person()
        kept = codec.read(await state_of(world))
        after = Clock(wall=0.0, boot=10.0)
        with pytest.raises(codec.Unusable, match="before the time"):
            codec.resume_clock(kept, AwsClock(after.read), "another boot")


def test_no_state_says_what_it_holds():
    clock = codec.ClockSnapshot(0.0, Clock().read(), "a boot")
    assert repr(clock) == "ClockSnapshot(…)"
