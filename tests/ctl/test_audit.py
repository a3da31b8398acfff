"""The audit verb on the fake daemon."""

import json
import time

import pytest

from xacct.ctl.main import main


@pytest.fixture(autouse=True)
def utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def asked(daemon):
    return [path for _, path, _ in daemon.requests if path.startswith("/v1/audit")]


def test_lines_say_who_had_what_by_which_grant(daemon, capsys):
    assert main(["audit"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "2026-11-22 12:00:00  fetch          prod  served  uid 1000 pid 7 /bin/aws  grant g1 (a shell)",
        "2026-11-22 12:00:00  fetch          prod  served  (12 times)  caller unknown  grant g1 (a shell)",
        "2026-11-22 12:00:00  renewed        prod",
    ]
    assert asked(daemon) == ["/v1/audit"]


def test_json_is_the_lines_as_they_are(daemon, capsys):
    daemon.answers["/v1/audit"] = lambda _: [{**next(daemon._get_audit("", None)), "new": 1}]
    assert main(["audit", "--json"]) == 0
    [line] = map(json.loads, capsys.readouterr().out.splitlines())
    assert (line["event"], line["new"]) == ("fetch", 1)


def test_a_role_that_nobody_ever_knew_is_wrong_usage(daemon, capsys):
    assert main(["audit", "--role", "nosuch"]) == 2
    assert "no role 'nosuch'" in capsys.readouterr().err
    del daemon.roles["prod"]  # gone from the files, not from the audit
    daemon.answers["/v1/audit?role=prod"] = lambda _body: daemon._get_audit("", None)
    assert main(["audit", "--role", "prod"]) == 0


def test_role_and_time_are_asked_for(daemon):
    daemon.roles["team/ops"] = None
    assert main(["audit", "--role", "team/ops", "--since", "2026-11-22T12:00:00Z"]) == 0
    assert main(["audit", "--since", "2h"]) == 0
    first, second = asked(daemon)
    assert first == "/v1/audit?role=team%2Fops&since=1795348800"
    assert abs(float(second.partition("=")[2]) - (time.time() - 7200)) < 10


def test_following_goes_on_until_ctrl_c(daemon, sit):
    seat = sit("audit", "--follow")
    seat.expect("renewed        prod")
    daemon.watchers[0].put({**next(daemon._get_audit("", None)), "role": "dev"})
    seat.expect("dev  served")
    seat.type("\x03")
    assert seat.end()[0] == 0


def test_a_daemon_that_goes_is_said(daemon, sit):
    seat = sit("audit", "--follow")
    seat.expect("renewed        prod")
    daemon.watchers[0].put(None)
    status, rest = seat.end()
    assert status == 1
    assert "xacctd is gone" in rest


def test_somebody_elses_words_cannot_drive_the_terminal(daemon, capsys):
    evil = {**next(daemon._get_audit("", None)), "grant": {"id": "g", "label": "\x1b[2Jx"}, "time": "\x1b"}
    daemon.answers["/v1/audit"] = lambda _: [evil]
    assert main(["audit"]) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_what_is_no_line_is_not_believed(daemon, capsys):
    daemon.answers["/v1/audit"] = lambda _: [{"event": "fetch", "time": 5}]
    assert main(["audit"]) == 3
    assert "no usable value" in capsys.readouterr().err
