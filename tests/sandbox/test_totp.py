import pyotp
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from xacct.sandbox import totp
from xacct.sandbox.totp import CodeHistory, CodeUsedUpError
from xacct.sandbox.world import MfaDevice

DEVICE = MfaDevice("arn:aws:iam::123456789012:mfa/u", pyotp.random_base32())
instants = st.floats(0, 4e9, allow_nan=False)


def assume_distinct_codes(now):
    """Leave out the one seed and time in a million at which two neighbours have the same code."""
    first = max(0, totp.step_at(now) - 6)
    codes = [totp.code_of(DEVICE.seed, step) for step in range(first, first + 13)]
    assume(len(set(codes)) == len(codes))


def test_codes_are_those_of_the_rfc():
    # RFC 6238, appendix B, at 59 s, cut to six digits.
    seed = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert totp.code_of(seed, totp.step_at(59)) == "287082"


@given(now=instants, drift=st.integers(-5, 5))
def test_a_code_is_good_for_its_own_step_and_one_beside_it(now, drift):
    now += 150
    assume_distinct_codes(now)
    code = totp.code_of(DEVICE.seed, totp.step_at(now) + drift)
    assert CodeHistory().accept(DEVICE, code, now) is (abs(drift) <= 1)


def test_there_is_no_step_before_the_first():
    assert CodeHistory().accept(DEVICE, totp.code_of(DEVICE.seed, 0), 0.0)


@given(now=instants, drifts=st.lists(st.sampled_from((-1, 0, 1)), max_size=9))
def test_a_step_is_accepted_once(now, drifts):
    history, accepted = CodeHistory(), []
    now += 60
    assume_distinct_codes(now)
    for drift in drifts:
        code = totp.code_of(DEVICE.seed, totp.step_at(now) + drift)
        accepted += [drift] * history.accept(DEVICE, code, now)
    assert sorted(accepted) == sorted(set(drifts))
    assert history.used_steps(DEVICE) == [totp.step_at(now) + d for d in sorted(set(drifts))]


@given(now=instants, drifts=st.sets(st.sampled_from((0, 1))))
def test_the_next_code_is_unused_and_no_earlier_one_is(now, drifts):
    assume_distinct_codes(now)
    history = CodeHistory()
    for drift in drifts:
        history.accept(DEVICE, totp.code_of(DEVICE.seed, totp.step_at(now) + drift), now)
    wait = history.next_code_in(DEVICE, now)
    expected = next(n for n in range(3) if n not in drifts)
    if expected == 0:
        assert wait == 0
    else:
        border = (totp.step_at(now) + expected) * totp.STEP_SECONDS
        assert now + wait == pytest.approx(border)


def test_a_code_used_up_says_how_long_to_wait():
    history = CodeHistory()
    assert history.accept(DEVICE, history.code(DEVICE, 100.0), 100.0)
    with pytest.raises(CodeUsedUpError) as caught:
        history.code(DEVICE, 100.0)
    assert caught.value.seconds == 20.0
    assert history.accept(DEVICE, history.code(DEVICE, 120.0), 120.0)


def test_devices_have_their_own_ledgers():
    other = MfaDevice("arn:aws:iam::123456789012:mfa/v", DEVICE.seed)
    history = CodeHistory()
    code = history.code(DEVICE, 100.0)
    assert history.accept(DEVICE, code, 100.0)
    assert history.accept(other, code, 100.0)


def test_the_seed_is_not_in_the_repr():
    assert DEVICE.seed not in repr(DEVICE)
