"""The verb as a whole: its report, its JSON, its exit status, and a check that breaks."""

import json

import pytest

from xacct import wire
from xacct.ctl.doctor import catalogue, report
from xacct.ctl.doctor.catalogue import Row, examine
from xacct.ctl.doctor.finding import broken, ok, skipped, warning
from xacct.ctl.main import main

FINDINGS = [
    Row("daemon", "daemon-api", ok("Both speak 1.")),
    Row("daemon", "daemon-running", warning("It is not.", "xacctctl start")),
    Row("clock", "clock-skew", skipped("Nobody\x1b knows.")),
]
FINE = [
    "daemon",
    "  ok       daemon-api      Both speak 1.",
    "  warning  daemon-running  It is not.",
    "                           fix: xacctctl start",
    "clock",
    "  skipped  clock-skew      Nobody  knows.",
    "",
    "Nothing is broken, 1 warning.",
]


def test_the_report_is_grouped_and_aligned():
    assert list(report.lines(FINDINGS)) == FINE
    assert list(report.lines([*FINDINGS, Row("clock", "x", broken("No.", "Yes."))]))[-1] == "1 thing broken, 1 warning."


def test_each_state_has_its_colour_and_the_last_line_the_worst(monkeypatch):
    monkeypatch.setattr(report, "paint", lambda text, tone: f"<{tone}>{text}")
    bad = Row("clock", "clock-skew", broken("No.", "Yes."))
    for findings, tones in (
        (FINDINGS[:1], ["good", "good"]),
        (FINDINGS, ["good", "warn", "dim", "warn"]),
        ([*FINDINGS, bad], ["good", "warn", "dim", "bad", "bad"]),
    ):
        said = "\n".join(report.lines(findings))
        assert [part.partition(">")[0] for part in said.split("<")[1:]] == tones


def test_json_is_a_list_of_the_same():
    assert json.loads(report.as_json(FINDINGS))[1] == {
        "group": "daemon",
        "id": "daemon-running",
        "state": "warning",
        "sentence": "It is not.",
        "fix": "xacctctl start",
    }
    assert "\\u001b" not in report.as_json(FINDINGS)


def test_colour_only_at_a_terminal(place, sit, run, monkeypatch):
    assert "\x1b" not in run("doctor").stdout
    assert "\x1b[33mwarning\x1b[0m  daemon-running" in sit("doctor").end()[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in sit("doctor").end()[1]


def test_a_check_that_breaks_takes_no_other_down(stage, monkeypatch):
    def breaks(_scene):
        yield ok("So far.")
        raise RuntimeError("SECRET")

    groups = {**catalogue.GROUPS, "daemon": {**catalogue.GROUPS["daemon"], "daemon-code": breaks}}
    monkeypatch.setattr(catalogue, "GROUPS", groups)
    found = examine(stage.scene())
    assert found[0].id == "doctor-itself"
    assert found[0].finding.state == "broken"
    assert "SECRET" not in found[0].finding.sentence
    assert {row.group for row in found} == set(groups)


def test_without_a_daemon_none_is_started_and_nothing_is_broken(spawned, place, capsys, monkeypatch):
    monkeypatch.setenv("XACCT_PORT", "1")  # nobody's
    assert main(["doctor", "--json"]) == 0
    states = {row["id"]: row["state"] for row in json.loads(capsys.readouterr().out)}
    assert states["daemon-running"] == "warning"
    assert "doctor-itself" not in states
    assert not (place / "starts").exists()


@pytest.mark.parametrize(("api", "status"), [("2", 1), ("3", 1), ("1", 1)])
def test_a_daemon_of_any_api_is_examined(daemon, capsys, api, status):
    daemon.api = api
    daemon.endpoint = "http://127.0.0.1:1"  # nobody's
    assert main(["doctor", "--json"]) == status
    states = {row["id"]: row["state"] for row in json.loads(capsys.readouterr().out)}
    assert states["daemon-running"] == "ok"
    assert states["daemon-api"] == ("ok" if api == str(wire.API) else "broken")
    assert states["endpoint-port"] == "broken"
    assert ("role-failed" in states) == (api == str(wire.API))
    assert "doctor-itself" not in states


def test_a_role_that_nobody_knows(daemon, capsys):
    assert main(["doctor", "--role", "prdo"]) == 1
    assert "xacctctl roles (did you mean prod?)" in capsys.readouterr().out
