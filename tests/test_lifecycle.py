"""The daemon's start, socket and end as people meet them: the real daemon, and xacctctl beside it."""

import contextlib
import http.client
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import textwrap
import urllib.request
from pathlib import Path

import pytest
from stack import Stack, Unix, wait_until
from waiting import PATIENCE

from xacct.sandbox.files import free_port


@pytest.fixture
def stack(tmp_path):
    with Stack(tmp_path) as stack:
        yield stack


def ctl(stack, *words, **options):
    command = [sys.executable, "-m", "xacct.ctl", *words]
    return subprocess.run(
        command, env=stack.env, capture_output=True, text=True, timeout=60, check=False,
        **({} if "input" in options else {"stdin": subprocess.DEVNULL}), **options,
    )  # fmt: skip


def after_a_reload(stack):
    """The pid of the daemon that took over."""
    pid = stack.api("POST", "/v1/succeed")["pid"]
    wait_until(lambda: stack.daemon.poll() is not None, what="the successor's turn")
    return pid


def test_a_reload_leaves_a_daemon_that_can_be_reached(stack):
    """Python 3.13 removes a Unix socket's path when its server closes: the successor's, too."""
    pid = after_a_reload(stack)
    assert stack.api("GET", "/v1/version")["pid"] == pid
    assert ctl(stack, "stop").returncode == 0
    wait_until(lambda: not stack.socket.exists(), what="the end, which takes its socket along")


def test_without_a_free_descriptor_it_ends_when_told_to_and_reaches_its_end(stack):
    stack.login("prod")
    stack.grant("prod")
    pid = stack.daemon.pid
    used = max(int(entry.name) for entry in Path(f"/proc/{pid}/fd").iterdir()) + 1
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used, used))
    stack.daemon.terminate()
    assert stack.daemon.wait(PATIENCE) == 0  # 1 is what `_end_at_last` ends with


@pytest.mark.parametrize("how", ["removed", "moved", "something else", "directory emptied"])
def test_a_control_socket_that_vanished_is_made_anew(stack, how):
    stack.login("prod")
    if how == "removed":
        stack.socket.unlink()
    elif how == "moved":
        stack.socket.rename(stack.socket.with_name("old.sock"))
    elif how == "something else":
        stack.socket.unlink()
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(stack.socket))
    else:
        for file in stack.socket.parent.iterdir():
            if not file.is_dir():
                file.unlink()
        wait_until(stack.socket.exists, what="the socket")  # without its lock's file nobody can know of it meanwhile
    done = ctl(stack, "status")
    assert (done.returncode, done.stderr) == (0, "")
    assert "held" in done.stdout
    wait_until(stack.socket.exists, what="the socket")
    assert stack.api("GET", "/v1/version")["pid"] == stack.daemon.pid
    assert (stack.socket.parent / "xacctd.lock").read_text() == f"{stack.daemon.pid}\n"
    second = subprocess.run(
        [sys.executable, "-m", "xacct.daemon"], env=stack.env, capture_output=True, text=True, check=False
    )
    assert "running already" in second.stderr


def test_stop_status_start_and_doctor_agree_on_a_daemon_without_a_socket(stack):
    os.kill(stack.daemon.pid, signal.SIGSTOP)  # it can't make it anew
    stack.socket.unlink()
    pid = str(stack.daemon.pid)
    for words in (["--no-start", "status"], ["lock"], ["--no-start", "doctor"], ["logout", "--all"], ["reload"]):
        done = ctl(stack, *words)
        assert done.returncode != 0, words
        assert f"pid {pid}" in done.stdout + done.stderr, (words, done.stdout, done.stderr)
        assert "not running" not in done.stdout + done.stderr, words
    os.kill(stack.daemon.pid, signal.SIGCONT)
    done = ctl(stack, "start")
    assert (done.returncode, f"pid {pid}" in done.stderr + done.stdout) == (0, True)


def test_stop_ends_a_daemon_that_does_not_answer(stack):
    stack.socket.unlink()
    done = ctl(stack, "stop")
    assert done.returncode == 0
    wait_until(lambda: stack.daemon.poll() is not None, what="its end")
    assert "not running" in ctl(stack, "stop").stdout


def test_the_end_of_an_exec_starts_no_daemon(stack):
    stack.login("prod")
    script = (
        f"import os, signal, time; os.kill({stack.daemon.pid}, signal.SIGTERM)\n"
        f"while os.path.exists({str(stack.socket)!r}): time.sleep(0.01)"
    )
    done = ctl(stack, "exec", "prod", "--", sys.executable, "-c", script)
    assert done.returncode == 0
    wait_until(lambda: stack.daemon.poll() is not None, what="its end")
    assert "not running" in ctl(stack, "--no-start", "status").stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_daemon_starts_with_no_signal_blocked(tmp_path, number):
    with Stack(tmp_path, daemon=False) as stack:
        blocked = textwrap.dedent("""
            import os, signal, sys
            signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
            os.execv(sys.executable, [sys.executable, "-m", "xacct.daemon"])
        """)
        stack.daemon = stack._spawn(["-c", blocked], stack.env, "daemon.log")
        wait_until(stack._answers, what="the daemon")
        stack.daemon.send_signal(number)
        stack.daemon.wait(PATIENCE)


def test_a_second_daemon_in_an_emptied_directory_is_the_only_one_soon(stack):
    for file in stack.socket.parent.iterdir():
        if not file.is_dir():
            file.unlink()
    stack.env["XACCT_PORT"] = "0"
    both = [stack.daemon, stack._spawn(["-m", "xacct.daemon"], stack.env, "second.log")]
    try:
        # Whichever has the lock: the first if it looks in time, and makes it anew.
        [left] = wait_until(lambda: len(found := [one for one in both if one.poll() is None]) == 1 and found)
        wait_until(stack.socket.exists, what="the socket")
        assert stack.api("GET", "/v1/version")["pid"] == left.pid
    finally:
        both[1].terminate()
        both[1].wait(PATIENCE)


@pytest.mark.parametrize("way", ["reload", "kill"])
def test_what_was_revoked_while_nothing_could_be_written_stays_revoked(stack, way):
    stack.login("prod")
    revoked, kept = stack.grant("prod"), stack.grant("prod")
    store = Path(stack.env["XDG_STATE_HOME"]) / "xacct"
    wait_until(lambda: kept["id"] in (store / "grants.json").read_text(), what="the file")
    away = store.with_name("away")
    store.rename(away)
    store.write_text("")
    stack.api("DELETE", f"/v1/grants/{revoked['id']}")
    assert any("can't be kept" in note and "stays revoked" in note for note in stack.status()["notes"])
    store.unlink()
    away.rename(store)
    assert revoked["id"] in (store / "grants.json").read_text(), "as it was before"
    if way == "reload":
        pid = after_a_reload(stack)
    else:
        stack.kill()
        stack.start()
        pid = stack.daemon.pid
    try:
        assert [grant["id"] for grant in stack.api("GET", "/v1/grants")["grants"]] == [kept["id"]]
        wait_until(lambda: revoked["id"] not in (store / "grants.json").read_text(), what="the file's mending")
    finally:
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not stack.socket.exists(), what="the end")


@pytest.mark.parametrize("required", [False, True])
def test_what_verbs_say_is_true_while_the_state_directory_can_t_be_written(tmp_path, required):
    settings = f"[audit]\nrequired = {str(required).lower()}\n"
    with Stack(tmp_path, settings=settings) as stack:
        stack.login("prod", "staging")
        grant = stack.grant("prod")
        store = Path(stack.env["XDG_STATE_HOME"]) / "xacct"
        away = store.with_name("away")
        store.rename(away)
        store.write_text("")

        def said(*words, **options):
            done = ctl(stack, *words, **options)
            return done.returncode, done.stdout + done.stderr

        assert said("grants", "revoke", grant["id"]) == (0, f"Revoked {grant['id']}: prod, for test.\n")
        assert said("lock") == (0, "Locked: nothing is handed out until xacctctl unlock.\n")
        assert said("process", "prod")[0] == 4
        assert said("unlock") == (0, "Unlocked.\n")
        status, words = said("process", "prod")
        assert ("can't be written" in words, status) == (required, int(required))
        effect = "Nothing is served." if required else "What is served meanwhile is not in it."
        assert effect in said("status")[1]
        assert said("doctor")[0] == 1
        assert said("logout", "prod") == (0, "Let go: prod.\n")
        assert said("process", "prod") == (4, "xacctctl: You are logged out of prod.\n  hint: xacctctl login prod\n")
        assert said("logout", "--all") == (0, "Let go: central, staging.\n")
        store.unlink()
        away.rename(store)
        assert said("login", "prod", "--code", "-", input=stack.code())[0] == 0
        assert said("process", "prod")[0] == 0
        wait_until(lambda: said("grants")[0] == 0 and "can't be" not in said("status")[1], what="another try")


def test_without_a_descriptor_to_spare_a_restart_is_refused_in_a_sentence(stack):
    with contextlib.closing(Unix(stack.socket)) as connection:
        connection.connect()
        wait_until(lambda: stack.api("GET", "/v1/version"), what="the connection's place")
        pid = stack.daemon.pid
        used = max(int(entry.name) for entry in Path(f"/proc/{pid}/fd").iterdir()) + 1
        _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (used, hard))
        try:
            with contextlib.suppress(OSError):
                connections = [socket.socket(socket.AF_UNIX) for _ in range(20)]
                for one in connections:
                    one.connect(str(stack.socket))
            connection.request("POST", "/v1/succeed")
            answer = connection.getresponse()
            error = json.loads(answer.read())["error"]
            assert (answer.status, error["code"]) == (503, "temporary")
            assert "Too many open files" in error["sentence"]
        finally:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (hard, hard))
            for one in connections:
                one.close()
    assert stack.api("GET", "/v1/version")["pid"] == pid


def test_many_connections_at_the_control_socket_leave_the_endpoint_its_places_and_are_told_of(stack):
    stack.login("prod")
    environment = stack.grant("prod")
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    connections = []
    try:
        for _ in range(600):
            one = socket.socket(socket.AF_UNIX)
            connections.append(one)
            one.connect(str(stack.socket))
        wait_until(lambda: "all places taken" in stack.log(), what="the bound")
        request = urllib.request.Request(environment["urls"]["prod"], headers={"Authorization": environment["token"]})
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 200
    finally:
        for one in connections:
            one.close()
    assert any("places at the control socket" in note for note in wait_until(lambda: notes(stack), what="an answer"))


FEW = 256
"""Descriptors that the daemon below may have."""


@pytest.fixture
def small(tmp_path):
    """A daemon that may have FEW descriptors, with an IMDS port and one for containers."""
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nulimit -n {FEW}\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    ports = {"imds": free_port(), "containers": free_port()}
    settings = f"[imds]\nroles = {{ {ports['imds']} = 'staging' }}\n[containers]\nport = {ports['containers']}\n"
    with Stack(tmp_path / "stack", settings=settings, python=str(python)) as stack:
        stack.ports = ports
        yield stack


@pytest.mark.parametrize("listener", ["imds", "containers"])
def test_many_connections_at_another_listener_leave_the_endpoint_its_places_and_are_told_of(small, listener):
    small.login("prod")
    environment = small.grant("prod")
    small.grant("prod", where="container")
    connections = []
    try:
        connections += [
            socket.create_connection(("127.0.0.1", small.ports[listener]), timeout=PATIENCE) for _ in range(FEW + 50)
        ]
        wait_until(lambda: "all places taken" in small.log(), what="the bound")
        descriptors = Path(f"/proc/{small.daemon.pid}/fd")
        wait_until(lambda: len(os.listdir(descriptors)) < FEW * 3 // 4, what="room")  # noqa: PTH208
        for _ in range(20):
            request = urllib.request.Request(
                environment["urls"]["prod"], headers={"Authorization": environment["token"]}
            )
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                assert answer.status == 200
        told = {"imds": "IMDS ports", "containers": "listeners for containers"}[listener]
        assert any(told in note for note in small.status()["notes"])
    finally:
        for one in connections:
            one.close()
    assert "Too many open files" not in small.log()


def notes(stack):
    try:
        return stack.status()["notes"]
    except (OSError, http.client.HTTPException):
        return None


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_log_that_can_t_be_written_costs_nothing_but_its_lines(tmp_path):
    """A full disk under the log: each line that was logged used to break what it was about."""
    with Stack(tmp_path, daemon=False) as stack:
        (tmp_path / "daemon.log").symlink_to("/dev/full")
        stack.log = lambda: "not written"  # what can be read there has no end
        stack.start()
        stack.login("prod", "staging")
        grant = stack.grant("prod")["id"]
        for words, said in (
            (("lock",), "Locked: nothing is handed out until xacctctl unlock.\n"),
            (("unlock",), "Unlocked.\n"),
            (("exec", "prod", "--", "true"), ""),
            (("grants", "revoke", grant), f"Revoked {grant}: prod, for test.\n"),
            (("logout", "prod"), "Let go: prod.\n"),
        ):
            done = ctl(stack, *words)
            assert (done.returncode, done.stdout, done.stderr) == (0, said, "")
        assert [event["event"] for event in stack.api("POST", "/v1/credentials", {"role": "open"})][-2:] == [
            "credentials",
            "done",
        ]
        after_a_reload(stack)
        assert stack.daemon.returncode == 0
        assert stack.status("staging")["state"] == "held"
        assert ctl(stack, "stop").returncode == 0
