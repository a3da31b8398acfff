"""The control API with a small keeper behind it, over a real Unix socket."""

import asyncio
import json
import os
import shutil
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import uvloop
from control_shapes import wrong_answer
from lone_daemon import lone_daemon
from small_keeper import FakeSts, small_keeper
from virtual_time import clock

from xacct import wire
from xacct.clock import AwsClock
from xacct.control.about import About
from xacct.control.api import Api
from xacct.control.server import ControlServer
from xacct.credentials.service import CredentialService
from xacct.grants.grants import Grants
from xacct.host.unix_sockets import bind

__all__ = ["clock"]

PATIENCE = 3600
"""Virtual seconds after which an event that does not come fails the test: heart beats alone go on for ever."""


@pytest.hookimpl(optionalhook=True)
def pytest_asyncio_loop_factories(item):
    """The daemon's loop; where it is about connections and sockets, asyncio's, too."""
    asyncios = {"asyncio": asyncio.new_event_loop} if item.path.name == "test_server.py" else {}
    return asyncios | {"uvloop": uvloop.new_event_loop}


class Stream:
    """The lines of a streaming answer, as they come."""

    def __init__(self, response):
        self.response = response

    async def next(self, event=None):
        """The next event, or the next of one kind."""
        async with asyncio.timeout(PATIENCE):
            while line := await self.response.content.readline():
                if line.strip():
                    got = json.loads(line)
                    if event in (None, got["event"]):
                        return got
        return None

    async def rest(self):
        async with asyncio.timeout(PATIENCE):
            return [json.loads(line) async for line in self.response.content if line.strip()]


class Control:
    """A control server and a client of it."""

    def __init__(self, clock, directory):
        self.clock = clock
        self.path = directory / "control.sock"
        self.aws_clock = AwsClock(clock.read)
        self.sts = FakeSts(self.aws_clock)
        self.keeper = small_keeper(self.sts)
        self.broker = self.keeper.broker
        (directory / "tokens").mkdir()
        self.grants = Grants(
            directory / "tokens",
            None,
            self.aws_clock.now,
            lambda pid: "now" if pid == 7 else None,
            lives=lambda root: root.pid in (7, os.getpid()),
        )
        self.problems = []
        self.outdated = False
        self.imds = {}
        self.called = []
        self.in_time = True
        self.code_changed = False
        self.daemon = lone_daemon(
            endpoint_url="http://127.0.0.1:9477",
            problems=lambda: self.problems,
            read_changed=self.refresh,
            reload=self.reload,
            outdated=lambda: self.outdated,
            stop=lambda: self.called.append("stop"),
            about=About(
                "/usr/bin/python3",
                "/usr/lib/xacct",
                lambda: self.code_changed,
                lambda: self.code_changed,
                clock.wall,
                lambda: ("dialog",),
            ),
            succeed=self.succeed,
            imds=lambda: self.imds,
        )

    async def refresh(self, _files):
        self.called.append("refresh")
        return self.in_time

    async def reload(self):
        self.called.append("reload")
        return self.problems

    async def succeed(self):
        self.called.append("succeed")
        return 4712

    @asynccontextmanager
    async def serving(self):
        self.api = Api(CredentialService(self.keeper), self.grants, self.daemon)
        application = self.api.application()
        server = ControlServer(application, bind(self.path), self.path)
        await server.start()
        timeout = aiohttp.ClientTimeout(total=None)
        try:
            async with aiohttp.ClientSession(
                "http://xacct", connector=aiohttp.UnixConnector(str(self.path)), timeout=timeout
            ) as self.client:
                yield self
        finally:
            await server.close()
            await self.keeper.close()

    def use_containers(self, containers):
        """From now on these are the listeners for containers."""
        self.daemon.containers = self.api.granting.containers = containers

    async def call(self, method, path, body=None, *, raw=None, **options):
        """One exchange: status and JSON."""
        data = raw if body is None else json.dumps(body)
        async with self.client.request(method, path, data=data, **options) as response:
            assert response.headers["Xacct-Api"] == str(wire.API), "an answer without our version"
            answer = await response.json()
            assert response.status != 200 or wrong_answer(method, path, answer) is None
            return response.status, answer

    async def get(self, path):
        status, answer = await self.call("GET", path)
        assert status == 200, answer
        return answer

    async def post(self, path, **body):
        status, answer = await self.call("POST", path, body)
        assert status == 200, answer
        return answer

    async def refused(self, method, path, body=None, **options):
        """Status and error of an exchange that fails as documented."""
        status, answer = await self.call(method, path, body, **options)
        assert status >= 400
        assert set(answer) == {"error"}
        assert set(answer["error"]) == {"code", "category", "sentence", "hint"}
        return status, answer["error"]

    @asynccontextmanager
    async def stream(self, path, method="POST", **body):
        data = json.dumps(body) if method == "POST" else None
        async with self.client.request(method, path, data=data) as response:
            assert response.headers["Xacct-Api"] == str(wire.API)
            assert response.headers["Content-Type"] == "application/x-ndjson"
            yield Stream(response)

    async def login(self, *roles, code="123456", **more):
        """All events of a login with a code given along."""
        async with self.stream("/v1/login", roles=list(roles), code=code, attend=False, **more) as events:
            return await events.rest()


@pytest.fixture
def short_path():
    """A directory whose path leaves room for a socket's name, which is 107 bytes at most."""
    directory = tempfile.mkdtemp(prefix="x-")
    yield Path(directory)
    shutil.rmtree(directory)


@pytest.fixture
def control(clock, short_path):
    return Control(clock, short_path)
