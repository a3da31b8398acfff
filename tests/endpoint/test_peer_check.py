"""Who may speak at all: by a fake kernel, and by the real one with children of ours and of another user."""

import asyncio
import os
import subprocess
import sys

import pytest
import structlog

from xacct.endpoint import answers, head, server
from xacct.endpoint.peer_check import (
    ANOTHER_USER,
    NO_CONTAINER,
    UNASKED,
    UNKNOWN_CALLER,
    BridgePeerCheck,
    PeerCheck,
    SocketPeerCheck,
)
from xacct.host import callers
from xacct.model import Caller

US = os.geteuid()
SECRET = answers.whole(answers.OK, b"the secret")


class Kept:
    """A recorder that remembers."""

    def __init__(self):
        self.refusals = []

    def fetched(self, *_):
        raise AssertionError("nothing was fetched here")

    def refused(self, why, caller):
        self.refusals.append((why, caller))


class Doorway:
    """An endpoint behind a door, and what came through."""

    def __init__(self, serve, who, **options):
        self.recorder = Kept()
        self.through = []
        peer_check = PeerCheck(who, US, **options)
        self.serving = serve(self.answer, peer_check=peer_check, recorder=self.recorder)

    def answer(self, request):
        self.through.append(request)
        return SECRET


@pytest.fixture
def unparsed(monkeypatch):
    """No head may be parsed."""
    monkeypatch.setattr(head, "parse", lambda *_: pytest.fail("a head was parsed"))


@pytest.fixture
def loud():
    """Log everything, to which the suite is otherwise deaf."""
    before = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(0))
    yield
    structlog.configure(wrapper_class=before)


def knows(**who):
    return lambda _client, _server: Caller(**who)


async def test_another_user_is_told_no_before_anything_is_parsed(serve, unparsed):
    way = Doorway(serve, knows(uid=US + 1, inode=3))
    async with way.serving as served:
        for first in (served.head(), b"x", served.head()[:30]):
            assert await served.ask(first) == answers.NO_GRANT
    assert not way.through
    assert way.recorder.refusals == [(ANOTHER_USER, Caller(uid=US + 1, inode=3))] * 3


async def test_we_are_let_in_and_the_request_says_who_asks(serve):
    seen = []
    way = Doorway(serve, lambda client, ours: seen.append((client, ours)) or Caller(uid=US, inode=3))
    async with way.serving as served:
        client = await served.connect()
        for _ in range(2):
            client.send(served.head())
            assert await client.one() == SECRET
        address = client._writer.get_extra_info("sockname")
        assert seen == [(address, ("127.0.0.1", served.port))], "the kernel is asked once a connection"
    assert [request.caller for request in way.through] == [Caller(uid=US, inode=3)] * 2


@pytest.mark.parametrize("required", [False, True])
async def test_whom_nobody_knows_may_show_a_grant_unless_settings_say_no(serve, required, loud):
    way = Doorway(serve, knows(why="no netlink"), require_known=required)
    async with way.serving as served:
        with structlog.testing.capture_logs() as logs:
            for _ in range(3):
                said = await served.ask(served.head(b"Connection: close"))
                assert said == (answers.NO_GRANT if required else SECRET)
    assert len(way.through) == (0 if required else 3)
    assert way.recorder.refusals == [(UNKNOWN_CALLER, Caller(why="no netlink"))] * (3 if required else 0)
    assert [line["why"] for line in logs if line["event"] == "unknown caller"] == ["no netlink"]


@pytest.mark.parametrize("required", [False, True])
async def test_who_cannot_be_asked_for_is_refused_whatever_the_settings_say(serve, unparsed, required, loud):
    starved = Caller(why="netlink: Too many open files", unasked=True)
    way = Doorway(serve, lambda *_: starved, require_known=required)
    async with way.serving as served:
        with structlog.testing.capture_logs() as logs:
            assert await served.ask(served.head()) == answers.NO_GRANT
    assert way.through == []
    assert way.recorder.refusals == [(UNASKED, starved)]
    assert [line["refused"] for line in logs if line["event"] == "unknown caller"] == [True]


async def test_where_asking_breaks_nobody_is_let_in(serve, unparsed):
    def broken(*_):
        raise RuntimeError("canary")

    way = Doorway(serve, broken)
    async with way.serving as served:
        assert await served.ask(served.head()) == answers.NO_GRANT
    assert (way.through, [why for why, _ in way.recorder.refusals]) == ([], [UNASKED])


async def test_other_users_cannot_fill_the_room(serve, monkeypatch, eventually):
    monkeypatch.setattr(server, "MAX_UNWELCOME", 3)
    who = [US + 1]
    way = Doorway(serve, lambda *_: Caller(uid=who[0]))
    async with way.serving as served:
        connection_limiter = [await served.connect() for _ in range(6)]
        await eventually(lambda: len(served.endpoint.connections) == 3)
        who[0] = US
        assert await served.ask(served.head(b"Connection: close")) == SECRET
        for client in connection_limiter:
            client.vanish()
        await eventually(lambda: not served.endpoint.connections)
        assert served.endpoint.unwelcome == 0


async def test_a_refused_head_is_recorded_with_who_sent_it(serve):
    way = Doorway(serve, knows(uid=US, inode=3))
    async with way.serving as served:
        assert await served.ask(served.head(b"Origin: null")) == answers.NO_GRANT
    assert way.recorder.refusals == [("header origin", Caller(uid=US, inode=3))]


# Containers.


@pytest.mark.parametrize(
    ("here", "required", "why"),
    [(False, False, None), (False, True, UNKNOWN_CALLER), (True, False, NO_CONTAINER), (True, True, NO_CONTAINER)],
)
async def test_a_bridge_lets_in_containers_and_no_process_of_this_machine(serve, here, required, why):
    recorder = Kept()
    peer_check = BridgePeerCheck(lambda _: here, US, require_known=required)
    async with serve(lambda _: SECRET, peer_check=peer_check, recorder=recorder) as served:
        assert await served.ask(served.head(b"Connection: close")) == (answers.NO_GRANT if why else SECRET)
    assert [refused for refused, _ in recorder.refusals] == [why] * bool(why)


@pytest.mark.parametrize(("uid", "may"), [(US, True), (0, True), (US + 1, False), (65534, False), (None, False)])
def test_a_relays_socket_lets_in_root_and_us(uid, may):
    assert SocketPeerCheck(US).turns_away(Caller(uid=uid)) == (None if may else ANOTHER_USER)


# The real kernel.

ASK = """
import os, socket, sys
client = socket.socket()
if sys.argv[2] == "other": os.setgroups([]); os.setgid(65534); os.setuid(65534); client = socket.socket()
client.connect(("127.0.0.1", int(sys.argv[1])))
client.sendall(sys.stdin.buffer.read())
while got := client.recv(4096): os.write(1, got)
"""


@pytest.fixture
def kernel():
    from xacct.host.sock_diag import SockDiag  # noqa: PLC0415 - Linux only

    diag = SockDiag()
    yield callers.on_loopback(diag.caller)
    diag.close()


async def child_asks(port, as_whom, data):
    """What a process of its own is told."""
    child = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", ASK, str(port), as_whom], input=data, capture_output=True, check=False
    )
    assert not child.stderr, child.stderr
    return child.stdout


@pytest.mark.skipif(sys.platform != "linux" or US != 0, reason="takes root, to become another user")
async def test_another_user_gets_nothing_for_a_valid_grant(serve, unparsed, kernel):
    way = Doorway(serve, kernel)
    async with way.serving as served:
        said = await child_asks(served.port, "other", served.head(b"Authorization: valid", b"Connection: close"))
    assert said == answers.NO_GRANT
    [(why, caller)] = way.recorder.refusals
    assert (why, caller.uid) == (ANOTHER_USER, 65534)


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux's kernel")
async def test_a_process_of_ours_is_served(serve, kernel):
    way = Doorway(serve, kernel)
    async with way.serving as served:
        assert await child_asks(served.port, "us", served.head(b"Connection: close")) == SECRET
    [request] = way.through
    assert (request.caller.uid, request.caller.inode > 0) == (US, True)
