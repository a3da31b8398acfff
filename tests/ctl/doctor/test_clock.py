"""The clock, against AWS's and as NTP has it."""

import pytest

from xacct.ctl.doctor import clock
from xacct.ctl.doctor.clock import CHECKS


@pytest.fixture(autouse=True)
def mark(tmp_path, monkeypatch):
    monkeypatch.setattr(clock, "SYNCHRONIZED", tmp_path / "synchronized")
    return tmp_path / "synchronized"


@pytest.mark.parametrize(
    ("skew", "state", "word"),
    [
        (None, "skipped", ""),
        (0.5, "ok", ""),
        (-59.0, "ok", ""),
        (61.0, "warning", "61 s behind"),
        (-61.0, "warning", "61 s ahead of"),
        (301.0, "broken", "behind"),
        (-4000.0, "broken", "ahead of"),
    ],
)
def test_the_skew_that_the_daemon_knows(stage, skew, state, word):
    stage.running(daemon={"clock_skew": skew})
    assert stage.found(CHECKS)["clock-skew"] == state
    assert word in stage.sentences(CHECKS, "clock-skew")[0]


def test_each_platform_sets_its_clock_its_own_way(stage):
    stage.running(daemon={"clock_skew": 90.0})
    assert stage.fix(CHECKS, "clock-skew") == "timedatectl set-ntp true"
    stage.more["platform"] = "darwin"
    assert stage.fix(CHECKS, "clock-skew") == "sudo sntp -sS time.apple.com"


def test_without_a_daemon_nobody_knows(stage):
    assert stage.found(CHECKS) == {"clock-skew": "skipped", "clock-synchronized": "skipped"}


@pytest.mark.parametrize(
    ("script", "state"), [("echo yes", "ok"), ("echo no", "warning"), ("exit 1", "skipped"), ("echo x", "skipped")]
)
def test_what_timedatectl_says(stage, script, state):
    stage.program("timedatectl", script)
    assert stage.found(CHECKS)["clock-synchronized"] == state


def test_the_mark_of_timesyncd_is_enough(stage, mark):
    stage.program("timedatectl", "echo no")
    mark.touch()
    assert stage.found(CHECKS)["clock-synchronized"] == "ok"
