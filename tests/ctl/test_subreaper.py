"""A narrowed exec: bound before its command runs, above all that this starts, and there until nothing of it is left."""

import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path

import fake_daemon
import pytest
from waiting import PATIENCE, wait_until

from xacct.ctl import subreaper
from xacct.ctl.client import Client
from xacct.ctl.failure import CtlError

NARROW = [sys.executable, "-m", "xacct.ctl", "exec", "prod", "--read-only", "--"]
REFUSAL = {"code": "bad-request", "category": "usage", "sentence": "It can't be bound.", "hint": "Ask."}
LINUX = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no procfs to look at")
LEAVES = (
    'setsid --fork sh -c \'trap "" {ignored}; echo $$ >"$1"; exec sleep 600 >/dev/null 2>&1\' x {place}/pid;'
    " {wait}; echo done; exit 7"
)
"""A command that leaves a process behind in a session of its own, and ends with 7."""


def parent(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def gone(pid):
    return not Path(f"/proc/{pid}").exists()


@pytest.fixture
def left(place, daemon):
    """Starts such a command, and gives exec and what it has left behind once the command itself has ended."""
    started = []

    def start(ignored="USR1"):
        script = LEAVES.format(ignored=ignored, place=place, wait=f"until [ -s {place}/pid ]; do :; done")
        process = subprocess.Popen(
            [*NARROW, "sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
            text=True, start_new_session=True,
        )  # fmt: skip
        started.append(process)
        assert process.stdout.readline() == "done\n"
        started.append(int((place / "pid").read_text()))
        assert any("still runs, in the narrowed role" in line for line in process.stderr)
        return process, started[-1]

    yield start
    for one in started:
        try:
            os.kill(one if isinstance(one, int) else one.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    for one in started:
        if not isinstance(one, int):
            one.communicate(timeout=PATIENCE)


def test_its_grant_is_bound_to_it_before_the_command_runs(daemon, run):
    told = "import os, sys; print(os.getppid())"
    done = run("exec", "prod", "--read-only", "--", sys.executable, "-c", told)
    assert done.returncode == 0, done.stderr
    exec_pid = int(done.stdout)
    [asked] = daemon.called("POST", "/v1/grants")
    assert asked["pid"] == exec_pid
    assert daemon.called("POST", "/v1/grants/g1") == [{"pid": exec_pid, "root": exec_pid}]
    ways = [(method, path) for method, path, _ in daemon.requests]
    assert ways[-2:] == [("POST", "/v1/grants/g1"), ("DELETE", "/v1/grants/g1")], "it asked for more when it was bound"


def test_a_shell_is_bound_as_well(daemon, sit, monkeypatch):
    monkeypatch.setenv("SHELL", "/bin/sh")
    seat = sit("exec", "prod", "--ttl", "20m")
    seat.expect("[y/N]")  # it is bound when everything has been asked
    seat.type("y\n")
    seat.type("echo here $((1+1)); exit 3\n")
    seat.expect("here 2")
    assert seat.end()[0] == 3
    [asked] = daemon.called("POST", "/v1/grants/g1")
    assert asked["root"] == asked["pid"]


def test_what_is_not_narrowed_is_bound_to_nothing(daemon, run):
    assert run("exec", "prod", "--", "true").returncode == 0
    assert daemon.called("POST", "/v1/grants/g1") == []


def test_in_each_of_several_roles_it_is_another_process(daemon, run):
    assert run("exec", "*", "--parallel", "2", "--read-only", "--", "true").returncode == 0
    bound = [daemon.called("POST", f"/v1/grants/{grant}")[0]["root"] for grant in ("g1", "g2")]
    assert bound[0] != bound[1]


def test_an_older_xacctd_binds_nothing_and_the_command_does_not_run(daemon, run):
    daemon.binds = False
    done = run("exec", "prod", "--read-only", "--", "echo", "ran")
    assert (done.returncode, done.stdout) == (1, "")
    assert "it would bind nothing" in done.stderr
    assert daemon.called("DELETE", "/v1/grants/g1") == [None]


def test_where_it_cannot_be_bound_the_command_does_not_run(daemon, run):
    def refuse(body):
        if body is None:
            return {}
        raise fake_daemon.ProblemError(400, REFUSAL)

    daemon.answers["/v1/grants/g1"] = refuse
    done = run("exec", "prod", "--read-only", "--", "echo", "ran")
    assert (done.returncode, done.stdout) == (1, "")
    assert "It can't be bound." in done.stderr
    assert daemon.called("DELETE", "/v1/grants/g1") == [None]


@pytest.mark.skipif(sys.platform == "darwin", reason="there is no subreaper")
def test_where_there_is_no_subreaper_the_grant_is_taken_back(daemon, monkeypatch):
    class Kernel:
        def __init__(self, *_, **__):
            pass

        def prctl(self, *_):
            ctypes.set_errno(22)
            return -1

    monkeypatch.setattr(ctypes, "CDLL", Kernel)
    grant = daemon._post_grants("/v1/grants", {"roles": ["prod"]})
    with pytest.raises(CtlError, match=r"can't be kept below it \(Invalid argument\), so it is not started"):
        subreaper.bind(Client(str(daemon.path)), grant)
    assert daemon.called("POST", "/v1/grants/g1") == []
    assert daemon.called("DELETE", "/v1/grants/g1") == [None]


@LINUX
def test_it_stays_as_long_as_anything_is_left_and_its_grant_with_it(left, daemon):
    process, pid = left()
    assert parent(pid) == process.pid
    assert process.poll() is None
    assert daemon.called("DELETE", "/v1/grants/g1") == []
    os.kill(pid, signal.SIGKILL)
    assert process.wait(PATIENCE) == 7
    assert daemon.called("DELETE", "/v1/grants/g1") == [None]


@LINUX
@pytest.mark.parametrize("name", ["INT", "TERM", "QUIT"])
def test_a_signal_ends_what_is_left(left, name):
    process, pid = left()
    process.send_signal(getattr(signal, f"SIG{name}"))
    assert process.wait(PATIENCE) == 7
    assert gone(pid)


@LINUX
def test_what_does_not_end_when_it_is_asked_is_killed_at_the_second_time(left):
    process, pid = left(ignored="TERM")
    process.send_signal(signal.SIGTERM)
    wait_until(lambda: not pending(process.pid, signal.SIGTERM), what="the first signal")
    assert not gone(pid)
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 7
    assert gone(pid)


@LINUX
def test_a_terminal_that_hangs_up_ends_nothing_that_ignores_it(left):
    process, pid = left(ignored="HUP")
    process.send_signal(signal.SIGHUP)
    wait_until(lambda: not pending(process.pid, signal.SIGHUP), what="the hang-up")
    assert process.poll() is None
    assert not gone(pid)


def pending(pid, number):
    """Whether a process has a signal that it has not taken yet."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    masks = [int(line.split()[1], 16) for line in lines if line.startswith(("SigPnd:", "ShdPnd:"))]
    return any(mask >> number - 1 & 1 for mask in masks)


@LINUX
def test_what_comes_back_to_it_and_ends_is_reaped_while_the_command_runs(daemon, run, tmp_path):
    """Else its number stays taken: the command waits until there is no such process any more."""
    waits = f"(sleep 0 & echo $! >{tmp_path}/pid); until [ ! -e /proc/$(cat {tmp_path}/pid) ]; do :; done; echo reaped"
    assert run("exec", "prod", "--read-only", "--", "sh", "-c", waits).stdout == "reaped\n"


@pytest.mark.parametrize(
    ("script", "status"), [("exit 7", 7), ("kill -9 $$", 137), ("kill -TERM $$", 143), ("(exit 3) & exit 0", 0)]
)
def test_exit_statuses_are_the_commands(daemon, run, script, status):
    assert run("exec", "prod", "--read-only", "--", "sh", "-c", script).returncode == status


def test_a_command_that_there_is_not_is_said_and_nothing_is_waited_for(daemon, run):
    assert run("exec", "prod", "--read-only", "--", "no-such-command-here").returncode == 127
    assert daemon.called("DELETE", "/v1/grants/g1") == [None]


def test_it_does_not_detach(daemon, run):
    for option in (["--read-only"], ["--ttl", "20m"]):
        done = run("exec", "--detach", "prod", *option, "--", "echo", "ran")
        assert (done.returncode, done.stdout) == (2, "")
        assert "does not go with narrower credentials" in done.stderr
    assert daemon.called("POST", "/v1/grants") == []


def test_a_daemon_that_it_has_started_is_not_below_it(spawned, run, place):
    done = run("exec", "prod", "--read-only", "--", sys.executable, "-c", "import os; print(os.getppid())")
    assert done.returncode == 0, done.stderr
    [line] = (place / "starts").read_text().splitlines()
    daemon = int(line.split()[0])
    assert not gone(daemon)
    assert parent(daemon) != int(done.stdout)


def test_a_daemon_that_does_not_start_is_said_once(spawned, run):
    spawned("--fail")
    done = run("exec", "prod", "--read-only", "--", "echo", "ran")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.count("The port is taken.") == 1
