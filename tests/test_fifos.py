"""A FIFO in the place of any file that daemon or command reads: each says so in seconds, and TERM ends it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from stack import Stack, wait_until
from waiting import PATIENCE

XACCTCTL = [sys.executable, "-m", "xacct.ctl"]


@pytest.fixture
def stack(tmp_path):
    with Stack(tmp_path / "s", daemon=False) as stack:
        yield stack


def files(stack):
    state = Path(stack.env["XDG_STATE_HOME"]) / "xacct"
    run = Path(stack.env["XDG_RUNTIME_DIR"]) / "xacct"
    return {
        "config": Path(stack.env["AWS_CONFIG_FILE"]),
        "credentials": Path(stack.env["AWS_SHARED_CREDENTIALS_FILE"]),
        "config.toml": stack.settings_file,
        "grants.json": state / "grants.json",
        "used-steps.json": state / "used-steps.json",
        "keychain-keys.json": state / "keychain-keys.json",
        "audit.jsonl": state / "audit.jsonl",
        "log": state / "xacctd.log",
        "lock": run / "xacctd.lock",
        "start.lock": run / "start.lock",
        "token": run / "grants" / "0123abcd",
    }


NAMES = (
    "config",
    "credentials",
    "config.toml",
    "grants.json",
    "used-steps.json",
    "keychain-keys.json",
    "audit.jsonl",
    "log",
    "lock",
    "token",
)


def swap(path):
    """Put a FIFO in its place."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    os.mkfifo(path)


@pytest.mark.parametrize("name", NAMES)
def test_a_fifo_there_at_the_start_hangs_no_daemon(stack, name):
    swap(files(stack)[name])
    daemon = stack._spawn(["-m", "xacct.daemon"], stack.env, "daemon.log")
    stack.daemon = daemon
    wait_until(lambda: daemon.poll() is not None or stack.socket.exists(), what="a start or an end")
    if daemon.poll() is None:
        wait_until(stack._answers, what="an answer")
        stack.api("GET", "/v1/status", timeout=PATIENCE)
        stack.stop()
    else:
        assert "xacctd:" in stack.log()
        assert "Traceback" not in stack.log()


@pytest.mark.parametrize("name", NAMES)
def test_a_fifo_that_comes_later_hangs_no_daemon(stack, name):
    stack.start()
    swap(files(stack)[name])
    answer = stack.api("POST", "/v1/reload", timeout=PATIENCE)
    if name in {"config", "credentials", "config.toml"}:
        assert "regular file" in str(answer)
    stack.api("GET", "/v1/status", timeout=PATIENCE)
    aws_file = name in {"config", "credentials"}
    events = stack.login("prod", expect_failed=int(aws_file))
    assert ("regular file" in str(events)) == aws_file
    stack.grant("prod")
    stack.stop()
    assert "Traceback" not in stack.log()


VERBS = (["status"], ["roles"], ["doctor"], ["env", "prod"], ["configure", "--all", "--dry-run"], ["explain", "prod"])


@pytest.mark.parametrize("name", ["config", "credentials", "config.toml", "log", "start.lock", "lock", "token"])
@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
def test_a_fifo_hangs_no_command(stack, name, verb):
    stack.start()
    swap(files(stack)[name])
    env = stack.env | {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(files(stack)["token"])}
    done = subprocess.run(
        [*XACCTCTL, *verb],
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert "Traceback" not in done.stderr + done.stdout


@pytest.mark.parametrize("name", ["log", "start.lock", "config.toml"])
def test_a_fifo_hangs_no_start(stack, name):
    swap(files(stack)[name])
    done = subprocess.run(
        [*XACCTCTL, "start"],
        env=stack.env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode != 0
    assert "regular file" in done.stderr
