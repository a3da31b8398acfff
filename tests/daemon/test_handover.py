"""A new daemon in the place of a running one, while something goes wrong at each step of it: one serves, always."""

import asyncio
import contextlib
import errno
import http.client
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from stack import Stack, Unix, wait_until
from waiting import PATIENCE

from xacct.daemon import takeover
from xacct.daemon.run import Run

SOURCE = Path(__file__).parents[2] / "src"

SLOWLY = (
    "listener = self._listener(inherited, port)",
    (
        "listener = self._listener(inherited, port); open(__file__ + '.slow', 'w').close(); import os as o, time as t; "
        "[t.sleep(0.02) for _ in range(500) if not o.path.exists(__file__ + '.go')]"
    ),
)
"""A successor that has been handed all, says so, and goes on to serve once it is let."""

STUCK_AT_LAST = ("listener = self._listener(inherited, port)", "__import__('time').sleep(600)")
STUCK_AT_FIRST = ("def main(argv", "__import__('time').sleep(600)\n\n\ndef main(argv")


class Place(Stack):
    """A sandbox, and a daemon from a copy of the code, which may change before its successor is started."""

    def __init__(self, directory):
        super().__init__(directory / "stack", daemon=False)
        self.source = directory / "code"
        subprocess.run(["cp", "-r", str(SOURCE), str(self.source)], check=True)

    def __enter__(self):
        super().__enter__()
        self.env["PYTHONPATH"] = str(self.source)
        self.start("--port", self.env["XACCT_PORT"])
        self.login("prod")
        self.token = self.grant("prod")["token"]
        return self

    def __exit__(self, *_):
        for pid in self.daemons():
            if pid != self.daemon.pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        super().__exit__()

    def change(self, file, change):
        path = self.source / "xacct" / file
        text = path.read_text()
        assert change[0] in text
        path.write_text(text.replace(*change, 1))

    def daemons(self):
        """The daemons of this place, of which every other has another port."""
        marks = {b"xacct.daemon", b"--port", self.env["XACCT_PORT"].encode()}
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                pid, arguments = int(entry.name), (entry / "cmdline").read_bytes().split(b"\0")
                if marks <= set(arguments) and (entry / "stat").read_text().rpartition(")")[2].split()[0] != "Z":
                    found.append(pid)
        return found

    def successor(self):
        """The pid of the second process, once there is one that has left its parent."""
        return wait_until(
            lambda: next((pid for pid in self.daemons() if pid != self.daemon.pid and _sid(pid) != pid), None),
            what="a successor",
        )

    def ask_for_a_successor(self):
        """A connection that has asked for one, and can hang up."""
        asking = Unix(self.socket)
        asking.request("POST", "/v1/succeed")
        return asking

    def one_serves(self):
        """Exactly one process is left in the end, and it serves what was held. Returns its pid."""
        pid = wait_until(self._settled, what="one daemon")
        assert self.fetch()[0] == 200
        return pid

    def _settled(self):
        """The pid of the only process, if it is the one that answers and has the lock."""
        found = self.daemons()
        with contextlib.suppress(OSError, http.client.HTTPException):
            answers = self.api("GET", "/v1/version")["pid"]
            lock = (self.socket.parent / "xacctd.lock").read_text()
            if found == [answers] == self.daemons() and lock == f"{answers}\n":
                return answers
        return None

    def fetch(self, connection=None):
        """(status, answer) of an SDK's request, over a connection of its own."""
        with connection or socket.create_connection(("127.0.0.1", self.port), 10) as there:
            self.send(there)
            status, body = read(there)
        return status, body

    def send(self, connection):
        connection.sendall(
            f"GET /v1/credentials/prod HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Authorization: {self.token}\r\n\r\n".encode()
        )


def read(connection):
    """(status, answer) of one answer; (0, None) where there is none."""
    answer = b""
    with contextlib.suppress(ConnectionError):
        while b"}" not in answer and (data := connection.recv(65536)):
            answer += data
    if not answer:
        return 0, None
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def _sid(pid):
    with contextlib.suppress(OSError):
        return os.getsid(pid)
    return pid


@pytest.fixture
def place(tmp_path):
    with Place(tmp_path) as place:
        yield place


def test_it_goes_on_when_whoever_asked_for_it_hangs_up(place):
    """In the very moment in which the state is under way: two daemons were left, each with half the truth."""
    place.change("daemon/run.py", SLOWLY)
    asking = place.ask_for_a_successor()
    successor = place.successor()
    wait_until(lambda: handed_over(place), what="the state's way")
    asking.close()
    let_go_on(place)
    assert place.one_serves() == successor


@pytest.mark.parametrize("moment", [0.0, 0.002, 0.1, 0.3, 0.6])
def test_one_serves_whenever_whoever_asked_hangs_up(place, moment):
    asking = place.ask_for_a_successor()
    time.sleep(moment)
    asking.close()
    time.sleep(1.0)  # whether there is a successor, where it was asked for so shortly, is anybody's guess
    place.one_serves()


def handed_over(place):
    """Whether the successor has been handed all, where it is SLOWLY: nothing may be changed meanwhile."""
    return (place.source / "xacct/daemon/run.py.slow").exists()


def let_go_on(place):
    (place.source / "xacct/daemon/run.py.go").touch()


@pytest.mark.parametrize(
    ("victim", "number", "left"),
    [
        ("predecessor", signal.SIGKILL, "successor"),
        ("successor", signal.SIGKILL, "predecessor"),
        ("successor", signal.SIGTERM, "predecessor"),
        ("predecessor", signal.SIGTERM, None),
    ],
)
def test_one_serves_whoever_is_ended_while_the_state_is_under_way(place, victim, number, left):
    place.change("daemon/run.py", SLOWLY)
    asking = place.ask_for_a_successor()
    pids = {"predecessor": place.daemon.pid, "successor": place.successor()}
    wait_until(lambda: handed_over(place), what="the state's way")
    os.kill(pids[victim], number)
    let_go_on(place)
    if victim == "predecessor":
        place.daemon.wait(PATIENCE)
    asking.close()
    if left is None:
        wait_until(lambda: not place.daemons(), what="the end of both")
    else:
        assert place.one_serves() == pids[left]


@pytest.fixture
def hasty(tmp_path):
    place = Place(tmp_path)
    place.change("daemon/handover.py", ("READY_PATIENCE = 20.0", "READY_PATIENCE = 2.0"))
    with place:
        yield place


def test_a_successor_that_hangs_while_it_starts_is_ended_and_the_old_one_goes_on(hasty):
    goes_on(hasty, "daemon/__main__.py", STUCK_AT_FIRST)


def test_a_successor_that_hangs_when_it_should_serve_is_ended_and_the_old_one_goes_on(place):
    goes_on(place, "daemon/run.py", STUCK_AT_LAST)


def goes_on(place, file, stuck):
    place.change(file, stuck)
    answer = place.api("POST", "/v1/succeed")
    assert "hung for" in answer["error"]["sentence"]
    assert "The old one goes on" in answer["error"]["sentence"]
    assert place.one_serves() == place.daemon.pid
    assert not zombies(place.daemon.pid)
    assert place.api("POST", "/v1/lock") == {"locked": True}, "and things can be changed again"


@pytest.mark.parametrize(
    ("file", "stuck"), [("daemon/run.py", STUCK_AT_LAST), ("daemon/__main__.py", STUCK_AT_FIRST)], ids=["last", "first"]
)
def test_stopped_while_a_successor_hangs_both_end(place, file, stuck):
    place.change(file, stuck)
    asking = place.ask_for_a_successor()
    wait_until(lambda: len(place.daemons()) > 1, what="a successor")
    time.sleep(0.5)
    place.daemon.terminate()
    place.daemon.wait(PATIENCE)
    wait_until(lambda: not place.daemons(), what="the end of both")
    asking.close()


def test_told_to_end_it_ends_whatever_hangs(place):
    place.kill()
    place.change("daemon/run.py", ("LAST = 8.0", "LAST = 0.3"))
    place.change("daemon/run.py", ('log.info("stopping"', '__import__("time").sleep(600), log.info("stopping"'))
    place.start("--port", place.env["XACCT_PORT"])
    place.daemon.terminate()
    assert place.daemon.wait(PATIENCE) == 1


def zombies(parent):
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            state, of, *_ = (entry / "stat").read_text().rpartition(")")[2].split()
            if state == "Z" and int(of) == parent:
                found.append(int(entry.name))
    return found


def test_connections_that_are_kept_alive_close_with_the_hand_over(place):
    """They were served on for a moment by the old daemon, whatever the new one was told: by one that was locked."""
    with socket.create_connection(("127.0.0.1", place.port), 10) as kept:
        place.send(kept)
        assert read(kept)[0] == 200
        pid = place.api("POST", "/v1/succeed")["pid"]
        kept.setblocking(False)  # now, and not once the old daemon has ended
        assert kept.recv(1) == b""
    assert place.api("POST", "/v1/lock") == {"locked": True}
    assert place.fetch()[0] == 403
    place.api("POST", "/v1/unlock")
    assert place.one_serves() == pid


def test_who_sends_a_request_slowly_keeps_no_successor_waiting_and_changes_nothing_behind_its_back(place):
    with socket.socket(socket.AF_UNIX) as slow:
        slow.connect(str(place.socket))
        slow.sendall(b"POST /v1/lock HTTP/1.1\r\nHost: xacct\r\nContent-Length: 2\r\n\r\n{")
        wait_until(lambda: place.api("GET", "/v1/version"), what="the daemon, which has read that by now")
        pid = place.api("POST", "/v1/succeed")["pid"]
        with contextlib.suppress(ConnectionError):
            slow.sendall(b"}")
            slow.settimeout(PATIENCE)
            answer = slow.recv(65536)
            assert b'"locked": true' not in answer
    assert place.one_serves() == pid, "unlocked, as was said"


def test_a_successor_is_hardened_before_it_is_handed_anything(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(takeover, "_leave_the_family", lambda: None)
    monkeypatch.setattr(takeover.hardening, "harden", lambda: ["no core dumps"])
    masks = []
    monkeypatch.setattr("os.umask", masks.append)  # it is the whole process's: other tests would have it too
    ours, theirs = socket.socketpair()
    successor = takeover.Takeover(theirs.detach())
    assert masks == [0o077]
    with ours, successor._channel:
        assert successor.refused == ["no core dumps"]
        ours.setblocking(False)
        with pytest.raises(BlockingIOError):
            ours.recv(1)


def test_without_a_free_descriptor_a_successor_goes_on(place):
    pid = place.api("POST", "/v1/succeed")["pid"]
    used = max(int(entry.name) for entry in Path(f"/proc/{pid}/fd").iterdir()) + 1
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used, hard))
    with contextlib.ExitStack() as stack:
        for _ in range(3 * used):  # nobody else may come to the endpoint, who would set it free
            stranger = stack.enter_context(socket.create_connection(("127.0.0.1", place.port)))
        stranger.settimeout(PATIENCE)
        with contextlib.suppress(ConnectionError):
            assert stranger.recv(1) == b""
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (hard, hard))
        assert place.api("GET", "/v1/version")["pid"] == pid


def test_an_open_prompt_is_said_to_be_in_the_way_and_waited_for(place):
    place.api("POST", "/v1/logout", {"all": True})
    asking = threading.Thread(
        target=lambda: place.api("POST", "/v1/login", {"roles": ["prod"], "attend": True}, timeout=60)
    )
    asking.start()
    [prompt] = wait_until(lambda: place.status()["prompts"], what="the prompt")
    answer = place.api("POST", "/v1/succeed")
    assert answer["error"]["code"] == "busy"
    assert "prod" in answer["error"]["sentence"]
    assert place.daemons() == [place.daemon.pid], "nobody is started only to wait"
    words = [sys.executable, "-m", "xacct.ctl", "restart"]
    with subprocess.Popen(words, env=place.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as reload:
        assert "prod. Waiting until that is over" in reload.stderr.readline()
        place.api("POST", f"/v1/prompts/{prompt['id']}", {"code": place.code()})
        asking.join(PATIENCE)
        assert "Restarted" in reload.stdout.read()
    assert reload.returncode == 0
    wait_until(lambda: place.daemon.poll() is not None, what="the successor's turn")
    assert place.fetch()[0] == 200


async def test_where_it_can_not_go_on_after_a_successor_that_failed_it_ends_instead_of_serving_nobody():
    """The service manager starts another, or the next command does: a daemon that stays paused is in their way."""

    def no_descriptor():
        raise OSError(errno.EMFILE, "Too many open files")

    app = SimpleNamespace(sign_lock=lambda: None, endpoint=SimpleNamespace(serve=None))
    manager = SimpleNamespace(alive=lambda: None)
    listeners = {"endpoint": SimpleNamespace(dup=no_descriptor)}
    run = SimpleNamespace(_app=app, _manager=manager, _listeners=listeners, _stop=asyncio.Event(), _paused=True)
    run._go_on = lambda: Run._go_on(run)
    await Run.resume(run)
    assert run._stop.is_set()
    assert run._paused, "until then nothing begins"
