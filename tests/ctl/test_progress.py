"""The line that counts a login of many roles."""

import pytest

from xacct.ctl import progress
from xacct.ctl.progress import EVERY, MANY, Progress

HELD = {"event": "held", "role": "r", "expires_at": None, "mfa_expires_at": None, "now": 0.0}
FAILED = {"event": "failed", "role": "r", "error": {"code": "x", "category": "refused", "sentence": "No.", "hint": ""}}


@pytest.fixture
def looked_at(monkeypatch):
    monkeypatch.setattr(progress, "_looked_at", lambda: True)


class Time:
    now = 100.0

    def __call__(self):
        return self.now


def drawn(capsys):
    return [line for line in capsys.readouterr().err.split("\r\x1b[K") if line]


def test_it_says_how_many_are_held_and_how_long_the_rest_takes(looked_at, capsys):
    time = Time()
    with Progress(1000, time) as line:
        for _ in range(100):
            time.now += EVERY * 1.01
            line.counts(HELD)
    lines = drawn(capsys)
    assert lines[0] == "1 of 1000 roles held ..."
    assert lines[-1] == "100 of 1000 roles held, the rest in about 1m (Ctrl-C: at their first use) ..."
    assert len(lines) == 100


def test_it_is_not_drawn_more_often_than_anybody_can_read(looked_at, capsys):
    time = Time()
    with Progress(1000, time) as line:
        for _ in range(100):
            time.now += EVERY / 10
            line.counts(HELD)
    assert 9 <= len(drawn(capsys)) <= 10


def test_failures_are_counted(looked_at, capsys):
    time = Time()
    with Progress(1000, time) as line:
        line.counts(FAILED)
        time.now += EVERY * 1.01
        line.counts(HELD)
    assert drawn(capsys) == ["1 of 1000 roles held, 1 failed ..."]


def test_the_line_is_never_wider_than_the_terminal(looked_at, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    time = Time()
    with Progress(1000, time) as line:
        time.now += 10
        line.counts(HELD)
    assert [len(each) for each in drawn(capsys)] == [29]


def test_few_roles_have_a_line_each(looked_at, capsys):
    with Progress(MANY) as line:
        line.counts(HELD)
    assert not line.active
    assert drawn(capsys) == []


def test_where_nobody_looks_on_each_has_a_line(capsys):
    with Progress(1000) as line:
        line.counts(HELD)
    assert not line.active
    assert drawn(capsys) == []
