"""The listeners for containers: when they are open, where, and by what names they go."""

import asyncio
import socket
import tempfile
from pathlib import Path

import pytest
from waiting import until

from xacct import errors
from xacct.endpoint import answers
from xacct.endpoint.container_listeners import Containers, Route
from xacct.endpoint.server import Endpoint, bind

SECRET = answers.whole(answers.OK, b"the secret")


class Yard:
    """Places that a test opens and closes."""

    def __init__(self):
        self.wanted = True
        self.port = 0
        self.marks = {"a": 1}
        self.failing = None
        self.made = []
        self.containers = Containers("169.254.170.2", 9479, self.places, lambda: self.wanted)

    def places(self):
        return [Route(name, mark, self.bind, self.make) for name, mark in self.marks.items()]

    def bind(self):
        if self.failing:
            raise self.failing
        listener = bind(self.port)
        self.port = listener.getsockname()[1]
        return listener

    def make(self):
        self.made.append(Endpoint(lambda _: SECRET, lambda: 0.0))
        return self.made[-1]


@pytest.fixture
async def yard():
    yard = Yard()
    yield yard
    await yard.containers.close()
    for endpoint in yard.made:  # one that was left open would keep uvloop from closing
        await endpoint.close()


async def ask(port, host, path=None):
    opened = asyncio.open_unix_connection(path) if path else asyncio.open_connection("127.0.0.1", port)
    reader, writer = await opened
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n")
    said = await reader.read()
    writer.close()
    return said


async def is_closed(port):
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return True
    writer.close()
    return False


async def test_nothing_listens_while_nobody_wants_it(yard):
    yard.wanted = False
    await yard.containers.settle()
    assert yard.containers.listening == []
    yard.wanted = True
    await yard.containers.settle()
    assert yard.containers.listening == ["a"]
    assert not await is_closed(yard.port)
    yard.wanted = False
    await yard.containers.settle()
    assert yard.containers.listening == []
    assert await is_closed(yard.port)


@pytest.mark.parametrize("host", [b"169.254.170.2:9479", b"169.254.170.2", b"169.254.170.23:9479", b"169.254.170.23"])
async def test_its_names_are_those_that_sdks_may_call(yard, host):
    await yard.containers.settle()
    assert await ask(yard.port, host) == SECRET


@pytest.mark.parametrize("host", [b"127.0.0.1:9479", b"localhost", b"169.254.170.2:80", b"172.17.0.1:9479", b"evil"])
async def test_by_no_other_name(yard, host):
    await yard.containers.settle()
    assert await ask(yard.port, host) == answers.NO_GRANT


async def test_a_place_that_has_become_another_is_opened_anew(yard):
    await yard.containers.settle()
    await yard.containers.settle()
    assert len(yard.made) == 1
    yard.marks["a"] = 2
    await yard.containers.settle()
    assert len(yard.made) == 2
    assert not await is_closed(yard.port)


@pytest.mark.parametrize(
    ("failing", "why"),
    [
        (PermissionError(1, "Operation not permitted"), "Operation not permitted"),
        (errors.StartupFailed("It is taken.", ""), "It is taken."),
    ],
)
async def test_what_cannot_be_opened_is_said_and_tried_again(yard, failing, why):
    yard.failing = failing
    await yard.containers.settle()
    assert (yard.containers.listening, yard.containers.troubles) == ([], {"a": why})
    yard.failing = None
    yard.containers.look()
    await until(lambda: yard.containers.listening, "its opening")
    assert (yard.containers.listening, yard.containers.troubles) == (["a"], {})


async def test_over_a_unix_socket(yard):
    with tempfile.TemporaryDirectory(prefix="x-") as directory:
        path = str(Path(directory) / "s")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.setblocking(False)
        yard.bind = lambda: listener
        await yard.containers.settle()
        assert await ask(0, b"169.254.170.2:9479", path) == SECRET
        assert await ask(0, b"xacct", path) == answers.NO_GRANT
        await yard.containers.close()
