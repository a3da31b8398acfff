"""The audit verb on the fake daemon."""

import json
import time

import pytest
from fake_daemon import ProblemError
from waiting import wait_until

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


def test_a_profile_that_cannot_be_used_is_told_why(daemon, capsys):
    def no(_body):
        said = {"code": "source", "category": "usage", "sentence": "Profile half has no source_profile.", "hint": ""}
        raise ProblemError(400, said)

    daemon.answers["/v1/roles/half/explain"] = no
    assert main(["audit", "--role", "half"]) == 1
    assert "Profile half has no source_profile." in capsys.readouterr().err


def test_role_and_time_are_asked_for(daemon):
    daemon.roles["team/ops"] = None
    assert main(["audit", "--role", "team/ops", "--since", "2026-11-22T12:00:00Z"]) == 0
    began = time.time()
    assert main(["audit", "--since", "2h"]) == 0
    first, second = asked(daemon)
    assert first == "/v1/audit?role=team%2Fops&since=1795348800"
    assert began - 1 <= float(second.partition("=")[2]) + 7200 <= time.time() + 1


def test_following_goes_on_until_ctrl_c(daemon, sit):
    seat = sit("audit", "--follow")
    seat.expect("renewed        prod")
    daemon.watchers[0].put({**next(daemon._get_audit("", None)), "role": "dev"})
    seat.expect("dev  served")
    seat.type("\x03")
    assert seat.end()[0] == 0


def test_a_daemon_that_goes_is_waited_for_and_the_next_goes_on_behind_the_last_line(daemon, sit):
    seat = sit("audit", "--follow", "--role", "prod")
    seat.expect("renewed        prod")
    daemon.watchers[0].put({**next(daemon._get_audit("", None)), "role": "dev", "cursor": "2"})
    seat.expect("dev  served")
    daemon.watchers[0].put(None)
    seat.expect("xacctd is gone; waiting")
    assert seat.expect("renewed        prod").count("fetch") == 0
    daemon.watchers[1].put({**next(daemon._get_audit("", None)), "role": "staging", "cursor": "4"})
    seat.expect("staging  served")
    seat.type("\x03")
    status, rest = seat.end()
    assert (status, "Traceback" in rest) == (0, False)
    assert asked(daemon) == ["/v1/audit?role=prod&follow=1", "/v1/audit?role=prod&follow=1&after=2"]


def test_ctrl_c_ends_the_waiting_quietly(daemon, sit):
    seat = sit("audit", "--follow", "--json")
    seat.expect('"renewed"')
    daemon.stop()
    seat.expect("waiting for the next one")
    seat.type("\x03")
    status, rest = seat.end()
    assert (status, rest.replace("^C", "").strip().splitlines()[1:]) == (0, [])
    daemon.start()


def test_a_daemon_that_gives_no_cursor_is_not_followed_into_the_next(daemon, sit):
    daemon.gives_cursors = False
    seat = sit("audit", "--follow")
    seat.expect("renewed        prod")
    daemon.watchers[0].put(None)
    status, rest = seat.end()
    assert status == 1
    assert "xacctd is gone" in rest


def test_the_next_daemon_that_takes_no_cursor_doubles_nothing(daemon, sit):
    seat = sit("audit", "--follow")
    seat.expect("renewed        prod")
    daemon.gives_cursors = False
    daemon._get_audit = lambda path, body, real=daemon._get_audit: real(path.partition("&after")[0], body)
    daemon.watchers[0].put(None)
    wait_until(lambda: len(daemon.watchers) > 1)
    daemon.watchers[1].put(None)
    status, rest = seat.end()
    assert (status, "served" in rest) == (1, False)
    assert "can't go on where another has stopped" in rest


# Of one grant.


def test_one_grant_is_told_as_a_story(daemon, capsys):
    assert main(["audit", "--grant", "g1"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("Grant g1 (a shell)\n")
    assert "renewed" not in told
    assert asked(daemon) == ["/v1/audit?grant=g1"]
    assert main(["audit", "--grant", "a shell", "--json", "--since", "2h"]) == 0
    assert [json.loads(line)["event"] for line in capsys.readouterr().out.splitlines()] == ["fetch", "fetch"]
    assert asked(daemon)[1].startswith("/v1/audit?grant=a%20shell&since=")


@pytest.mark.parametrize("more", [(), ("--json",), ("--follow",), ("--html", "-")])
def test_an_older_xacctd_that_tells_of_other_grants_is_not_believed(daemon, run, more):
    daemon.ignores_grant = True
    done = run("audit", "--grant", "g1", *more)
    assert done.returncode == 3
    assert "can't tell of one grant alone" in done.stderr
    assert "renewed" not in done.stdout


def test_a_line_of_another_grant_is_not_shown(daemon, capsys):
    one = next(daemon._get_audit("", None))
    other = {**one, "grant": {"id": "g12", "label": "other"}}
    daemon.answers["/v1/audit?grant=g1"] = lambda _: [one, other]
    assert main(["audit", "--grant", "g1", "--json"]) == 3
    assert "other" not in capsys.readouterr().out


def test_a_grant_of_which_nothing_is_written(daemon, capsys):
    daemon.answers["/v1/audit?grant=g1"] = lambda _: []
    assert main(["audit", "--grant", "g1"]) == 0
    out, err = capsys.readouterr()
    assert (out, "Nothing is written of grant 'g1'" in err) == ("", True)


def test_somebody_elses_words_cannot_drive_the_terminal(daemon, capsys):
    evil = {**next(daemon._get_audit("", None)), "grant": {"id": "g", "label": "\x1b[2Jx"}, "time": "\x1b"}
    daemon.answers["/v1/audit"] = lambda _: [evil]
    assert main(["audit"]) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_what_is_no_line_is_not_believed(daemon, capsys):
    daemon.answers["/v1/audit"] = lambda _: [{"event": "fetch", "time": 5}]
    assert main(["audit"]) == 3
    assert "no usable value" in capsys.readouterr().err
