"""The audit of a whole daemon: what was fetched is in it, whatever happens to daemon or disk afterwards."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from stack import Stack
from waiting import PATIENCE, wait_until


def fetch(grant, role):
    request = urllib.request.Request(grant["urls"][role], headers={"Authorization": grant["token"]})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=PATIENCE) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def audit_of(stack):
    return Path(stack.env["XDG_STATE_HOME"]) / "xacct" / "audit.jsonl"


def test_a_fetch_is_in_the_audit_though_the_daemon_is_killed_at_the_answer(tmp_path):
    with Stack(tmp_path / "s") as stack:
        stack.login("prod", "staging")
        for role in ("prod", "staging"):
            grant = stack.grant(role)
            status, held = fetch(grant, role)
            stack.kill()
            assert (status, "SecretAccessKey" in held) == (200, True)
            lines = [json.loads(line) for line in audit_of(stack).read_text().splitlines()]
            fetched = [line for line in lines if (line["event"], line["role"]) == ("fetch", role)]
            assert [(line["what"], line["grant"]["id"], line["pid"]) for line in fetched] == [
                ("served", grant["id"], os.getpid())
            ]
            stack.start()
            if role == "prod":
                stack.login("staging")


def nothing_can_be_written(path):
    """A directory in a file's place: no file can be written there, not even by root."""
    beside = path.with_name("directory")
    beside.mkdir()
    while path.is_file():  # a line that was on its way may have made it anew
        path.unlink()
        with contextlib.suppress(OSError):
            beside.rename(path)


@pytest.mark.parametrize("required", [True, pytest.param(False, marks=pytest.mark.live)])
def test_where_the_audit_cannot_be_written_status_says_so_and_nothing_is_served_if_it_is_required(tmp_path, required):
    with Stack(tmp_path / "s", settings=f"[audit]\nrequired = {str(required).lower()}\n") as stack:
        stack.login("prod")
        grant = stack.grant("prod")
        nothing_can_be_written(audit_of(stack))
        for _ in range(2):
            status, answer = fetch(grant, "prod")
            assert (status == 200) != required
            assert ("can't be written" in str(answer)) == required
        assert any("audit can't be written" in note for note in stack.api("GET", "/v1/status")["notes"])
        audit_of(stack).rmdir()
        assert fetch(grant, "prod")[0] == 200
        assert not any("audit can't be written" in note for note in stack.api("GET", "/v1/status")["notes"])


def test_who_follows_one_grant_has_each_line_once_over_a_restart_and_a_kill(tmp_path):
    with Stack(tmp_path / "s") as stack:
        stack.login("prod")
        grant, other = stack.grant("prod"), stack.grant("prod")
        told = (tmp_path / "told").open("w+")
        follows = [sys.executable, "-m", "xacct.ctl", "audit", "--grant", grant["id"], "--follow", "--json"]
        process = subprocess.Popen(follows, env=stack.env, stdout=told, stderr=subprocess.PIPE, text=True)

        def killed():
            stack.kill()
            stack.start()
            stack.login("prod")

        def lines():
            return [json.loads(line) for line in (tmp_path / "told").read_text().splitlines()]

        try:
            wait_until(lambda: len(lines()) == 1, what="the line that there was")
            for times, again in enumerate((killed, lambda: stack.xacctctl("restart"), lambda: None)):
                for each in (grant, other):
                    assert fetch(each, "prod")[0] == 200
                wait_until(lambda: len(lines()) >= 2 + times, what="the fetch")  # noqa: B023 - called at once
                again()
        finally:
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=PATIENCE)
            told.close()
        written = [json.loads(line) for line in audit_of(stack).read_text().splitlines()]
    mine = [line for line in written if (line["grant"] or {}).get("id") == grant["id"]]
    assert [{**line, "cursor": None} for line in lines()] == [{**line, "cursor": None} for line in mine]
    assert [line["event"] for line in mine] == ["grant-created", "fetch", "fetch", "fetch"]
    assert process.returncode == 0
    assert said.count("xacctd is gone; waiting") == 2
    assert "Traceback" not in said
