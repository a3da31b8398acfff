"""Starting by themselves, once; start, stop, reload; what the daemon said when it could not."""

import json
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import PATIENCE

from xacct.ctl.main import main

XACCTCTL = [sys.executable, "-m", "xacct.ctl"]


def starts(place):
    path = place / "starts"
    return path.read_text().splitlines() if path.exists() else []


def test_a_verb_starts_the_daemon_detached(spawned, place, capsys):
    assert main(["roles"]) == 0
    (line,) = starts(place)
    pid = int(line.split()[0])
    assert os.getsid(pid) == pid
    assert str(Path(f"/proc/{pid}/cwd").readlink()) == "/"
    assert str(Path(f"/proc/{pid}/fd/0").readlink()) == "/dev/null"
    log = place / "s/xacct/xacctd.log"
    assert Path(f"/proc/{pid}/fd/2").readlink() == log
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert stat.S_IMODE((place / "r/xacct").stat().st_mode) == 0o700
    assert "prod" in capsys.readouterr().out


@pytest.mark.parametrize("verbs", [8, pytest.param(30, marks=pytest.mark.live)])
def test_verbs_at_once_start_one_daemon(spawned, place, verbs):
    spawned("--slow")
    crowd = [
        subprocess.Popen([*XACCTCTL, "roles"], stdout=subprocess.DEVNULL, start_new_session=True) for _ in range(verbs)
    ]
    assert [process.wait(PATIENCE) for process in crowd] == [0] * verbs
    assert len(starts(place)) == 1


def test_no_start_forbids_it_before_and_after_the_verb(spawned, place, capsys):
    for words in (
        ["--no-start", "status"],
        ["status", "--no-start"],
        ["grants", "list", "--no-start"],
    ):
        assert main(words) == 3
        assert capsys.readouterr().err == "xacctctl: xacctd is not running.\n  hint: xacctctl start\n"
    assert starts(place) == []


def test_a_dead_socket_is_no_daemon(spawned, place, capsys):
    (place / "r/xacct").mkdir(mode=0o700)
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(place / "r/xacct/control.sock"))
    left.close()
    assert main(["status", "--no-start"]) == 3
    assert "not running" in capsys.readouterr().err


def test_the_daemons_own_last_words(spawned, place, capsys):
    spawned("--fail")
    assert main(["status"]) == 3
    assert capsys.readouterr().err == "xacctctl: The port is taken.\n  hint: Free it.\n"


def test_a_daemon_that_ends_without_a_word(spawned, place, capsys):
    (place / "s/xacct").mkdir(parents=True)
    (place / "s/xacct/xacctd.log").write_text("xacctd: An older failure.\n")
    spawned("--mute")
    assert main(["status"]) == 3
    said = capsys.readouterr().err
    assert str(place / "s/xacct/xacctd.log") in said
    assert "older" not in said


def test_a_command_that_is_none(place, monkeypatch, capsys):
    monkeypatch.setenv("XACCT_DAEMON", "/no/such/xacctd --flag")
    assert main(["status"]) == 3
    assert "/no/such/xacctd: No such file" in capsys.readouterr().err


def test_start_says_whether_it_ran_already_and_stop_waits(spawned, place, capsys):
    assert main(["start"]) == 0
    pid = int(starts(place)[0].split()[0])
    assert capsys.readouterr().out == (f"Started xacctd 0.1.0 (pid {pid}, endpoint http://127.0.0.1:9477).\n")
    assert main(["start"]) == 0
    assert capsys.readouterr().out.startswith("Already running: xacctd")
    assert main(["stop"]) == 0
    assert Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    assert main(["stop"]) == 0
    assert capsys.readouterr().out == ("xacctd has stopped; what it held is gone.\nxacctd is not running.\n")


def test_reload_reports_problems(daemon, capsys):
    assert main(["reload"]) == 0
    assert capsys.readouterr().out == "Read again: 2 roles.\n"
    daemon.problems = [{"code": "bad-config", "category": "usage", "sentence": "Profile x loops.", "hint": "Cut it."}]
    assert main(["reload"]) == 1
    assert capsys.readouterr().err == "xacctctl: Profile x loops.\n  hint: Cut it.\n"


def test_reload_takes_up_what_takes_a_new_process_and_says_how_that_is_called(daemon, capsys):
    daemon.outdated = True
    assert main(["reload"]) == 0
    shown = capsys.readouterr()
    assert shown.out == "Restarted: 2 roles, 1 held on (pid 4712).\n"
    assert shown.err.endswith("say: xacctctl restart\n")


def test_restart_reports_the_problems_of_the_new_process(daemon, capsys):
    assert main(["restart"]) == 0
    assert capsys.readouterr() == ("Restarted: 2 roles, 1 held on (pid 4712).\n", "")
    daemon.problems = [{"code": "bad-config", "category": "usage", "sentence": "Profile x loops.", "hint": "Cut it."}]
    assert main(["restart"]) == 1
    assert capsys.readouterr().err == "xacctctl: Profile x loops.\n  hint: Cut it.\n"


def test_restart_waits_for_a_question_with_a_word(daemon, capsys):
    busy = {
        "code": "busy",
        "category": "temporary",
        "sentence": "xacctd waits for an answer to its question for prod.",
        "hint": "",
    }
    asked = []
    problem = sys.modules[type(daemon).__module__].ProblemError

    def succeed(_body):
        asked.append(1)
        if len(asked) < 3:
            raise problem(503, busy)
        return {"pid": 4713}

    daemon.answers["/v1/succeed"] = succeed
    assert main(["restart"]) == 0
    shown = capsys.readouterr()
    assert shown.err.count("question for prod") == 1
    assert "(pid 4713)" in shown.out


@pytest.mark.parametrize("verb", ["reload", "restart"])
def test_without_a_daemon_neither_starts_one(spawned, place, capsys, verb):
    assert main([verb]) == 3
    assert starts(place) == []
    assert f"nothing to {verb}" in capsys.readouterr().err


def test_a_daemon_started_inside_a_role_does_not_inherit_it(spawned, place, monkeypatch, capsys):
    for name, value in (
        ("XACCT_ROLE", "prod"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9477/x"),
        ("AWS_PROFILE", "xacct"),
        ("XACCT_PROFILE", "xacct"),
        ("AWS_CONFIG_FILE", "/run/user/1/xacct/aws-config-0123456789abcdef/config"),
        ("XACCT_INSTEAD_OF_CONFIG_FILE", ""),
        ("AWS_REGION", "eu-west-1"),
        ("XACCT_REGION", "eu-west-1"),
        ("AWS_CA_BUNDLE", "/kept"),
    ):
        monkeypatch.setenv(name, value)
    assert main(["roles"]) == 0
    environ = json.loads(starts(place)[0].partition(" ")[2])
    assert [name for name in environ if name.startswith(("AWS_", "XACCT_R"))] == ["AWS_CA_BUNDLE"]


def test_a_killed_daemon_is_started_again(spawned, place, capsys):
    assert main(["roles"]) == 0
    pid = int(starts(place)[0].split()[0])
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    (place / "r/xacct/control.sock").unlink()
    assert main(["roles"]) == 0
    assert len(starts(place)) == 2
