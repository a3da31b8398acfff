"""exec in several roles: in turn or at once, with a summary."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from waiting import wait_until

from xacct.ctl import exec_each

SHOW = ["sh", "-c", "echo $XACCT_ROLE; echo err-$XACCT_ROLE >&2; test $XACCT_ROLE != dev"]


def test_a_command_is_run_in_each_role_in_turn_and_summed_up(daemon, run):
    done = run("exec", "*", "--", *SHOW)
    assert done.stdout == "prod\ndev\n"
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "== prod",
        "err-prod",
        "== dev",
        "err-dev",
        "xacctctl: 1 of 2 roles: done.",
        "  dev ended with 1",
    ]


def test_at_once_each_line_has_its_role(daemon, run):
    done = run("exec", "*", "--parallel", "2", "--", *SHOW)
    assert sorted(done.stdout.splitlines()) == ["dev: dev", "prod: prod"]
    assert {"prod: err-prod", "dev: err-dev"} <= set(done.stderr.splitlines())
    assert done.returncode == 1


def test_at_once_is_at_once(daemon, run, tmp_path):
    """Each waits for the other's file."""
    wait = f"touch {tmp_path}/$XACCT_ROLE; until test $(ls {tmp_path} | wc -l) = 2; do :; done"
    assert run("exec", "*", "--parallel", "2", "--", "sh", "-c", wait).returncode == 0


def test_what_has_no_end_of_line_and_what_is_long_is_shown(daemon, run):
    done = run("exec", "*", "--parallel", "2", "--", "sh", "-c", "printf %0200000d 7")
    assert done.stdout.count("prod: ") == done.stdout.count("dev: ") >= 2
    assert sum(line.count("0") + line.count("7") for line in done.stdout.splitlines()) == 400000


def test_a_role_that_can_t_be_had_is_said_and_the_others_are_run(daemon, run):
    refused = {"code": "access-denied", "category": "refused", "sentence": "AWS says no.", "hint": ""}

    def held(role):
        if role == "dev":
            return {"event": "failed", "role": role, "error": refused}
        return type(daemon)._held(daemon, role)

    daemon._held = held
    done = run("exec", "*", "--", *SHOW)
    assert (done.stdout, done.returncode) == ("prod\n", 5)
    assert "dev: AWS says no." in done.stderr


def test_each_has_a_grant_of_its_own_that_ends_with_it(daemon, run):
    assert run("exec", "*", "--", "true").returncode == 0
    assert [body["roles"] for body in daemon.called("POST", "/v1/grants") if body["roles"] != ["*"]] == [
        ["prod"],
        ["dev"],
    ]
    assert len([path for method, path, _ in daemon.requests if method == "DELETE"]) == 2


@pytest.mark.parametrize("number", ["0", "3", "x"])
def test_a_number_that_can_t_be_meant(daemon, run, number):
    assert run("exec", "*", "--parallel", number, "--", "true").returncode == 2


def test_parallel_is_for_several(daemon, run):
    done = run("exec", "prod", "--parallel", "2", "--", "true")
    assert (done.returncode, "several roles" in done.stderr) == (2, True)


def test_ctrl_c_ends_the_run_and_says_what_was_not_begun(daemon, sit, tmp_path):
    seat = sit("exec", "*", "--", "sh", "-c", f"touch {tmp_path}/$XACCT_ROLE; sleep 30")
    wait_until((tmp_path / "prod").exists, what="the first")
    seat.type("\x03")
    status, shown = seat.end()
    assert (status, "dev was not begun" in shown) == (128 + signal.SIGINT, True), shown
    assert [file.name for file in tmp_path.iterdir()] == ["prod"]


def test_what_commands_at_once_say_after_ctrl_c_is_shown_to_the_end(daemon, sit, tmp_path):
    """terraform ends in good order, and says how; more than a pipe holds would keep it, and us, from ending at all."""
    says = "trap '' INT; seq 40000; echo unlocked; exit 3"
    (tmp_path / "says").write_text(
        f"import pathlib, signal, subprocess, sys, time\n"
        f"signal.signal(signal.SIGINT, lambda *_: sys.exit(subprocess.run(['sh', '-c', {says!r}]).returncode))\n"
        f"pathlib.Path({str(tmp_path)!r}, sys.argv[1]).touch()\n"
        f"time.sleep(30)\n"
    )
    command = f"exec {sys.executable} {tmp_path}/says $XACCT_ROLE"
    seat = sit("exec", "*", "--parallel", "2", "--", "sh", "-c", command)
    wait_until(lambda: (tmp_path / "prod").exists() and (tmp_path / "dev").exists(), what="both")
    seat.type("\x03")
    status, shown = seat.end()
    assert status == 128 + signal.SIGINT
    assert "prod: unlocked" in shown
    assert "dev: unlocked" in shown
    assert "prod ended with 3" in shown


def test_commands_whose_output_nobody_reads_any_more_end(daemon, tmp_path):
    """Else `| head` would leave them waiting for ever at a pipe that only they hold open, with their credentials."""
    script = f"echo $$ > {tmp_path}/$XACCT_ROLE; exec yes"
    command = [sys.executable, "-m", "xacct.ctl", "exec", "*", "--parallel", "2", "--", "sh", "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        wait_until(lambda: len([path for path in tmp_path.iterdir() if path.read_text()]) > 1, what="both")
        pids = [int((tmp_path / role).read_text()) for role in ("prod", "dev")]
        process.stdout.read(1)
        process.stdout.close()
        process.wait(60)
        try:
            wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), what="their end")
        finally:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def test_a_status_that_ctrl_c_has_taken_the_place_of_is_that_of_ctrl_c():
    ended = os.posix_spawnp("true", ["true"], os.environ)
    os.waitpid(ended, 0)
    assert exec_each._told(ended) == 128 + signal.SIGINT
    assert exec_each._told(os.posix_spawnp("sh", ["sh", "-c", "exit 3"], os.environ)) == 3
