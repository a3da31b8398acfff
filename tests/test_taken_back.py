"""What was taken back stays so, or it is said that it may not: disks that take nothing, and kills."""

import json
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from stack import Stack, Unix, wait_until

pytestmark = pytest.mark.live


@pytest.fixture
def stack(tmp_path):
    with Stack(tmp_path) as stack:
        yield stack


def state(stack):
    return Path(stack.env["XDG_STATE_HOME"]) / "xacct"


def asked(stack, method, path, body=None):
    """(status, answer) of the control API."""
    with closing(Unix(stack.socket)) as connection:
        connection.request(method, path, None if body is None else json.dumps(body))
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def ctl(stack, *words):
    command = [sys.executable, "-m", "xacct.ctl", *words]
    return subprocess.run(command, env=stack.env, capture_output=True, text=True, timeout=60, check=False)


class Unwritable:
    """A file stands where a directory was: nothing in it can be read, made or removed until the end."""

    def __init__(self, *directories):
        self._directories = directories

    def __enter__(self):
        for directory in self._directories:
            directory.rename(directory.with_name(directory.name + ".away"))
            directory.write_text("")

    def __exit__(self, *_):
        for directory in self._directories:
            directory.unlink()
            directory.with_name(directory.name + ".away").rename(directory)


def blocked_in_runtime(stack):
    """The note that would go to the runtime directory has no place there either."""
    (stack.socket.parent / "taken-back.json" / "in the way").mkdir(parents=True)


def restarted(stack):
    stack.kill()
    stack.start()


@pytest.mark.parametrize("unwritable", [False, True])
def test_the_lock_outlives_a_kill_where_nobody_keeps_memory(stack, unwritable):
    with Unwritable(*([state(stack)] if unwritable else [])):
        assert asked(stack, "POST", "/v1/lock") == (200, {"locked": True})
    restarted(stack)
    assert stack.status()["locked"]
    assert asked(stack, "POST", "/v1/unlock")[0] == 200
    wait_until(lambda: not (state(stack) / "taken-back.json").exists(), what="the note's end")
    restarted(stack)
    assert not stack.status()["locked"]


@pytest.mark.parametrize("unwritable", [False, True])
def test_a_logout_outlives_a_kill_where_nobody_keeps_memory(stack, unwritable):
    with Unwritable(*([state(stack)] if unwritable else [])):
        assert asked(stack, "POST", "/v1/logout", {"roles": ["open"]})[0] == 200
    restarted(stack)
    status, answer = asked(stack, "POST", "/v1/credentials", {"role": "open", "attend": False})
    assert (status, answer["error"]["sentence"]) == (403, "You are logged out of open.")
    stack.api("POST", "/v1/login", {"roles": ["open"], "attend": False})
    wait_until(lambda: not (state(stack) / "taken-back.json").exists(), what="the note's end")


@pytest.mark.parametrize("words", [["lock"], ["logout", "open"]])
def test_where_nothing_can_be_written_it_is_said_that_it_holds_until_the_end(stack, words):
    blocked_in_runtime(stack)
    with Unwritable(state(stack)):
        done = ctl(stack, *words)
        assert done.returncode != 0
        assert "It holds until xacctd ends." in done.stderr
        findings = json.loads(ctl(stack, "doctor", "--json").stdout)
        assert any("can't be written" in finding["sentence"] for finding in findings)
    assert ctl(stack, *words).returncode == 0, "it is written once the disk is mended"


def test_a_revocation_that_no_file_takes_says_so_and_is_kept_by_and_by(stack):
    revoked, kept = stack.grant("open"), stack.grant("open")
    wait_until(lambda: kept["id"] in (state(stack) / "grants.json").read_text(), what="the file")
    with Unwritable(state(stack), stack.socket.parent / "grants"):
        status, answer = asked(stack, "DELETE", f"/v1/grants/{revoked['id']}")
        assert (status, answer["error"]["code"]) == (500, "state-not-kept")
        assert "only until xacctd ends" in answer["error"]["sentence"]
        assert [grant["id"] for grant in stack.api("GET", "/v1/grants")["grants"]] == [kept["id"]]
    assert asked(stack, "DELETE", f"/v1/grants/{revoked['id']}")[0] == 200
    restarted(stack)
    assert [grant["id"] for grant in stack.api("GET", "/v1/grants")["grants"]] == [kept["id"]]


def test_a_lock_holds_over_a_kill_while_the_configuration_can_t_be_read(stack):
    config = Path(stack.env["AWS_CONFIG_FILE"])
    good = config.read_text()
    config.write_text("[profile")
    restarted(stack)
    assert asked(stack, "POST", "/v1/lock") == (200, {"locked": True})
    restarted(stack)
    assert stack.status()["locked"]
    config.write_text(good)
    restarted(stack)
    assert stack.status()["locked"]


def test_used_steps_that_are_not_kept_are_said(stack):
    (state(stack) / "used-steps.json" / "in the way").mkdir(parents=True)
    stack.login("prod")
    assert any("Which codes were used can't be kept" in note for note in stack.status()["notes"])


def test_a_handed_over_lock_needs_no_file(stack):
    blocked_in_runtime(stack)
    with Unwritable(state(stack)):
        assert asked(stack, "POST", "/v1/lock")[0] == 500
        pid = stack.api("POST", "/v1/succeed")["pid"]
        wait_until(lambda: stack.daemon.poll() is not None, what="the successor's turn")
        assert stack.status()["locked"]
        subprocess.run(["kill", f"-{signal.SIGTERM.value}", str(pid)], check=True)
        wait_until(lambda: not stack.socket.exists(), what="the end")
