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
    clock.heard(8200.0)
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
