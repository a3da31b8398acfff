"""The IMDS ports over raw sockets: what the guard refuses there, who is let in, and what a taken port costs."""

import asyncio
import contextlib
import os
import socket
import sys
import time

import pytest
from small_keeper import FakeSts, small_keeper
from virtual_time import Clock
from waiting import PATIENCE

from xacct.clock import AwsClock
from xacct.credentials.service import CredentialService
from xacct.endpoint import answers, head
from xacct.endpoint.handlers import imds
from xacct.endpoint.handlers.imds import ROLES, TOKEN, Imds
from xacct.endpoint.imds_ports import HOPS, ImdsPorts
from xacct.endpoint.peer_check import PeerCheck
from xacct.endpoint.server import IDLE_TIMEOUT, SWEEP
from xacct.host import callers
from xacct.model import Caller
from xacct.sandbox.files import free_port

TTL = b"X-aws-ec2-metadata-token-ttl-seconds: 60"
SECRET = answers.whole(answers.OK, b"the secret")
SPEAKS = {"parse": imds.parse, "refusal": answers.NOT_OURS}


def give(request):
    return SECRET


REFUSED = {
    "another host": {"host": b"evil.example"},
    "EC2's own address": {"host": b"169.254.169.254"},
    "another port": {"host": b"127.0.0.1:1"},
    "no host": {"host": b""},
    "an absolute target": {"target": "http://127.0.0.1:PORT" + TOKEN},
    "a query": {"target": TOKEN + "?a=b"},
    "HTTP/1.0": {"version": "1.0"},
    "POST": {"method": "POST"},
    "HEAD": {"method": "HEAD"},
    "OPTIONS": {"method": "OPTIONS"},
    "DELETE": {"method": "DELETE"},
    "put": {"method": "put"},
    "PUT of something else": {"target": ROLES[0]},
    "PUT with a slash more behind": {"target": TOKEN + "/"},
    "PUT with two slashes more": {"target": "//" + TOKEN},
    "a role's ARN": {"target": "/v1/role-arn/arn:aws:iam::123456789012:role/dev", "method": "GET"},
    "X-Forwarded-For": {"lines": [b"X-Forwarded-For: 127.0.0.1"]},
    "X-Forwarded-Host": {"lines": [b"X-Forwarded-Host: 127.0.0.1"]},
    "Forwarded": {"lines": [b"Forwarded: for=127.0.0.1"]},
    "Via": {"lines": [b"Via: 1.1 proxy"]},
    "X-Real-IP": {"lines": [b"X-Real-IP: 127.0.0.1"]},
    "Proxy-Connection": {"lines": [b"Proxy-Connection: close"]},
    "Origin": {"lines": [b"Origin: null"]},
    "Referer": {"lines": [b"Referer: http://127.0.0.1:PORT/"]},
    "Cookie": {"lines": [b"Cookie: a=b"]},
    "Sec-Fetch-Site": {"lines": [b"Sec-Fetch-Site: none"]},
    "a preflight": {"lines": [b"Access-Control-Request-Method: PUT"], "method": "OPTIONS"},
    "a doubled header": {"lines": [TTL]},
    "a doubled token": {"lines": [b"X-aws-ec2-metadata-token: a", b"x-AWS-ec2-metadata-token: a"]},
    "a body": {"lines": [b"Content-Length: 2"]},
    "a chunked body": {"lines": [b"Transfer-Encoding: chunked"]},
    "a body to come": {"lines": [b"Expect: 100-continue"]},
    "a bare LF": {"lines": [b"X: a\nX-Forwarded-For: b"]},
    "too many headers": {"lines": [b"X-%d: x" % n for n in range(head.MAX_HEADERS)]},
}


@pytest.mark.parametrize("what", REFUSED)
async def test_every_refusal_is_the_same_and_closes(serve, what):
    asked = []
    async with serve(lambda request: asked.append(request) or SECRET, **SPEAKS) as served, asyncio.timeout(20):
        defaults = {"lines": [], "target": TOKEN, "method": "PUT", **REFUSED[what]}
        raw = served.head(*defaults.pop("lines"), TTL, **defaults).replace(b"PORT", b"%d" % served.port)
        assert await served.ask(raw + served.head()) == answers.NOT_OURS
    assert asked == []
    assert answers.NOT_OURS.startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize("slash", ["", "/"])  # JavaScript v2, Java v1, Hadoop's S3A and opendal send two
@pytest.mark.parametrize("framing", [[], [b"Content-Length: 0"]])
async def test_what_sdks_send_is_served(serve, framing, slash):
    asked = []
    async with serve(lambda request: asked.append(request) or SECRET, **SPEAKS) as served:
        put = served.head(*framing, TTL, method="PUT", target=slash + TOKEN)
        get = served.head(b"X-aws-ec2-metadata-token: abc", b"Connection: close", target=ROLES[0] + "/")
        assert await served.ask(put + get) == SECRET * 2
    assert [(each.method, each.target, each.authorization, each.ttl) for each in asked] == [
        ("PUT", slash + TOKEN, b"", b"60"),
        ("GET", ROLES[0] + "/", b"abc", b""),
    ]


async def test_the_endpoints_own_port_takes_no_put(serve):
    async with serve(give) as served:
        assert await served.ask(served.head(TTL, method="PUT", target=TOKEN)) == answers.NO_GRANT


# The ports of a daemon.


def known(uid=None, why=""):
    return PeerCheck(lambda _client, _server: Caller(uid=uid, why=why), 1000, require_known=True)


class Ticking(Clock):
    """The machine's clocks, which a test can move further."""

    def read(self):
        self.time = time.monotonic() - self.began
        return super().read()

    def __init__(self):
        self.began = time.monotonic()
        super().__init__()


class Room:
    """Ports in front of a small keeper that holds dev."""

    def __init__(self, roles, peer_check=None, given=None):
        self.given = given or {}
        self.clock = Ticking()
        aws_clock = AwsClock(self.clock.read)
        self.sts = FakeSts(aws_clock)
        self.keeper = small_keeper(self.sts)
        service = CredentialService(self.keeper)
        ports = [Imds(service, role, port, 60.0) for port, role in roles.items()]
        self.ports = ImdsPorts(ports, self.keeper, peer_check or known(1000))

    async def __aenter__(self):
        await self.ports.open(self.given)
        self.sweeper = asyncio.ensure_future(self.ports.run())
        return self

    async def __aexit__(self, *_):
        self.sweeper.cancel()
        await self.ports.close()
        await self.keeper.close()

    async def ask(self, port, *heads):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"".join(heads))
        async with asyncio.timeout(PATIENCE):
            said = await reader.read()
        writer.close()
        return said

    async def token(self, port):
        raw = b"PUT %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n%s\r\nConnection: close\r\n\r\n" % (TOKEN.encode(), port, TTL)
        return (await self.ask(port, raw)).rpartition(b"\r\n")[2]

    async def get(self, port, target, token):
        head = b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nX-aws-ec2-metadata-token: %s\r\nConnection: close\r\n\r\n"
        return await self.ask(port, head % (target.encode(), token))


@pytest.fixture
def free():
    """Ports nobody has."""

    def ports(count):
        found = set()
        while len(found) < count:
            found.add(free_port())
        return sorted(found)

    return ports


async def test_each_port_has_its_role_and_its_own_tokens(free):
    one, two = free(2)
    async with Room({one: "dev", two: "plain"}) as room:
        tokens = [await room.token(port) for port in (one, two)]
        for port, token, role in ((one, tokens[0], b"dev"), (two, tokens[1], b"plain")):
            assert (await room.get(port, ROLES[0], token)).endswith(b"\r\n\r\n" + role)
        assert await room.get(two, ROLES[0], tokens[0]) == answers.UNAUTHORIZED
        while b" is on its way from AWS" in (got := await room.get(two, ROLES[0] + "/plain", tokens[1])):
            pass  # a busy machine took more than the second that EC2's clients wait; they ask again, too
        assert b'"AccessKeyId"' in got
        assert room.ports.open_ports == {one: "dev", two: "plain"}
        assert room.ports.consumers == {f"imds:{one}", f"imds:{two}"}
        assert room.ports.problems() == []


@pytest.mark.parametrize("peer_check", [known(1001), known(why="its address was translated")])
async def test_another_user_and_whoever_is_unknown_are_refused_whatever_they_ask(free, peer_check):
    [port] = free(1)
    async with Room({port: "dev"}, peer_check) as room:
        assert await room.ask(port, b"PUT /latest/api/token HTTP/1.1\r\n") == answers.NOT_OURS


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux's kernel")
async def test_the_kernel_knows_us_there(free):
    from xacct.host.sock_diag import SockDiag  # noqa: PLC0415 - Linux only

    [port] = free(1)
    diag = SockDiag()
    async with Room(
        {port: "dev"}, PeerCheck(callers.on_loopback(diag.caller), os.geteuid(), require_known=True)
    ) as room:
        assert len(await room.token(port)) == 43
    diag.close()


async def test_a_port_that_is_taken_is_a_problem_and_the_others_are_served(free):
    [port] = free(1)
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        async with Room({taken: "dev", port: "plain"}) as room:
            assert len(await room.token(port)) == 43
            assert room.ports.open_ports == {port: "plain"}
            [problem] = room.ports.problems()
            assert str(taken) in problem.sentence
            assert "dev" in problem.sentence
            assert "[imds]" in problem.hint


async def test_a_role_there_is_not_is_a_problem_as_long_as_there_is_none(free):
    [port] = free(1)
    async with Room({port: "dve"}) as room:
        [problem] = room.ports.problems()
        assert "'dve'" in problem.sentence
        assert await room.get(port, ROLES[0], await room.token(port)) == answers.NOT_FOUND
        room.keeper.configure({"dve": room.keeper.node("dev").role})
        assert room.ports.problems() == []


async def test_without_settings_there_is_no_port():
    async with Room({}) as room:
        assert (room.ports.open_ports, room.ports.problems()) == ({}, [])


async def test_a_port_is_on_127_0_0_1_alone_and_its_answers_pass_no_router(free, eventually):
    [port] = free(1)
    async with Room({port: "dev"}) as room:
        endpoint = room.ports._endpoints[port]
        [listening] = endpoint._server.sockets
        assert listening.getsockname() == ("127.0.0.1", port)
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        await eventually(lambda: endpoint.connections)
        [connection] = endpoint.connections
        accepted = connection._transport.get_extra_info("socket")
        for sock in (listening, accepted):
            assert sock.getsockopt(socket.IPPROTO_IP, socket.IP_TTL) == HOPS == 1
        writer.close()


async def test_idle_connections_are_closed_there_too(free, monkeypatch):
    [port] = free(1)
    monkeypatch.setattr("xacct.endpoint.server.SWEEP", SWEEP / 100)
    async with Room({port: "dev"}) as room:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        room.clock.suspend(IDLE_TIMEOUT)
        async with asyncio.timeout(PATIENCE):
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
        writer.close()


async def test_a_successor_goes_on_with_the_ports_and_closes_what_it_has_no_use_for(free):
    one, two = free(2)
    async with Room({one: "dev", two: "plain"}) as before:
        assert set(before.ports.descriptors) == {f"imds:{one}", f"imds:{two}"}
        await before.ports.pause(0.0)
        asking = asyncio.ensure_future(before.token(one))
        await asyncio.sleep(0.05)
        assert not asking.done()  # it waits in the queue, for whoever takes in next
        given = {port: socket.socket(fileno=os.dup(before.ports._listeners[port].fileno())) for port in (one, two)}
        async with Room({one: "dev"}, given=given) as after:
            assert len(await asking) == 43
            assert after.ports.open_ports == {one: "dev"}
            assert after.ports._listeners[one].getsockopt(socket.IPPROTO_IP, socket.IP_TTL) == HOPS
            assert given[two].fileno() == -1


async def test_a_daemon_whose_successor_fails_takes_in_again(free):
    [port] = free(1)
    async with Room({port: "dev"}) as room:
        await room.ports.pause(0.0)
        asking = asyncio.ensure_future(room.token(port))
        await asyncio.sleep(0.05)
        assert not asking.done()
        await room.ports.accept_again()
        assert len(await asking) == 43


async def test_closing_ends_the_ports(free):
    [port] = free(1)
    async with Room({port: "dev"}):
        pass
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
