"""One process's share of the connections, over raw sockets: by a fake kernel, and by the real one with a child."""

import asyncio
import os
import socket
import subprocess
import sys
import time

import pytest
from msgspec.structs import replace
from waiting import PATIENCE, until

from xacct.endpoint import answers, connection_limiter
from xacct.endpoint.peer_check import PeerCheck
from xacct.host import callers, processes
from xacct.host.seats import ENDPOINT
from xacct.model import Caller

US = os.geteuid()
SECRET = answers.whole(answers.OK, b"the secret")
SHARE = 3
SHARES = connection_limiter.MAX_PER_PEER

LEAK = """
import socket, sys
leaked = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(int(sys.argv[2]))]
print("connected", flush=True)
ended = 0
for one in reversed(leaked):
    one.settimeout(60)
    while one.recv(4096):
        pass
    ended += 1
    print(ended, flush=True)
"""


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(connection_limiter, "MAX_PER_PEER", SHARE)
    monkeypatch.setattr(connection_limiter, "PAUSE", 0.02)


class Kernel:
    """Says of each connection what the test has decided beforehand, by turns."""

    def __init__(self, **known):
        self.known = known
        self.pids = {}
        self.pid = 1
        self.looks = 0

    def caller(self, client, _server):
        self.pids[client[1]] = self.pid
        return Caller(**{"uid": US, "inode": client[1]} | self.known)

    def owners(self, inodes):
        self.looks += 1
        return {inode: self.pids[inode] for inode in inodes if self.pids.get(inode)}

    def peer_check(self):
        return PeerCheck(self.caller, US, owners=self.owners)


class Refusals:
    def __init__(self):
        self.why = []

    def refused(self, why, caller):
        self.why.append(why)


async def connect(served, kernel, pid, times):
    kernel.pid = pid
    clients = []
    for _ in range(times):
        before = served.endpoint.accepted
        clients.append(await served.connect())
        while served.endpoint.accepted == before:  # the endpoint meets it with this pid
            await asyncio.sleep(0)
    return clients


async def is_served(client, served):
    client.send(served.head())
    async with asyncio.timeout(PATIENCE):
        return await client.one() == SECRET


async def is_closed(client):
    async with asyncio.timeout(PATIENCE):
        return await client.rest() == answers.FULL


def test_a_share_is_generous_and_leaves_as_much_to_others():
    assert 500 <= SHARES <= ENDPOINT.most // 2


async def test_who_has_more_than_its_share_loses_the_newest_and_nobody_else_any(serve):
    kernel, refusals = Kernel(), Refusals()
    async with serve(lambda _: SECRET, peer_check=kernel.peer_check(), recorder=refusals) as served:
        others = await connect(served, kernel, 7, SHARE)
        hog = await connect(served, kernel, 8, SHARE + 2)
        assert [await is_closed(client) for client in hog[SHARE:]] == [True, True]
        for client in [*others, *hog[:SHARE], *await connect(served, kernel, 9, 1)]:
            assert await is_served(client, served)
        more = await connect(served, kernel, 8, 1)
        assert await is_closed(more[0])
        assert set(refusals.why) == {connection_limiter.TOO_MANY}


async def test_nobody_looks_before_it_matters_and_once_in_a_while_then(serve, monkeypatch):
    monkeypatch.setattr(connection_limiter, "PAUSE", 60.0)
    kernel = Kernel()
    async with serve(lambda _: SECRET, peer_check=kernel.peer_check(), recorder=Refusals()) as served:
        await connect(served, kernel, 7, SHARE)
        await asyncio.sleep(0.05)
        assert kernel.looks == 0
        for pid in range(20, 30):
            await connect(served, kernel, pid, 1)
        await until(lambda: kernel.looks, "a look")
        await asyncio.sleep(0.05)
        assert kernel.looks == 1


async def test_the_longer_a_look_takes_the_longer_is_the_pause_after_it(serve, monkeypatch):
    kernel, looks = Kernel(), []

    def slow(inodes):
        began = time.monotonic()
        time.sleep(0.05)
        looks.append((began, time.monotonic()))
        return Kernel.owners(kernel, inodes)

    monkeypatch.setattr(kernel, "owners", slow)
    async with serve(lambda _: SECRET, peer_check=kernel.peer_check(), recorder=Refusals()) as served:
        for pid in range(20, 20 + SHARE + 2):
            await connect(served, kernel, pid, 1)
        (_, ended), (began, _) = (await until(lambda: looks[1:] and looks, "the second look"))[:2]
        assert began - ended >= 0.9 * 0.05 * connection_limiter.COST


@pytest.mark.parametrize("known", [{}, {"uid": None}])
async def test_where_the_process_is_not_known_the_user_or_the_address_has_one_share(serve, known):
    kernel = Kernel(**known)
    async with serve(lambda _: SECRET, peer_check=kernel.peer_check(), recorder=Refusals()) as served:
        unknown = await connect(served, kernel, None, SHARE + 1)
        assert await is_closed(unknown[SHARE])
        for client in unknown[:SHARE]:
            assert await is_served(client, served)


async def test_a_process_that_was_known_at_the_door_is_counted_by_it(serve):
    kernel = Kernel(inode=0)
    asked = kernel.caller
    kernel.caller = lambda *addresses: replace(asked(*addresses), pid=kernel.pid)  # as macOS tells it
    async with serve(lambda _: SECRET, peer_check=kernel.peer_check(), recorder=Refusals()) as served:
        others = await connect(served, kernel, 11, SHARE)
        clients = await connect(served, kernel, 12, SHARE + 1)
        assert await is_closed(clients[SHARE])
        for client in [*others, *clients[:SHARE]]:
            assert await is_served(client, served)


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux's kernel")
async def test_a_child_that_leaks_connections_leaves_us_our_places(serve):
    from xacct.host.sock_diag import SockDiag  # noqa: PLC0415 - Linux only

    diag = SockDiag()
    peer_check = PeerCheck(callers.on_loopback(diag.caller), US, owners=processes.owners)
    async with serve(lambda _: SECRET, peer_check=peer_check, recorder=Refusals()) as served:
        ours = [await served.connect() for _ in range(SHARE)]
        command = [sys.executable, "-c", LEAK, str(served.port), str(3 * SHARE)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
            for expected in [b"connected", *(b"%d" % n for n in range(1, 2 * SHARE + 1))]:
                assert (await asyncio.to_thread(child.stdout.readline)).strip() == expected
            for client in ours:
                assert await is_served(client, served)
            child.kill()
    diag.close()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_owners_of_sockets_are_found_in_one_look():
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        inodes = {os.fstat(each.fileno()).st_ino for each in (one, other)}
        assert processes.owners(inodes | {0}) == dict.fromkeys(inodes, os.getpid())
