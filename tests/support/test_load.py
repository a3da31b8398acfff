"""The load counts every failure, under its name, and finds out who waited for what."""

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest
from load_report import Event, Load, Report, Request
from waiting import PATIENCE, wait_until

BODY = b'{"AccessKeyId": "A", "SecretAccessKey": "S", "Token": "T", "Expiration": "2030-01-01T00:00:00Z"}'
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
ANSWERS = {
    "ok": WHOLE,
    "reset": WHOLE[:-20],
    "status 403": b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\n{}",
    "no credentials": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "held": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
}
"""What the load calls an answer -> the answer; a connection ends with anything but ok."""


class Server:
    """An endpoint that misbehaves as told: `turns` are the names of answers, request by request, again and again."""

    def __init__(self, *turns, kept=1000):
        self.turns = turns
        self.kept = kept  # requests that one connection gets answered before it is closed without a word
        self.answered = Counter()
        self.loop = asyncio.new_event_loop()
        self.server = None
        self._thread = threading.Thread(target=self.loop.run_forever)

    def __enter__(self):
        self._thread.start()
        self.server = self._do(asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1000))
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_):
        self._do(self._stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    def stalled(self, seconds):
        """Nobody is answered for so long."""
        done = threading.Event()
        self.loop.call_soon_threadsafe(lambda: (time.sleep(seconds), done.set()))
        done.wait(PATIENCE)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/v1/credentials/prod"

    def _do(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(PATIENCE)

    async def _stop(self):
        self.server.close()
        await self.server.wait_closed()

    async def _serve(self, reader, writer):
        try:
            for _ in range(self.kept):
                await reader.readuntil(b"\r\n\r\n")
                name = self.turns[self.answered.total() % len(self.turns)]
                self.answered[name] += 1
                writer.write(ANSWERS[name])
                if name != "ok":
                    break
            else:
                await reader.readuntil(b"\r\n\r\n")  # asked once more, it says nothing and closes
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def load(self, *part):
        """A load on this server alone."""

        def spawn(*words):
            command = [sys.executable, str(Path(__file__).with_name("load.py")), *words]
            pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
            return subprocess.Popen(command, env=os.environ | self.environment, text=True, **pipes)

        return Load(spawn, [part])

    @property
    def environment(self):
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": self.url,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "token",
            "AWS_DEFAULT_REGION": "eu-central-1",
        }


@contextmanager
def loaded(server, *part, seconds=0.2, seen=lambda: True):
    """A load, until it has seen what the test needs: a busy machine may take its time to start it."""
    with server.load(*part) as load:
        load.ramp(0.4)
        yield load
        time.sleep(seconds)
        wait_until(seen, what="what the test needs")


FEW = ("raw", "--rate", "50", "--kept", "0")
RAW = ("raw", "--rate", "300", "--kept", "0")
KEPT = ("raw", "--rate", "1", "--kept", "20")


def test_each_answer_is_counted_under_its_name():
    with Server(*ANSWERS) as server:
        with loaded(server, *RAW, seen=lambda: set(server.answered) == set(ANSWERS)) as load:
            pass
        counted = {outcome: number for (_, outcome), number in load.report.counts().items()}
        assert counted == server.answered
    assert min(counted.values()) > 0
    assert len(load.report.failed) == sum(counted.values()) - counted["ok"]


def test_who_cannot_connect_was_refused():
    server = Server()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        server.port = taken.getsockname()[1]
        with loaded(server, *RAW) as load:
            pass
    server.loop.close()
    assert set(load.report.counts()) == {("raw", "refused")}
    assert len(load.report.failed) > 0


def test_a_wait_belongs_to_what_caused_it():
    with Server("ok") as server, loaded(server, *FEW) as load:
        answered = server.answered["ok"]
        wait_until(lambda: server.answered["ok"] > answered + 20, what="the load")
        with load.event("nothing"):
            pass
        time.sleep(0.2)
        with load.event("stall"):
            server.stalled(1.5)
        answered = server.answered["ok"]
        wait_until(lambda: server.answered["ok"] > answered + 120, what="the load after the stall")
        with load.event("nothing"):
            pass
    before, stall, after = load.report.events
    assert load.report.longest(stall, "raw") > 1.4
    assert load.report.longest(before, "raw") < 1.3
    assert load.report.longest(after, "raw") < 1.3
    assert max(load.report.baseline("raw")) < 1.3
    assert not load.report.failed
    assert "longest raw wait at each stall" in str(load.report)


def test_a_kept_connection_that_is_closed_between_two_requests_is_opened_anew():
    with Server("ok", kept=3) as server, loaded(server, *KEPT, seen=lambda: server.answered["ok"] > 120) as load:
        pass
    counts = load.report.counts()
    assert counts["kept", "ok again"] > 0
    assert not load.report.failed


def test_a_kept_connection_that_is_cut_within_an_answer_has_failed():
    with Server("ok", "reset") as server, loaded(server, *KEPT, seen=lambda: server.answered["reset"] > 0) as load:
        pass
    counts = load.report.counts()
    assert counts["kept", "reset"] + counts["raw", "reset"] == server.answered["reset"] > 0
    assert counts["kept", "ok again"] == 0


def test_an_sdk_that_gets_no_credentials_has_failed(monkeypatch):
    monkeypatch.setattr(Server, "url", "http://192.0.2.1/")  # of no loopback address: boto3 refuses at once
    with Server("ok") as server, loaded(server, "boto3", "--loops", "2", "--pause", "0.1") as load:
        pass
    assert len(load.report.failed) == len(load.report.requests) > 0
    assert "ValueError: Unsupported host '192.0.2.1'" in load.report.failed[0].outcome


def test_only_raw_requests_under_way_are_excused_at_a_kill():
    def request(start, outcome="reset", kind="raw"):
        return Request(kind, start, 0.1, outcome)

    excused = [request(9.95), request(10.05), request(9.95, kind="kept")]
    failed = [request(9.5), request(10.5), request(9.95, "refused"), request(9.95, kind="boto3"), request(19.95)]
    events = [Event("kill", 10.0, 10.1), Event("restart", 20.0, 20.1)]
    report = Report([*excused, *failed, request(9.95, "ok")], events, begin=0.0)
    assert report.died_at("kill") == excused
    assert report.died_at("restart") == [failed[-1]]
    assert len(report.failed) == 8


def test_a_load_ends_with_a_test_that_breaks():
    started = []
    with Server("ok") as server, pytest.raises(ZeroDivisionError), loaded(server, *RAW) as load:
        started = load.processes
        1 / 0  # noqa: B018
    assert [process.poll() is not None for process in started] == [True]
