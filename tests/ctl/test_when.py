"""Durations and times of day as people type them."""

import time

import pytest

from xacct import policy
from xacct.control import requests
from xacct.ctl import when
from xacct.ctl.failure import CtlError
from xacct.ctl.render import clean, duration, since, until


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("8h", 28800), ("90m", 5400), ("1h30m", 5400), ("2d", 172800), ("45s", 45)],
)
def test_durations(text, seconds):
    assert when.seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "8", "h", "0h", "-1h", "8h ", "m30", "1.5h", "٣h"])
def test_what_is_no_duration(text):
    with pytest.raises(CtlError, match="no duration") as failure:
        when.seconds(text)
    assert failure.value.status == 2


@pytest.mark.parametrize(
    ("most", "limit"),
    [
        (when.SESSION, policy.SESSION_DURATION_MAX),
        (when.ROLE, policy.ROLE_DURATION_MAX),
        (when.GRANT, requests.MAX_TTL),
    ],
)
def test_limits_are_those_of_aws_and_the_daemon(most, limit):
    assert when.seconds(f"{limit}s" if limit < 10**6 else most[0], most) == limit
    with pytest.raises(CtlError, match="is too long"):
        when.seconds(most[0] + ("1s" if "d" in most[0] else "1m"), most)


@pytest.fixture
def berlin(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def local(instant):
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(instant))


def test_the_next_time_of_day(berlin):
    noon = time.mktime((2026, 12, 31, 12, 0, 0, 0, 0, -1))
    assert local(when.next_time("19:00", noon)) == "2026-12-31 19:00"
    assert local(when.next_time("9:30", noon)) == "2027-01-01 09:30"
    assert local(when.next_time("12:00", noon)) == "2027-01-01 12:00"


def test_summer_time_moves_with_the_clock_on_the_wall(berlin):
    evening = time.mktime((2026, 3, 28, 20, 0, 0, 0, 0, -1))
    assert local(when.next_time("19:00", evening)) == "2026-03-29 19:00"
    assert when.next_time("19:00", evening) - evening == 22 * 3600


@pytest.mark.parametrize("text", ["24:00", "7", "07:60", "7pm", ""])
def test_what_is_no_time_of_day(text):
    with pytest.raises(CtlError, match="no time of day"):
        when.next_time(text, 0.0)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(-5, "now"), (0.9, "now"), (59, "59s"), (60, "1m"), (3660, "1h 01m"), (90000, "1d 1h")],
)
def test_durations_are_shown(seconds, shown):
    assert duration(seconds) == shown


def test_instants_are_shown_relative():
    assert (until(None, 0), since(None, 0)) == ("-", "-")
    assert (until(90, 0), since(0, 90), since(90, 90)) == ("1m", "1m ago", "now")


def test_control_characters_never_reach_a_terminal():
    assert clean("a\x1b[2Jb\r\nc\u2066d") == "a [2Jb  c d"


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2h", 1_000_000 - 7200),
        ("1970-01-02T00:00:00Z", 86400),
        ("1970-01-02T01:00+01:00", 86400),
        ("1970-01-02", 86400 - 3600),
    ],
)
def test_times_past(berlin, text, instant):
    assert when.past(text, 1_000_000.0) == instant


@pytest.mark.parametrize("text", ["yesterday", "0h", "2026-13-01", "9999999-01-01"])
def test_what_is_no_time_past(text):
    with pytest.raises(CtlError, match="is n") as failure:
        when.past(text, 1_000_000.0)
    assert failure.value.status == 2
