"""The control socket: private at every instant, replaced only when stale, closed to every other user."""

import asyncio
import contextlib
import json
import os
import socket
import stat
import subprocess
import sys
import threading

import pytest
from aiohttp import web
from waiting import PATIENCE, until

from xacct import errors
from xacct.control import server
from xacct.control.server import ControlServer
from xacct.credentials.service import CredentialService
from xacct.host.seats import CONTROL
from xacct.host.unix_sockets import bind


@pytest.fixture
def path(short_path):
    return short_path / "control.sock"


@pytest.fixture
def umask():
    """A generous umask, to be found again afterwards."""
    before = os.umask(0o000)
    yield 0o000
    assert os.umask(before) == 0o000, "the umask was left behind"


def mode_of(path):
    return stat.S_IMODE(path.lstat().st_mode)


def test_the_socket_is_private_whatever_the_umask(path, umask):
    with bind(path):
        assert mode_of(path) == 0o600
        assert stat.S_ISSOCK(path.lstat().st_mode)


def test_the_socket_is_private_at_every_instant(path, umask):
    """Watched as closely as another thread can, through a few hundred births."""
    seen, done = set(), threading.Event()

    def watch():
        while not done.is_set():
            try:
                seen.add(mode_of(path))
            except FileNotFoundError:
                continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    for births in range(30_000):
        if births > 300 and seen:  # on a busy machine the watcher may see nothing of the first ones
            break
        bind(path).close()
    done.set()
    watcher.join()
    assert seen == {0o600}


def test_a_stale_socket_is_replaced(path):
    bind(path).close()
    stale = path.stat().st_ino
    with bind(path), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        assert (path.stat().st_ino, mode_of(path)) != (stale, None)


@pytest.mark.parametrize("kind", ["file", "directory", "symlink", "dangling symlink"])
def test_whatever_else_is_in_the_way_is_left_alone(path, umask, kind):
    if kind == "directory":
        path.mkdir()
    elif kind == "file":
        path.write_text("precious")
    else:
        target = path.with_name("target")
        if kind == "symlink":
            with socket.socket(socket.AF_UNIX) as other:
                other.bind(str(target))
        path.symlink_to(target)
    before = path.lstat()
    with pytest.raises(errors.StartupFailed, match="in the way"):
        bind(path)
    assert path.lstat() == before


def test_a_path_that_is_no_place_for_a_socket_is_said_in_a_sentence(path, umask):
    with pytest.raises(errors.StartupFailed, match="No such file"):
        bind(path.parent / "missing" / "control.sock")
    with pytest.raises(errors.StartupFailed, match="too long"):
        bind(path.parent / ("x" * 110))


async def serve(control, path):
    from xacct.control.api import Api  # noqa: PLC0415 - costly

    listener = bind(path)
    server = ControlServer(
        Api(CredentialService(control.keeper), control.grants, control.daemon).application(), listener, path
    )
    await server.start()
    return server


async def ask(path, raw=b"GET /v1/version HTTP/1.1\r\nHost: xacct\r\nConnection: close\r\n\r\n"):
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(raw)
    try:
        async with asyncio.timeout(PATIENCE):
            return await reader.read()
    finally:
        writer.close()


async def test_it_serves_its_own_user(control):
    server = await serve(control, control.path)
    try:
        assert (await ask(control.path)).startswith(b"HTTP/1.1 200 ")
    finally:
        await server.close()


async def test_it_removes_its_socket_when_it_ends(control):
    server = await serve(control, control.path)
    await server.close()
    with pytest.raises(FileNotFoundError):
        mode_of(control.path)


async def test_it_leaves_the_socket_of_another(control):
    server = await serve(control, control.path)
    control.path.rename(control.path.with_name("old"))
    with bind(control.path):
        await server.close()
        assert mode_of(control.path) == 0o600


async def test_it_ends_though_a_stream_is_open(control, monkeypatch):
    monkeypatch.setattr("xacct.control.server.DRAIN", 0.05)
    server = await serve(control, control.path)
    async with asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_unix_connection(control.path)
        writer.write(b"GET /v1/events HTTP/1.1\r\nHost: xacct\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        await server.close()
        with contextlib.suppress(ConnectionError):
            await reader.read()  # to its end
    writer.close()


AS_ANOTHER = """
import os, socket, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534)
with socket.socket(socket.AF_UNIX) as client:
    client.settimeout(60)
    client.connect(sys.argv[1])
    said = b""
    try:
        client.sendall(sys.argv[2].replace("|", "\\r\\n").encode())
        while piece := client.recv(65536):
            said += piece
    except (ConnectionError, TimeoutError) as error:
        sys.exit(type(error).__name__)
print(said.decode())
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize(
    "raw",
    [
        "GET /v1/version HTTP/1.1|Host: xacct||",
        "POST /v1/stop HTTP/1.1|Host: xacct|Content-Length: 0||",
        "GET /v1/nothing HTTP/1.1|Host: xacct||",
        "garbage||",
        "",
    ],
)
async def test_another_user_gets_not_a_byte_though_the_door_is_open(control, raw):
    control.path.parent.chmod(0o777)
    server = await serve(control, control.path)
    control.path.chmod(0o666)
    try:
        child = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", AS_ANOTHER, str(control.path), raw],
            capture_output=True,
            text=True,
            cwd="/",
            env={},
            check=False,
            timeout=PATIENCE,
        )
        assert "Permission" not in child.stderr, "the door was not open"
        assert child.stdout.strip() == ""
        assert child.returncode == 0 or child.stderr.strip() in {"ConnectionResetError", "BrokenPipeError"}
        assert control.called == []
        assert (await ask(control.path)).startswith(b"HTTP/1.1 200 ")  # and who may is served still
    finally:
        await server.close()


async def test_a_connection_that_asks_nothing_is_closed_in_time():
    now = 1000.0
    connections = server._Connections(2, lambda: now)
    idle, busy, late = Stream(), Stream(), Stream()
    assert connections.admits(idle)
    assert connections.admits(busy)
    assert not connections.admits(late)
    connections._idle_since[busy] = float("inf")
    now += server.IDLE + 1
    connections.sweep()
    assert (idle.closed, busy.closed) == (True, False)
    assert connections.admits(late)


class Stream:
    closed = False

    def abort(self):
        self.closed = True

    def is_closing(self):
        return self.closed


async def test_one_connection_more_than_the_most_is_told(short_path):
    path = short_path / "control.sock"
    control = ControlServer(web.Application(), bind(path), path, files=0)
    await control.start()
    try:
        all_there_are = [await asyncio.open_unix_connection(str(path)) for _ in range(CONTROL.least)]
        await until(lambda: control._connections.seats.taken == CONTROL.least)
        async with asyncio.timeout(PATIENCE):
            said = await ask(path)
        assert said.startswith(b"HTTP/1.1 503 ")
        assert json.loads(said.partition(b"\r\n\r\n")[2])["error"]["code"] == "temporary"
        for _, writer in all_there_are:
            writer.close()
    finally:
        await control.close()


async def test_no_more_wait_to_be_told_than_may(short_path, monkeypatch):
    monkeypatch.setattr(server, "MOST_TOLD", 1)
    monkeypatch.setattr(server, "TOLD_TIMEOUT", 10 * PATIENCE)
    path = short_path / "control.sock"
    control = ControlServer(web.Application(), bind(path), path, files=0)
    await control.start()
    try:
        there = [await asyncio.open_unix_connection(str(path)) for _ in range(CONTROL.least + 2)]
        reader, _ = there[-1]
        async with asyncio.timeout(PATIENCE):
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
        for _, writer in there:
            writer.close()
    finally:
        await control.close()
