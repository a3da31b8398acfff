"""Restarts of a real daemon under load: by a service manager in miniature, by a kill, and by a successor.

The same with a real systemd is in tests/system.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import boto3
import pytest
from manager import Manager
from stack import Stack, wait_until
from waiting import PATIENCE

from xacct.sandbox.files import free_port
from xacct.state.secretmem import SecretMemory, Unavailable

ENDINGS = {"stop": signal.SIGTERM, "kill": signal.SIGKILL, "crash": signal.SIGSEGV}


def secret_memory():
    try:
        SecretMemory.make().close()
    except Unavailable as why:
        pytest.skip(str(why))


class Managed(Stack):
    """A sandbox, and a daemon that a service manager starts again whenever it ends."""

    def __init__(self, directory, **options):
        super().__init__(directory, daemon=False, **options)
        self.manager = None

    def __enter__(self):
        secret_memory()
        super().__enter__()
        log = self.dir / "daemon.log"
        self.manager = Manager(self.dir, self.env, log)
        self.env["XACCT_PORT"] = str(self.manager.port)
        self.manager.__enter__()
        return self

    def __exit__(self, *_):
        if self.manager is not None:
            self.manager.__exit__()
        super().__exit__()

    def end(self, how):
        self.manager.signal(ENDINGS[how])
        self.manager.wait_until_ready()

    def reload(self):
        answer = self.api("POST", "/v1/succeed")
        if "pid" in answer:
            wait_until(lambda: self.manager.main_pid == answer["pid"], what="the manager's knowing of it")
        return answer

    def secrets(self):
        """What is served for prod, byte for byte."""
        return Raw(self, self.grant("prod")["token"]).fetch()


class Raw:
    """A client that opens a connection for each request, as often as it is told to, and counts."""

    def __init__(self, stack, token):
        self.port = stack.port
        self.head = (
            f"GET /v1/credentials/prod HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Authorization: {token}\r\nConnection: close\r\n\r\n"
        ).encode()
        self.served = 0
        self.failed = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def fetch(self):
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as connection:
            connection.sendall(self.head)
            answer = b""
            while data := connection.recv(65536):
                answer += data
        assert answer.startswith(b"HTTP/1.1 200"), answer[:200]
        return json.loads(answer.partition(b"\r\n\r\n")[2])

    def _run(self):
        while not self._stop.wait(0.01):
            try:
                self.fetch()
                self.served += 1
            except (OSError, AssertionError, ValueError) as failure:
                self.failed.append(repr(failure))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(PATIENCE)


@pytest.fixture
def stack(tmp_path):
    with Managed(tmp_path) as stack:
        yield stack


def calls_of(stack):
    return [(call["action"], call.get("mfa")) for call in stack.calls()]


def test_nothing_is_lost_and_nobody_is_asked_however_it_ends(stack):
    stack.login("prod", "staging")
    held = stack.secrets()
    before = len(stack.calls())
    environment = stack.environment("prod")
    with Raw(stack, stack.grant("prod")["token"]) as raw:
        for how in ("stop", "kill", "crash", "reload", "kill", "reload"):
            pid = stack.manager.main_pid
            if how == "reload":
                assert stack.reload()["pid"] != pid
            else:
                stack.end(how)
            assert stack.status("prod")["state"] == "held", how
            served = raw.served
            wait_until(lambda served=served: raw.served > served + 5, what="the service")
    assert stack.secrets() == held
    # Of the raw requests only one that is under way at a kill may die.
    assert len(raw.failed) <= 3, raw.failed
    identity = subprocess.run(
        [sys.executable, "-c", "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "assumed-role" in identity.stdout
    new = [call["action"] for call in stack.calls()[before:]]
    assert new == ["GetCallerIdentity"], "no call that was not due"
    assert "Traceback" not in stack.log()


def test_the_first_connection_starts_nothing_twice(stack):
    """Two that hold the same lock: the second says so, and the first goes on."""
    second = subprocess.run(
        [sys.executable, "-m", "xacct.daemon"], env=stack.env, capture_output=True, text=True, check=False
    )
    assert second.returncode == 1
    assert "running already" in second.stderr
    assert stack.status()


def test_locked_before_is_locked_after(stack):
    stack.login("prod")
    token = stack.grant("prod")["token"]
    stack.api("POST", "/v1/lock")
    stack.end("kill")
    with pytest.raises(AssertionError, match="403"):
        Raw(stack, token).fetch()
    stack.api("POST", "/v1/unlock")
    assert Raw(stack, token).fetch()["AccessKeyId"]


def test_what_was_logged_out_does_not_come_back(stack):
    stack.login("prod", "staging")
    stack.api("POST", "/v1/logout", {"all": True})
    stack.end("kill")
    assert [role["state"] for role in stack.status()["roles"] if role["state"] == "held"] == []
    assert [session for session in stack.status()["sessions"] if session["expires_at"]] == []


def test_a_role_that_changed_while_nobody_ran_is_not_served(stack):
    stack.login("prod")
    token = stack.grant("prod")["token"]
    config = Path(stack.env["AWS_CONFIG_FILE"])
    config.write_text(config.read_text().replace("234567890123:role/prod", "234567890123:role/gone"))
    os.kill(stack.manager.main_pid, signal.SIGSTOP)  # it must not see the change before it ends
    stack.end("kill")
    with pytest.raises(AssertionError, match=r"403|200"):
        answer = Raw(stack, token).fetch()
        assert "gone" in answer.get("RoleArn", ""), "200"


def test_a_configuration_that_can_t_be_read_at_the_start_costs_nothing(stack):
    stack.login("prod")
    held = stack.secrets()
    config = Path(stack.env["AWS_CONFIG_FILE"])
    whole = config.read_text()
    config.write_text("[profile broken\n")
    stack.end("kill")
    assert stack.status()["roles"] == []
    config.write_text(whole)
    wait_until(lambda: stack.status()["roles"], what="the configuration")
    wait_until(lambda: stack.status("prod")["state"] == "held", seconds=40, what="the recall")
    assert stack.secrets() == held


def test_a_state_of_another_format_is_dropped_with_a_sentence(stack):
    stack.login("prod")
    [(_, descriptor)] = stack.manager.store
    os.kill(stack.manager.main_pid, signal.SIGSTOP)
    memory = SecretMemory(os.dup(descriptor))
    _, state = memory.read()
    memory.write(re.sub(rb'"format":[0-9]+', b'"format":7', state, count=1))
    memory.close()
    stack.end("kill")
    assert stack.status("prod")["state"] != "held"
    [problem] = [p for p in stack.api("GET", "/v1/roles")["problems"] if "format 7" in p["sentence"]]
    assert problem["hint"] == "xacctctl login ROLE"
    [(_, descriptor)] = stack.manager.store
    memory = SecretMemory(os.dup(descriptor))
    assert b'"format":7' not in memory.read()[1], "and the next state is ours again"
    memory.close()


def test_tampered_memory_is_no_state(stack):
    stack.login("prod")
    [(_, descriptor)] = stack.manager.store
    os.kill(stack.manager.main_pid, signal.SIGSTOP)
    memory = SecretMemory(os.dup(descriptor))
    at = memory._map.find(b'"held"')
    memory._map[at] ^= 1
    memory.close()
    stack.end("kill")
    assert stack.status("prod")["state"] != "held"
    assert len(stack.manager.store) == 1, "what is spoilt makes room for the next state"
    assert "Traceback" not in stack.log()


# A successor.


def test_a_successor_that_can_t_read_the_configuration_does_not_take_over(stack):
    stack.login("prod")
    config = Path(stack.env["AWS_CONFIG_FILE"])
    whole = config.read_text()
    config.write_text("[profile broken\n")
    answer = stack.reload()
    assert "The old one goes on" in answer["error"]["sentence"]
    config.write_text(whole)
    pid = stack.manager.main_pid
    assert Raw(stack, stack.grant("prod")["token"]).fetch()
    assert stack.reload()["pid"] != pid, "and the next one may"


def test_a_broken_installation_does_not_take_over(tmp_path):
    """The code on disk is half written, as in an upgrade: it can't be loaded, or ends once it has been handed all."""
    code = tmp_path / "code"
    subprocess.run(["cp", "-r", str(Path(__file__).parents[1] / "src"), str(code)], check=True)
    with Stack(tmp_path / "stack", daemon=False) as stack:
        stack.env["PYTHONPATH"] = str(code)
        stack.start()
        stack.login("prod")
        running = code / "xacct" / "daemon" / "run.py"
        whole = running.read_text()
        token = stack.grant("prod")["token"]
        for broken in ("raise SystemExit(3)\n", whole.replace("self._origin.serving()", "os._exit(3)")):
            assert broken != whole
            running.write_text(broken)
            answer = stack.api("POST", "/v1/succeed")
            assert "The old one goes on" in answer["error"]["sentence"]
            assert stack.status("prod")["state"] == "held"
            assert Raw(stack, token).fetch()
            stack.api("POST", "/v1/lock")
            stack.api("POST", "/v1/unlock")
        running.write_text(whole)
        pid = stack.api("POST", "/v1/succeed")["pid"]
        try:
            stack.daemon.wait(PATIENCE)
            assert stack.api("GET", "/v1/version")["pid"] == pid
            assert stack.status("prod")["state"] == "held"
            assert Raw(stack, stack.grant("prod")["token"]).fetch()
        finally:
            os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not stack.socket.exists(), what="the end, which takes its socket along")


def test_a_boto3_client_lives_through_all_of_it(stack, monkeypatch):
    stack.login("prod")
    for key, value in stack.environment("prod").items():
        monkeypatch.setenv(key, value)
    for key in ("AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.delenv(key, raising=False)
    for how in ("kill", "stop"):
        stack.end(how)
        assert boto3.Session().client("sts").get_caller_identity()["Account"] == "234567890123"
    stack.reload()
    assert boto3.Session().client("sts").get_caller_identity()["Account"] == "234567890123"


def test_a_reload_takes_up_settings_that_a_running_daemon_does_not(tmp_path):
    """Its port among them, and what is held is held on."""
    with Stack(tmp_path, daemon=False) as stack:
        del stack.env["XACCT_PORT"]
        ports = [free_port(), free_port()]
        stack.settings_file.parent.mkdir(parents=True)
        stack.settings_file.write_text(f"[daemon]\nport = {ports[0]}\n")
        stack.start()
        stack.login("prod")
        stack.settings_file.write_text(f"[daemon]\nport = {ports[1]}\n")
        assert any("xacctctl restart" in note for note in stack.status()["notes"])
        pid = stack.api("POST", "/v1/succeed")["pid"]
        try:
            stack.daemon.wait(PATIENCE)
            assert stack.api("GET", "/v1/version")["endpoint"] == f"http://127.0.0.1:{ports[1]}"
            assert stack.status("prod")["state"] == "held"
            assert not stack.status()["notes"]
            stack.env["XACCT_PORT"] = str(ports[1])
            assert Raw(stack, stack.grant("prod")["token"]).fetch()
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", ports[0]))
        finally:
            os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not stack.socket.exists(), what="the end")
