"""exec: the command's environment, status and signals, and the grant taken back."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import PATIENCE, wait_until

XACCTCTL = [sys.executable, "-m", "xacct.ctl"]


def test_the_command_gets_the_environment_and_the_grant_is_revoked(daemon, run):
    done = run("exec", "prod", "--", "sh", "-c", 'echo $XACCT_ROLE ${AWS_PROFILE-none} "$1"', "x", "a b")
    assert (done.returncode, done.stdout) == (0, "prod none a b\n")
    (asked,) = daemon.called("POST", "/v1/grants")
    assert asked["label"] == f"exec sh {asked['pid']}"
    assert daemon.called("DELETE", "/v1/grants/g1") == [None]


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (["true"], 0),
        (["sh", "-c", "exit 7"], 7),
        (["sh", "-c", "kill -9 $$"], 137),
        (["sh", "-c", "kill -TERM $$"], 143),
        (["no-such-command-here"], 127),
        (["/etc/passwd"], 126),
        (["sh", "-c", "kill -PIPE $$"], 141),
    ],
)
def test_exit_statuses(daemon, run, command, status):
    done = run("exec", "prod", "--", *command)
    assert done.returncode == status
    assert "Traceback" not in done.stderr
    assert daemon.called("DELETE", "/v1/grants/g1") == [None]


def test_a_command_is_needed_behind_two_dashes(daemon, run):
    done = run("exec", "prod", "--")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_static_has_no_grant_and_no_secret_in_arguments(daemon, run):
    script = "echo $AWS_SECRET_ACCESS_KEY; cat /proc/$$/cmdline /proc/$PPID/cmdline | tr '\\0' ' '"
    done = run("exec", "prod", "--static", "--", "sh", "-c", script)
    first, _, rest = done.stdout.partition("\n")
    assert first == "s3cr3t/+"
    assert "s3cr3t" not in rest
    assert daemon.called("POST", "/v1/grants") == []


def test_inner_exec_wins(daemon, run):
    inner = [*XACCTCTL, "exec", "dev", "--", "sh", "-c", "echo $XACCT_ROLE"]
    assert run("exec", "prod", "--", *inner).stdout == "dev\n"


def test_a_lost_revocation_changes_no_status(daemon, run):
    daemon.answers["/v1/grants/g1"] = b"rubbish"
    assert run("exec", "prod", "--", "sh", "-c", "exit 3").returncode == 3


@pytest.mark.parametrize("name", ["INT", "TERM", "HUP", "QUIT", "USR1", "USR2"])
def test_signals_reach_the_command(daemon, name):
    script = f"trap 'echo got; exit 42' {name}; echo ready; while :; do sleep 0.02; done"
    process = _start("sh", "-c", script)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(getattr(signal, f"SIG{name}"))
    try:
        rest, _ = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert (rest, process.returncode) == ("got\n", 42)
    assert daemon.called("DELETE", "/v1/grants/g1") == [None]


def test_stop_and_continue_go_both_ways(daemon):
    process = _start("sh", "-c", "echo $$; sleep 0.02; exec sleep 30")
    child = int(process.stdout.readline())
    process.send_signal(signal.SIGTSTP)
    _await_state(child, "T")
    _await_state(process.pid, "T")
    process.send_signal(signal.SIGCONT)
    _await_state(process.pid, "S")
    _await_state(child, "S")
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 143
    process.stdout.close()


def test_ctrl_c_is_the_commands_and_comes_once(daemon, sit):
    script = (
        "import signal, sys, time; seen = [];"
        "signal.signal(signal.SIGINT, lambda *_: seen.append(1));"
        "print('ready', flush=True)\n"
        "while not seen: time.sleep(0.01)\n"
        "time.sleep(0.2); print('count', len(seen)); sys.exit(5)"
    )
    seat = sit("exec", "prod", "--", sys.executable, "-c", script)
    seat.expect("ready")
    seat.type("\x03")
    seat.expect("count 1")
    assert seat.end()[0] == 5


def test_an_interactive_shell_keeps_job_control(daemon, sit):
    seat = sit("exec", "prod", "--", "bash", "--norc", "-i")
    seat.type("sh -c 'echo up$((1+1)); exec sleep 30'\n")
    seat.expect("up2")
    seat.type("\x1a")
    seat.expect("Stopped")
    seat.type('echo role $XACCT_ROLE; kill -9 %1; while [ -n "$(jobs -s)" ]; do sleep 0.02; done; exit 9\n')
    seat.expect("role prod")
    assert seat.end()[0] == 9


def _start(*command):
    return subprocess.Popen(
        [*XACCTCTL, "exec", "prod", "--", *command],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        process_group=0,  # no session: SIGTSTP does nothing in an orphaned process group
    )


def _state(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def _await_state(pid, letter):
    if not Path("/proc/self/stat").exists():
        pytest.skip("there is no procfs to look at")
    wait_until(lambda: _state(pid) == letter, what=f"{pid} in state {letter}")


def test_imds_is_a_port_and_no_grant(daemon, run):
    daemon.imds = {9478: "prod"}
    script = "echo $AWS_EC2_METADATA_SERVICE_ENDPOINT ${AWS_EC2_METADATA_DISABLED-none} $XACCT_ROLE; exit 7"
    environment = {**os.environ, "AWS_EC2_METADATA_DISABLED": "true"}
    done = run("exec", "--imds", "prod", "--", "sh", "-c", script, env=environment)
    assert (done.returncode, done.stdout) == (7, "http://127.0.0.1:9478/ none prod\n")
    assert daemon.called("POST", "/v1/grants") == []
    assert run("exec", "--imds", "dev", "--", "true").returncode == 1


def test_a_terminal_that_goes_away_takes_the_command_along(daemon, sit, tmp_path):
    """Where the terminal was opened for us alone (xterm -e, tmux), the kernel tells nobody else."""
    seat = sit(
        "exec", "prod", "--", "sh", "-c", f"trap 'echo gone > {tmp_path}/it; exit 0' HUP; echo here; sleep 20 & wait"
    )
    seat.expect("here\r\n")
    os.close(seat.ours)
    seat.ours = os.open(os.devnull, os.O_RDONLY)
    assert seat.process.wait(PATIENCE) == 0
    assert (tmp_path / "it").read_text() == "gone\n"
    assert daemon.called("DELETE", "/v1/grants/g1") == [None]
