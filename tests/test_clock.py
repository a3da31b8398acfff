from hypothesis import given
from hypothesis import strategies as st

from xacct.clock import AwsClock
from xacct.model import Instant


class Machine:
    def __init__(self, wall=1000.0, boot=50.0):
        self.at = Instant(wall, boot)

    def pass_(self, seconds, step=0.0, paused=0.0):
        self.at = Instant(self.at.wall + seconds + step, self.at.boot + seconds - paused)

    def read(self):
        return self.at


def test_before_the_first_answer_the_wall_clock_is_believed():
    assert AwsClock(Machine().read).now() == 1000.0


def test_a_date_header_corrects_a_wrong_clock():
    machine = Machine(wall=1000.0)
    clock = AwsClock(machine.read)
    for _ in range(2):
        clock.heard(8200.0, signed_for=False)
    machine.pass_(10)
    assert 8210 <= clock.now() <= 8211
    assert 7200 <= clock.skew() <= 7201
    assert 8210 <= clock.likeliest() <= 8211


def test_a_wall_clock_that_agrees_is_the_finer_one():
    machine = Machine(wall=1000.7)
    clock = AwsClock(machine.read)
    clock.heard(1000.0)
    assert clock.now() == 1000.7
    assert clock.skew() == 0


def test_setting_the_clock_back_does_not_bring_expired_credentials_to_life():
    machine = Machine()
    clock = AwsClock(machine.read)
    machine.pass_(3600, step=-3600)
    assert clock.now() == 4600


def test_a_paused_virtual_machine_is_noticed_by_its_wall_clock():
    machine = Machine()
    clock = AwsClock(machine.read)
    machine.pass_(7200, paused=7200)
    assert clock.now() == 8200
    assert clock.stepped()


@given(st.lists(st.tuples(st.floats(0, 1e5), st.floats(-1e5, 1e5)), max_size=20))
def test_time_for_aws_is_never_early_whatever_steps_the_wall_clock_makes(story):
    machine = Machine(wall=1e6)
    clock = AwsClock(machine.read)
    true = 1e6
    for seconds, step in story:
        machine.pass_(seconds, step=step)
        true += seconds
        assert clock.now() >= true - 1e-6


def test_a_step_is_told_once():
    machine = Machine()
    clock = AwsClock(machine.read)
    machine.pass_(10)
    assert not clock.stepped()
    machine.pass_(10, step=3600)
    assert clock.stepped()
    assert not clock.stepped()


# Dates that lie.

DAY = 86400.0


def right(wall=1e6, boot=50.0):
    """A clock whose machine and AWS agree, and who has heard so."""
    machine = Machine(wall, boot)
    clock = AwsClock(machine.read)
    clock.heard(float(int(wall)))
    return machine, clock


def test_one_stranger_is_not_believed_and_two_that_agree_are():
    machine, clock = right()
    clock.heard(1e6 + 30, signed_for=False)
    clock.heard(1e6 + 2 * DAY, signed_for=False)
    clock.heard(1e6 - 1800, signed_for=False)
    assert clock.now() == 1e6
    machine.pass_(1)
    clock.heard(1e6 + 2 * DAY, signed_for=False)
    machine.pass_(5)
    clock.heard(1e6 + 2 * DAY + 5, signed_for=False)
    assert abs(clock.likeliest() - (1e6 + 2 * DAY + 5)) < 2  # which is signed with
    assert clock.now() == clock.earliest() == machine.at.wall, "nothing that is held is called expired"
    clock.heard(1e6 + 2 * DAY + 6)  # STS took that: a machine that was paused for two days
    assert abs(clock.now() - (1e6 + 2 * DAY + 6)) < 2


def test_who_took_our_signature_is_not_a_quarter_of_an_hour_off():
    machine, clock = right()
    for _ in range(5):
        machine.pass_(1)
        clock.heard(machine.at.wall + 1000)
    assert clock.now() == machine.at.wall


def test_time_does_not_go_back_past_what_was_certain():
    machine, clock = right()
    for _ in range(5):
        machine.pass_(1)
        clock.heard(machine.at.wall - 500, signed_for=False)
    assert clock.now() == machine.at.wall
    assert abs(clock.likeliest() - machine.at.wall) <= 1, "nor is what is signed with"


def test_a_laptop_clock_that_was_put_right_is_believed_with_one_date():
    machine = Machine(wall=1000.0)
    clock = AwsClock(machine.read)
    for _ in range(2):
        clock.heard(8200.0, signed_for=False)
    machine.pass_(10, step=7200)
    clock.heard(8210.0)
    assert clock.skew() == 0


@given(
    st.lists(
        st.tuples(st.floats(0.1, 4000), st.floats(-3 * DAY, 3 * DAY), st.booleans()),
        max_size=30,
    )
)
def test_lying_dates_that_do_not_agree_move_nothing_far(story):
    """A liar says something else each time, between STS's own dates; ours stays true to the resolution of a date."""
    machine, clock = right()
    true, lies = 1e6, []
    for seconds, lie, signed in story:
        machine.pass_(seconds)
        true += seconds
        if all(abs(lie - other) > 30 for other in lies):
            lies.append(lie)
            clock.heard(true + lie, signed_for=signed)
        assert abs(clock.now() - true) <= 3
        clock.heard(float(int(true)))
        assert abs(clock.now() - true) <= 3


@given(
    st.booleans(),
    st.floats(-900, 900),
    st.lists(st.tuples(st.floats(0.1, 4000), st.floats(-3000 * DAY, 3000 * DAY), st.integers(1, 5)), max_size=20),
)
def test_complaints_that_agree_move_nothing_but_what_is_signed_with(resumed, off, story):
    """However many say the same, or walk away step by step, on a laptop whose own clock is wrong as well."""
    machine = Machine(1e6 + off, 50.0)
    clock = AwsClock(machine.read)
    if resumed:
        clock.resume(1e6, machine.read())
    else:
        clock.heard(1e6)
        clock.heard(1e6)
    true = 1e6
    for seconds, lie, times in story:
        for _ in range(times):
            machine.pass_(seconds)
            true += seconds
            if abs(true + lie - machine.at.wall) > 3:  # else the laptop's clock is the second witness
                clock.heard(true + lie, signed_for=False)
            assert abs(clock.now() - true) <= 3
            assert abs(clock.earliest() - true) <= 3


@given(st.floats(-300 * DAY, 300 * DAY), st.lists(st.floats(0.1, 60), min_size=4, max_size=10))
def test_a_laptop_that_is_plainly_wrong_is_put_right_by_the_second_date(off, pauses):
    machine = Machine(wall=1e9 + off)
    clock = AwsClock(machine.read)
    true = 1e9
    for seconds in pauses:
        clock.heard(float(int(true)), signed_for=False)
        machine.pass_(seconds)
        true += seconds
    assert abs(clock.now() - true) <= 3
