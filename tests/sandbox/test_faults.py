import pytest
from hypothesis import given
from hypothesis import strategies as st

from xacct.sandbox.faults import KINDS, Faults


@given(kind=st.sampled_from(KINDS), calls=st.integers(1, 20))
def test_a_fault_strikes_as_often_as_it_was_told(kind, calls):
    faults = Faults(lambda: 0.0)
    faults.add(kind, calls=calls)
    assert [faults.take(kind) is not None for _ in range(calls + 1)] == [True] * calls + [False]


def test_one_call_is_the_default():
    faults = Faults(lambda: 0.0)
    faults.add("500")
    assert faults.take("500")
    assert not faults.take("500")


@pytest.mark.parametrize(("calls", "expected"), [(2, 2), (9, 5)])
def test_calls_and_seconds_end_with_whichever_comes_first(calls, expected):
    now = [0.0]
    faults = Faults(lambda: now[0])
    faults.add("503", calls=calls, seconds=5)
    taken = 0
    for _ in range(9):
        taken += faults.take("503") is not None
        now[0] += 1
    assert taken == expected


def test_the_oldest_strikes_first_and_others_wait():
    faults = Faults(lambda: 0.0)
    faults.add("503")
    faults.add("500")
    faults.add("delay", delay=1)
    assert faults.take("500", "503").kind == "503"
    assert faults.take("delay").delay == 1
    assert faults.take("500", "503").kind == "500"
    assert faults.take("500", "503") is None


def test_other_kinds_are_not_counted_against():
    faults = Faults(lambda: 0.0)
    faults.add("invalid-key")
    assert faults.take("500") is None
    assert faults.take("invalid-key")
