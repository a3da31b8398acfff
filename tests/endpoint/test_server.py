"""The guard over raw sockets, and the life of a connection. test_head.py has the grammar in full."""

import asyncio
import errno
import socket
from types import SimpleNamespace

import pytest
from virtual_time import in_virtual_time
from waiting import PATIENCE

from xacct import errors
from xacct.endpoint import answers, head
from xacct.endpoint.server import HEAD_TIMEOUT, IDLE_TIMEOUT, SWEEP, TOLD_TIMEOUT, Connection, Endpoint, bind

SECRET = answers.whole(answers.OK, b"the secret")
KEPT = b"Connection: keep-alive"


def give(request):
    return SECRET


class Held:
    """Answers that are held until `go`."""

    def __init__(self):
        self.go = asyncio.Event()
        self.started = 0
        self.ended = 0

    def __call__(self, request):
        return self._pieces() if request.target == "/held" else SECRET

    async def _pieces(self):
        self.started += 1
        try:
            yield answers.CHUNKED
            yield answers.chunk(b" ")
            await self.go.wait()
            yield answers.chunk(b"{}") + answers.LAST_CHUNK
        finally:
            self.ended += 1


@pytest.fixture(autouse=True)
def nothing_reaches_the_loop(request, monkeypatch):
    """Whatever happens on a connection is the connection's own affair."""
    complaints = []
    monkeypatch.setattr(asyncio.BaseEventLoop, "call_exception_handler", lambda _, context: complaints.append(context))
    yield
    assert not complaints


# What is refused, and how.

REFUSED = {
    "another host": {"host": b"evil.example"},
    "another host with our port": {"host": b"evil.example:PORT"},
    "another port": {"host": b"127.0.0.1:1"},
    "no host": {"host": b""},
    "two hosts": {"lines": [b"Host: 127.0.0.1"]},
    "an absolute target": {"target": "http://127.0.0.1:PORT/healthz"},
    "an absolute target without host": {"target": "http://127.0.0.1:PORT/healthz", "host": b""},
    "an authority": {"target": "127.0.0.1:PORT", "method": "CONNECT"},
    "a query": {"target": "/healthz?a=b"},
    "HTTP/1.0": {"version": "1.0"},
    "HTTP/1.0 without host": {"version": "1.0", "host": b""},
    "POST": {"method": "POST"},
    "HEAD": {"method": "HEAD"},
    "OPTIONS": {"method": "OPTIONS"},
    "PUT": {"method": "PUT"},
    "Origin": {"lines": [b"Origin: null"]},
    "our own Origin": {"lines": [b"Origin: http://127.0.0.1:PORT"]},
    "Referer": {"lines": [b"Referer: http://127.0.0.1:PORT/"]},
    "Sec-Fetch-Site": {"lines": [b"Sec-Fetch-Site: none"]},
    "Sec-Fetch-Mode": {"lines": [b"sec-fetch-mode: navigate"]},
    "X-Forwarded-For": {"lines": [b"X-Forwarded-For: 127.0.0.1"]},
    "X-Forwarded-Host": {"lines": [b"X-Forwarded-Host: 127.0.0.1"]},
    "Forwarded": {"lines": [b"Forwarded: for=127.0.0.1"]},
    "Via": {"lines": [b"Via: 1.1 proxy"]},
    "a doubled header": {"lines": [b"Authorization: a", b"authorization: a"]},
    "obs-fold": {"lines": [b"Authorization: a", b" b"]},
    "a bare LF": {"lines": [b"Authorization: a\nOrigin: b"]},
    "a bare CR": {"lines": [b"Authorization: a\rOrigin: b"]},
    "NUL": {"lines": [b"Authorization: a\x00b"]},
    "a space before the colon": {"lines": [b"Host : 127.0.0.1"]},
    "a body": {"lines": [b"Content-Length: 2"]},
    "a chunked body": {"lines": [b"Transfer-Encoding: chunked"]},
    "two framings": {"lines": [b"Content-Length: 0", b"Transfer-Encoding: chunked"]},
    "too many headers": {"lines": [b"X-%d: x" % n for n in range(head.MAX_HEADERS)]},
    "too large a head": {"lines": [b"X: " + b"x" * head.MAX_HEAD]},
}


@pytest.mark.parametrize("what", REFUSED)
async def test_every_refusal_is_the_same_and_closes(serve, what):
    asked = []
    async with serve(lambda request: asked.append(request) or SECRET) as served, asyncio.timeout(20):
        defaults = {"lines": [], **REFUSED[what]}
        raw = served.head(*defaults.pop("lines"), **defaults).replace(b"PORT", b"%d" % served.port)
        # What follows on the same connection is not looked at any more.
        assert await served.ask(raw + served.head()) == answers.NO_GRANT
    assert asked == []


async def test_a_refusal_says_how_to_get_a_grant_and_nothing_else(serve):
    status, _, rest = answers.NO_GRANT.partition(b"\r\n")
    headers, _, body = rest.partition(b"\r\n\r\n")
    assert status == b"HTTP/1.1 403 Forbidden"
    assert b"Connection: close" in headers
    assert b"Cache-Control: no-store" in headers
    for telling in (b"Server", b"Date", b"Access-Control", b"WWW-Authenticate"):
        assert telling not in headers
    assert b"xacctctl env ROLE" in body


async def test_garbage_is_refused_or_waited_for(serve):
    async with serve(give) as served:
        assert await served.ask(b"\r\n\r\n") == answers.NO_GRANT
        assert await served.ask(b"\x16\x03\x01" + b"\x00" * 40 + b"\r\n\r\n") == answers.NO_GRANT
        assert await served.ask(b"\x00" * head.MAX_HEAD) == answers.NO_GRANT
        client = await served.connect()
        client.send(served.head().replace(b"\r\n", b"\n"))
        assert await client.silent()


async def test_it_listens_on_127_0_0_1_alone(serve):
    async with serve(give) as served:
        [listening] = served.endpoint._server.sockets
        assert listening.getsockname() == ("127.0.0.1", served.port)
        assert listening.family == socket.AF_INET


async def test_a_port_that_is_taken_is_said_in_a_sentence(serve):
    async with serve(give) as served:
        with pytest.raises(errors.StartupFailed, match=str(served.port)) as failed:
            bind(served.port)
        assert "Another program" in failed.value.hint


# What is served.


async def test_an_sdk_is_served_and_its_connection_kept(serve):
    async with serve(give) as served:
        client = await served.connect()
        for _ in range(3):
            client.send(served.head())
            assert await client.one() == SECRET
        assert await client.silent()


@pytest.mark.parametrize("host", [b"127.0.0.1:PORT", b"127.0.0.1", b"localhost", b"LocalHost:PORT"])
async def test_hosts_that_sdks_send_are_served(serve, host):
    async with serve(give) as served:
        raw = served.head(b"Connection: close", host=host.replace(b"PORT", b"%d" % served.port))
        assert await served.ask(raw) == SECRET


async def test_a_client_that_says_close_is_closed_after_its_answer(serve):
    async with serve(give) as served:
        assert await served.ask(served.head(b"Connection: close") + served.head()) == SECRET


async def test_a_head_may_come_a_byte_at_a_time(serve):
    async with serve(give) as served:
        raw = served.head(b"Authorization: abc", b"Connection: close")
        assert await served.ask(*(raw[i : i + 1] for i in range(len(raw)))) == SECRET


async def test_a_head_of_just_the_most_bytes_is_served_and_no_larger_one(serve):
    async with serve(give) as served:
        filler = b"X: " + b"x" * (head.MAX_HEAD - len(served.head(b"Connection: close", b"X: ")))
        raw = served.head(b"Connection: close", filler)
        assert len(raw) == head.MAX_HEAD
        assert await served.ask(raw) == SECRET
        assert await served.ask(raw.replace(b"X: ", b"X: x")) == answers.NO_GRANT


async def test_pipelined_requests_are_answered_in_order(serve):
    held = Held()
    async with serve(lambda r: answers.whole(answers.OK, r.target.encode()) if r.target != "/held" else held(r)) as s:
        client = await s.connect()
        client.send(s.head(target="/a") + s.head(target="/b") + s.head(target="/held") + s.head(target="/c"))
        assert (await client.one()).endswith(b"/a")
        assert (await client.one()).endswith(b"/b")
        assert b"chunked" in await client.head()
        assert await client.silent() is False  # the first white space
        held.go.set()
        assert b"".join([piece async for piece in client.chunks()]) == b" {}"
        assert (await client.one()).endswith(b"/c")


async def test_a_refusal_ends_a_pipeline(serve):
    async with serve(give) as served:
        answer = await served.ask(served.head() + served.head(b"Origin: null") + served.head())
        assert answer == SECRET + answers.NO_GRANT


async def test_an_answer_of_no_grant_closes_whatever_the_client_says(serve):
    async with serve(lambda _: answers.NO_GRANT) as served, asyncio.timeout(PATIENCE):
        assert await served.ask(served.head(KEPT) + served.head(KEPT)) == answers.NO_GRANT


# Holding.


async def test_a_held_client_that_vanishes_ends_its_hold(serve, eventually):
    held = Held()
    async with serve(held) as served:
        client = await served.connect()
        client.send(served.head(target="/held"))
        await client.head()
        client.vanish()
        await eventually(lambda: held.ended == 1 and not served.endpoint.connections)


async def test_a_held_client_that_sends_more_than_a_head_is_dropped(serve, eventually):
    held = Held()
    async with serve(held) as served:
        client = await served.connect()
        client.send(served.head(target="/held"))
        await client.head()
        client.send(b"x" * (head.MAX_HEAD + 1))
        await eventually(lambda: held.ended == 1 and not served.endpoint.connections)


async def test_closing_the_endpoint_ends_what_is_held(serve, eventually, monkeypatch):
    monkeypatch.setattr("xacct.endpoint.server.CLOSE_TIMEOUT", 0.01)
    held = Held()
    async with serve(held) as served:
        client = await served.connect()
        client.send(served.head(target="/held"))
        await client.head()
        await served.endpoint.close()
        await client.rest()
        await eventually(lambda: held.ended == 1)


# What breaks.


async def test_an_answer_that_breaks_refuses_that_client_and_serves_the_next(serve):
    def broken(request):
        if request.target == "/broken":
            raise RuntimeError("a secret")
        return SECRET

    async with serve(broken) as served:
        assert b"secret" not in (said := await served.ask(served.head(target="/broken")))
        assert said.startswith(b"HTTP/1.1 403 ")
        assert await served.ask(served.head(b"Connection: close")) == SECRET


async def test_a_held_answer_that_breaks_at_once_is_a_refusal(serve):
    async def pieces(_):
        raise RuntimeError("a secret")
        yield b""

    async with serve(pieces) as served:
        said = await served.ask(served.head())
        assert said.startswith(b"HTTP/1.1 403 ")
        assert b"a secret" not in said


async def test_a_held_answer_that_breaks_later_ends_completely_and_is_no_json(serve):
    async def pieces(_):
        yield answers.CHUNKED
        yield answers.chunk(b" ")
        raise RuntimeError("a secret")

    async with serve(pieces) as served:
        client = await served.connect()
        client.send(served.head())
        await client.head()
        body = b"".join([piece async for piece in client.chunks()])
        assert body.strip().startswith(b"xacct")
        assert b"a secret" not in body
        assert await client.rest() == b""


# Time and memory.


@in_virtual_time
async def test_a_head_that_does_not_come_is_not_waited_for(clock, serve):
    async with serve(give, lambda: clock.boot) as served, asyncio.timeout(10 * HEAD_TIMEOUT):
        silent, slow = await served.connect(), await served.connect()
        for byte in served.head()[:8]:
            slow.send(bytes([byte]))
            await asyncio.sleep(1)
        assert len(served.endpoint.connections) == 2
        assert await silent.rest() == b""
        assert await slow.rest() == b""
        assert clock.time <= HEAD_TIMEOUT + SWEEP + 0.1


@in_virtual_time
async def test_an_idle_connection_is_closed_in_time(clock, serve):
    async with serve(give, lambda: clock.boot) as served, asyncio.timeout(10 * IDLE_TIMEOUT):
        client = await served.connect()
        for _ in range(3):
            client.send(served.head())
            assert await client.one() == SECRET
            await asyncio.sleep(IDLE_TIMEOUT - 1)
        assert await client.rest() == b""
        assert clock.time <= 3 * IDLE_TIMEOUT + SWEEP


@in_virtual_time
async def test_a_suspend_counts_as_idle_time(clock, serve):
    async with serve(give, lambda: clock.boot) as served:
        client = await served.connect()
        client.send(served.head())
        await client.one()
        clock.suspend(3600)
        assert await client.rest() == b""
        assert clock.time <= SWEEP


@in_virtual_time
async def test_a_held_client_is_not_idle(clock, serve):
    held = Held()
    async with serve(held, lambda: clock.boot) as served:
        client = await served.connect()
        client.send(served.head(target="/held"))
        await client.head()
        await asyncio.sleep(10 * IDLE_TIMEOUT)
        held.go.set()
        assert b"".join([piece async for piece in client.chunks()]) == b" {}"
        assert await client.rest() == b""  # but is, once it has its answer


async def test_one_connection_more_than_the_most_is_told(serve, eventually):
    async with serve(give) as served:
        served.endpoint.seats.most = 3
        assert served.endpoint.seats.problems() == []
        first = [await served.connect() for _ in range(3)]
        await eventually(lambda: len(served.endpoint.connections) == 3)
        async with asyncio.timeout(PATIENCE):
            assert await served.ask(served.head()) == answers.FULL
        assert "All 3 places at the endpoint were taken" in served.endpoint.seats.problems()[0].sentence
        await first[0].close()
        await eventually(lambda: len(served.endpoint.connections) == 2)
        assert await served.ask(served.head(b"Connection: close")) == SECRET


async def test_a_crowd_beyond_all_places_waits_in_the_queue_and_each_is_told(serve, eventually):
    if isinstance(asyncio.get_running_loop(), asyncio.BaseEventLoop):
        pytest.skip("uvloop's alone can stop taking in without losing anybody")
    async with serve(give) as served:
        served.endpoint.seats.most = 4
        first = [await served.connect() for _ in range(4)]
        await eventually(lambda: len(served.endpoint.connections) == 4)
        silent = await served.connect()  # the only one that may wait to be told
        await eventually(lambda: served.endpoint.to_be_told == 1)
        crowd = [asyncio.ensure_future(served.ask(served.head())) for _ in range(40)]
        await asyncio.sleep(0.05)
        assert not any(one.done() for one in crowd)
        silent.send(served.head())
        async with asyncio.timeout(PATIENCE):
            assert await silent.rest() == answers.FULL
            assert set(await asyncio.gather(*crowd)) == {answers.FULL}
        await first[0].close()
        await eventually(lambda: len(served.endpoint.connections) == 3)
        assert await served.ask(served.head(b"Connection: close")) == SECRET


async def test_without_a_descriptor_to_take_in_again_it_is_tried_again(serve, eventually):
    """A crowd is when there are few: whoever comes afterwards must not wait for good."""
    if isinstance(asyncio.get_running_loop(), asyncio.BaseEventLoop):
        pytest.skip("uvloop's alone can stop taking in without losing anybody")
    async with serve(give) as served:
        endpoint, listener, tries = served.endpoint, served.endpoint._listener, []

        def dup():
            tries.append(1)
            raise OSError(errno.EMFILE, "Too many open files")

        endpoint.seats.most = 4
        first = [await served.connect() for _ in range(4)]
        await eventually(lambda: len(endpoint.connections) == 4)
        silent = await served.connect()
        await eventually(lambda: endpoint.to_be_told == 1)
        endpoint._listener = SimpleNamespace(dup=dup, close=listener.close)
        await silent.close()
        await eventually(lambda: tries)
        await first[0].close()
        await eventually(lambda: len(endpoint.connections) == 3)
        endpoint._listener = listener
        endpoint.sweep()
        async with asyncio.timeout(PATIENCE):
            assert await served.ask(served.head(b"Connection: close")) == SECRET


async def test_no_more_wait_to_be_told_than_may(serve, monkeypatch):
    monkeypatch.setattr("xacct.endpoint.server.TOLD_TIMEOUT", 10 * PATIENCE)
    async with serve(give) as served:
        served.endpoint.seats.most = 1
        served.endpoint._may_pause = False  # as on asyncio's own loop
        silent = [await served.connect() for _ in range(4)]
        async with asyncio.timeout(PATIENCE):
            assert [await client.rest() for client in silent[2:]] == [b"", b""]
        assert served.endpoint.to_be_told == 1


@in_virtual_time
async def test_who_finds_no_place_and_does_not_ask_is_closed_soon(clock, serve):
    async with serve(give, lambda: clock.boot) as served:
        served.endpoint.seats.most = 1
        first = await served.connect()
        silent = await served.connect()
        await asyncio.sleep(TOLD_TIMEOUT + 0.1)
        assert await silent.rest() == b""
        first.send(served.head())
        assert await first.one() == SECRET


async def test_who_loses_its_place_while_it_is_held_is_told(serve, eventually):
    held = Held()
    async with serve(held) as served:
        client = await served.connect()
        client.send(served.head(target="/held"))
        await client.head()
        [connection] = served.endpoint.connections
        connection.turn_away()
        assert b"too many connections" in b"".join([piece async for piece in client.chunks()])
        assert await client.rest() == b""


async def asks_without_reading(served, eventually):
    """A connection whose client pipelines requests and reads no answer, until it can send no more."""
    loop = asyncio.get_running_loop()
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setblocking(False)
    await loop.sock_connect(sock, ("127.0.0.1", served.port))
    await eventually(lambda: served.endpoint.connections)
    [connection] = served.endpoint.connections
    stuck = 0
    while stuck < 50:
        try:
            stuck = 0 if sock.send(served.head() * 100) else stuck
        except BlockingIOError:
            stuck += 1
        await asyncio.sleep(0)
    return sock, connection


async def test_a_client_that_reads_no_answer_gets_no_more_of_them(serve, eventually):
    async with serve(lambda _: answers.whole(answers.OK, b"x" * 1000)) as served:
        async with asyncio.timeout(PATIENCE):
            sock, connection = await asks_without_reading(served, eventually)
        assert connection._transport.get_write_buffer_size() < 500_000
        assert len(connection._buffer) < 500_000
        sock.close()
        await eventually(lambda: not served.endpoint.connections)


def test_a_burst_is_answered_no_further_than_the_client_reads():
    """What one read brought may hold thousands of requests: their answers must not pile up in our memory."""

    class Transport:
        """Says after each answer that enough is waiting to be read, as a kernel's buffer may."""

        written, reading = 0, True

        def write(self, data):
            self.written += bool(data)
            connection.pause_writing()

        def pause_reading(self):
            self.reading = False

        def resume_reading(self):
            self.reading = True

        def is_closing(self):
            return False

    endpoint = Endpoint(give, lambda: 0.0)
    endpoint.hosts = head.hosts_of(9477)
    connection, transport = Connection(endpoint), Transport()
    connection.connection_made(transport)
    connection.data_received(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 1000)
    assert (transport.written, transport.reading) == (1, False)
    for already in range(1, 1000):
        assert transport.written == already
        connection.resume_writing()
    assert transport.written == 1000
    connection.resume_writing()
    assert (transport.written, transport.reading) == (1000, True)


async def test_a_client_that_reads_late_gets_every_answer(serve):
    answer = answers.whole(answers.OK, b"x" * 1000)
    async with serve(lambda _: answer) as served, asyncio.timeout(PATIENCE):
        client = await served.connect()
        client.send(served.head() * 5000)
        await asyncio.sleep(0.05)
        for _ in range(5000):
            assert await client.one() == answer


@in_virtual_time
async def test_a_client_that_never_reads_is_dropped_in_time(clock, serve, eventually):
    async with serve(lambda _: answers.whole(answers.OK, b"x" * 1000), lambda: clock.boot) as served:
        sock, _ = await asks_without_reading(served, eventually)
        await asyncio.sleep(IDLE_TIMEOUT + 2 * SWEEP)
        assert not served.endpoint.connections
        sock.close()


def test_a_connection_buffers_no_more_than_a_head_and_a_read():
    class Transport:
        closed = False

        def close(self):
            self.closed = True

        def is_closing(self):
            return self.closed

        def write(self, data):
            pass

    endpoint = Endpoint(give, lambda: 0.0)
    connection = Connection(endpoint)
    transport = Transport()
    connection.connection_made(transport)
    fed = 0
    while not transport.closed:
        connection.data_received(b"x")
        fed += 1
        assert len(connection._buffer) <= head.MAX_HEAD
    assert fed == head.MAX_HEAD
