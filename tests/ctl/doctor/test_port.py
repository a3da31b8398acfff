"""The port: ours, another program's, free, or behind something. Over real sockets."""

import os
import socket
import threading
import time
from contextlib import contextmanager, suppress

import pytest

from xacct.ctl.doctor import port
from xacct.ctl.doctor.holder import holder
from xacct.ctl.doctor.port import CHECKS
from xacct.endpoint import answers
from xacct.sandbox.files import free_port


@contextmanager
def listening(answer=answers.NO_GRANT, *, stay=False):
    """Something on a port of its own that gives everybody one answer; `stay`: and waits for more, as xacctd does."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(4096)
                    with suppress(ConnectionError):
                        connection.sendall(answer)
                        if stay:
                            connection.recv(4096)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


@pytest.fixture
def free():
    return free_port()


def at(stage, number, *, running):
    stage.environ["XACCT_PORT"] = "1" if running else str(number)
    if running:
        stage.running(version={"endpoint": f"http://127.0.0.1:{number}"})


def test_ours_answers_and_is_not_waited_for(stage, monkeypatch):
    monkeypatch.setattr(port, "PATIENCE", 600)
    with listening(stay=True) as number:
        at(stage, number, running=True)
        began = time.monotonic()
        assert stage.found(CHECKS) == {"endpoint-port": "ok", "endpoint-proxy": "ok"}
        assert time.monotonic() - began < 300


def test_what_never_ends_is_not_read_to_its_end():
    with listening(b"\r\n\r\n" + b"x" * 1_000_000) as number:
        _, body = port.ask(number)
    assert 0 < len(body) < 100_000


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200 OK\r\n\r\n<html>", b""])
def test_another_program_answers(stage, answer):
    with listening(answer) as number:
        at(stage, number, running=True)
        assert stage.found(CHECKS) == {"endpoint-port": "broken", "endpoint-proxy": "skipped"}
        assert f"(pid {os.getpid()})" in stage.sentences(CHECKS, "endpoint-port")[0]


def test_the_daemon_listens_and_is_not_to_be_reached(stage, free):
    at(stage, free, running=True)
    assert stage.found(CHECKS) == {"endpoint-port": "broken", "endpoint-proxy": "skipped"}
    assert "can't be reached there" in stage.sentences(CHECKS, "endpoint-port")[0]


def test_the_endpoint_does_not_listen(stage):
    stage.running(version={"endpoint": None})
    assert stage.found(CHECKS) == {"endpoint-port": "broken"}


def test_something_between_gives_itself_away(stage):
    with listening(answers.NO_GRANT.replace(b"Content-Type", b"Via: 1.1 squid\r\nContent-Type", 1)) as number:
        at(stage, number, running=True)
        assert stage.found(CHECKS) == {"endpoint-port": "ok", "endpoint-proxy": "warning"}
        assert "it adds via." in stage.sentences(CHECKS, "endpoint-proxy")[0]


def test_without_a_daemon_the_port_is_free(stage, free):
    at(stage, free, running=False)
    assert stage.found(CHECKS) == {"endpoint-port": "ok", "endpoint-proxy": "skipped"}


@pytest.mark.parametrize(
    ("answer", "sentence"), [(answers.NO_GRANT, "not the one of this control"), (b"x", "can't start")]
)
def test_without_a_daemon_the_port_is_taken(stage, answer, sentence):
    with listening(answer) as number:
        at(stage, number, running=False)
        assert stage.found(CHECKS)["endpoint-port"] == "broken"
        (said,) = stage.sentences(CHECKS, "endpoint-port")
        assert sentence in said
        assert f"(pid {os.getpid()})" in said


@pytest.mark.parametrize("answer", [answers.NO_GRANT, b"x"])
def test_a_program_that_we_may_not_look_at(stage, monkeypatch, answer):
    monkeypatch.setattr(port, "holder", lambda *_: None)
    with listening(answer) as number:
        at(stage, number, running=False)
        assert stage.sentences(CHECKS, "endpoint-port")[0].startswith("A program of another user has port ")


def test_the_port_that_a_daemon_would_take(stage):
    assert port.configured(stage.scene()) == 9477
    settings = stage.scene().settings
    settings.parent.mkdir()
    for text, expected in (("[daemon]\nport = 9500\n", 9500), ("daemon = 3\n", 9477), ("[daemon", 9477)):
        settings.write_text(text)
        assert port.configured(stage.scene()) == expected
    stage.environ["XACCT_PORT"] = "9600"
    assert port.configured(stage.scene()) == 9600
    stage.environ["XACCT_PORT"] = "x"
    assert port.configured(stage.scene()) == 9477


def test_who_has_a_port(stage, free):
    with listening() as number:
        assert holder(stage.scene(), number).endswith(f"(pid {os.getpid()})")
    assert holder(stage.scene(), free) is None


def test_who_only_calls_has_no_port(stage):
    with listening() as number, socket.create_connection(("127.0.0.1", number)) as caller:
        assert holder(stage.scene(), caller.getsockname()[1]) is None


def test_who_has_a_port_on_macos(stage):
    stage.more["platform"] = "darwin"
    assert holder(stage.scene(), 9477) is None
    stage.program("lsof", "echo p4711; echo cnginx; echo f6")
    assert holder(stage.scene(), 9477) == "nginx (pid 4711)"
