"""Fuzz the listeners and report: executions, exceptions, memory.

    python scripts/fuzz.py [--inputs 1000000] [--seconds 600] [--seed 1]

The endpoint is fuzzed in this process: head.parse, and Connections on a transport of no kernel's, each input in one
piece, in random pieces or a byte at a time. So are the IMDS ports, with a quarter of the inputs. The invariant: one
valid request head or a refusal, never anything else; no exception; a bounded buffer. The control API is fuzzed over a
real Unix socket, with a hundredth of the inputs: an answer or a close, never a 500, never a hang. What reads files has
a tenth of them (fuzz_files.py). Exit status 1 if anything was found.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import logging
import random
import re
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import structlog

sys.path += [str(Path(__file__).resolve().parent.parent / "tests" / "support"), str(Path(__file__).resolve().parent)]

from fuzz_files import fuzz_files
from fuzz_findings import Findings
from lone_daemon import lone_daemon
from small_keeper import FakeSts, small_keeper

from xacct import errors
from xacct.clock import AwsClock
from xacct.control.about import About
from xacct.control.api import Api
from xacct.control.server import ControlServer
from xacct.credentials.service import CredentialService
from xacct.endpoint import answers, head
from xacct.endpoint.handlers import imds
from xacct.endpoint.server import Connection, Endpoint
from xacct.grants.grants import Grants
from xacct.host import clock as host_clock
from xacct.host.unix_sockets import bind

if TYPE_CHECKING:
    from collections.abc import Callable

PORT = 9477
HOSTS = head.hosts_of(PORT)
SERVED = answers.whole(answers.OK, b"{}")
MOMENT = 0.1
"""Seconds after which the control API is told that no more comes: by then it has answered what it could."""

LARGEST = 70_000
"""Bytes of the largest input: well past every limit."""

VALID = (
    b"GET /v1/credentials/dev HTTP/1.1\r\nHost: 127.0.0.1:9477\r\nAuthorization: xacct_abc\r\n"
    b"User-Agent: python-urllib3/2.2\r\nAccept: */*\r\n\r\n"
)
PUT = (
    b"PUT /latest/api/token HTTP/1.1\r\nHost: 127.0.0.1:9477\r\nX-aws-ec2-metadata-token-ttl-seconds: 21600\r\n"
    b"Content-Length: 0\r\n\r\n"
)
WORDS = [
    b"PUT", b"/latest/api/token", b"X-aws-ec2-metadata-token: a\r\n", PUT,
    b"GET", b"POST", b"OPTIONS", b"CONNECT", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b" ", b"/", b"//", b"/../", b"%2e",
    b"?", b"#", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/0.9", b"http/1.1", b"\r\n", b"\n", b"\r", b"\r\n\r\n", b":", b"\x00",
    b"\t", b"\x0b", b"\x0c", b"\x85", b"\xa0", b"\xff", b"\x16\x03\x01",
    b"Host: 127.0.0.1:9477\r\n", b"Host: localhost\r\n",
    b"Host: evil.example\r\n", b"Host: 127.0.0.1:9477, evil\r\n", b"host:\r\n", b"Origin: null\r\n", b"Referer: x\r\n",
    b"Via: 1\r\n", b"Forwarded: for=x\r\n", b"X-Forwarded-For: 1\r\n", b"Sec-Fetch-Site: none\r\n", b"Cookie: a=b\r\n",
    b"Content-Length: 0\r\n", b"Content-Length: 5\r\n", b"Content-Length: -1\r\n", b"Transfer-Encoding: chunked\r\n",
    b"Connection: close\r\n", b"Connection: keep-alive, close\r\n", b"Upgrade: h2c\r\n", b"Expect: 100-continue\r\n",
    b"http://127.0.0.1:9477/", b" folded\r\n", b"Authorization: Bearer \r\n", b"A: " + b"a" * 4000 + b"\r\n", VALID,
]  # fmt: skip
INNOCENT_HOST = re.compile(rb"(127\.0\.0\.1|localhost)(:9477)?", re.IGNORECASE)
GUILTY = re.compile(rb"(origin|referer|sec-.*|x-forwarded.*|forwarded|via|transfer-encoding|cookie|proxy-.*|upgrade)")


class Grammar(NamedTuple):
    """One of the two that a connection may speak: its guard, its refusal, and the request lines it may let through."""

    name: str
    parse: Callable[[bytes, frozenset[bytes]], head.Request]
    refusal: bytes
    valid: bytes
    lines: re.Pattern[bytes]


ENDPOINT = Grammar("endpoint", head.parse, answers.NO_GRANT, VALID, re.compile(rb"GET /[A-Za-z0-9._/-]* HTTP/1\.1"))
IMDS = Grammar(
    "imds",
    imds.parse,
    answers.NOT_OURS,
    PUT,
    re.compile(rb"(GET /[A-Za-z0-9._/-]*|PUT /?/latest/api/token) HTTP/1\.1"),
)


def an_input(rng: random.Random, valid: bytes) -> bytes:
    """Raw bytes, a soup of the protocol's words, or a valid head with a few things wrong."""
    kind = rng.random()
    if kind < 0.1:
        return rng.randbytes(rng.choice([0, 1, 3, 20, 300]))
    if kind < 0.11:
        return rng.choice([b"x", b"\r\n", b"A: b\r\n", b"\x00", VALID]) * rng.randrange(1, 9000)
    if kind < 0.3:
        return b"".join(rng.choices(WORDS, k=rng.randrange(1, 30)))
    data = bytearray(valid * rng.choice([1, 1, 1, 2, 3]))
    for _ in range(rng.choice([0, 1, 1, 2, 3])):
        at = rng.choice([match.end() for match in re.finditer(b"\r\n|: | ", data)] or [0, rng.randrange(len(data) + 1)])
        new = rng.choice([b"", rng.choice(WORDS), rng.choice(WORDS), rng.randbytes(1), rng.randbytes(3)])
        data[at : at + rng.choice([0, 0, 1, 2, 20])] = new
    return bytes(data)


def pieces_of(data: bytes, rng: random.Random) -> list[bytes]:
    """The input whole, cut anywhere, or (if it isn't long) a byte at a time."""
    how = rng.random()
    if how < 0.4 or len(data) < 2:
        return [data]
    if how < 0.6 and len(data) < 1000:
        return [data[i : i + 1] for i in range(len(data))]
    edges = sorted({0, len(data), *(rng.randrange(len(data)) for _ in range(rng.randrange(1, 9)))})
    return [data[a:b] for a, b in itertools.pairwise(edges)]


class Transport:
    """What a connection wrote, and whether it closed."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        """Keep it."""
        assert not self.closed, "wrote after closing"
        if data:
            self.written.append(bytes(data))

    def close(self) -> None:
        """Remember that."""
        self.closed = True

    abort = close

    def is_closing(self) -> bool:
        """Whether it was closed."""
        return self.closed


def innocent(raw: bytes, lines_let_through: re.Pattern[bytes]) -> bool:
    """Whether a head that was let through is one that may be; shares no code with the guard."""
    line, *lines = raw.split(b"\r\n")
    names = [name.lower() for name, _, _ in (header.partition(b":") for header in lines)]
    hosts = [header.partition(b":")[2].strip(b" \t") for header in lines if header.lower().startswith(b"host:")]
    return (
        lines_let_through.fullmatch(line) is not None
        and len(hosts) == 1
        and INNOCENT_HOST.fullmatch(hosts[0]) is not None
        and len(set(names)) == len(names)
        and not any(GUILTY.fullmatch(name) for name in names)
        and not re.search(rb"[\x00\r\n]", line + b"".join(lines))
    )


def one_connection(data: bytes, pieces: list[bytes], findings: Findings, grammar: Grammar) -> None:
    """Feed one connection, and check its invariant."""
    through = 0

    def answer(_: head.Request) -> bytes:
        nonlocal through
        through += 1
        return SERVED

    endpoint = Endpoint(answer, lambda: 0.0, parse=grammar.parse, refusal=grammar.refusal)
    endpoint.hosts = HOSTS
    connection, transport = Connection(endpoint), Transport()
    connection.connection_made(transport)  # type: ignore[arg-type]
    for piece in pieces:
        if transport.closed:
            break
        connection.data_received(piece)
        if not transport.closed:
            held = len(connection._buffer)
            findings.largest_buffer = max(findings.largest_buffer, held)
            assert held < head.MAX_HEAD, "the buffer is not bounded"
    connection.connection_lost(None)
    assert not endpoint.connections, "a connection was left behind"
    refused = transport.written[through:]
    assert transport.written[:through] == [SERVED] * through, "an answer to no request"
    assert refused in ([], [grammar.refusal]), "a refusal of another kind"
    for raw in data.split(b"\r\n\r\n")[:through]:
        assert innocent(raw, grammar.lines), "a guilty head was let through"
    findings.count[f"{grammar.name} served"] += through
    findings.count[f"{grammar.name} refused"] += len(refused)
    findings.count[f"{grammar.name} left waiting"] += not transport.closed


def one_head(data: bytes, grammar: Grammar) -> None:
    """Parse one head: a request, or Refused."""
    try:
        request = grammar.parse(data, HOSTS)
    except head.Refused:
        return
    assert innocent(data, grammar.lines), "a guilty head was let through"
    assert "xacct_" not in repr(request), "a token in a repr"


def fuzz_endpoint(inputs: int, until: float, rng: random.Random, findings: Findings, grammar: Grammar) -> None:
    """Run inputs through connections, and each through the parser too."""
    for number in range(1, inputs + 1):
        data = an_input(rng, grammar.valid)[:LARGEST]
        try:
            one_head(data.partition(b"\r\n\r\n")[0], grammar)
            one_connection(data, pieces_of(data, rng), findings, grammar)
        except Exception as bug:  # noqa: BLE001 - that is what is looked for
            findings.found(f"{grammar.name}: {type(bug).__name__}: {bug}", data)
        findings.count[f"{grammar.name} inputs"] += 1
        if number % 1000 == 0 and time.monotonic() > until:
            return


# The control API.

PATHS = [
    b"/v1/version", b"/v1/status", b"/v1/roles", b"/v1/roles/dev/explain", b"/v1/login", b"/v1/logout",
    b"/v1/credentials", b"/v1/grants", b"/v1/grants/x", b"/v1/prompts", b"/v1/prompts/1", b"/v1/reload", b"/", b"/v1",
    b"*", b"http://x/v1/version", b"/v1/%2e%2e/stop", b"/v1/\xff",
]  # fmt: skip
ROUTES = [
    b"GET /v1/version", b"GET /v1/status", b"GET /v1/roles", b"GET /v1/roles/dev/explain", b"POST /v1/login",
    b"POST /v1/login", b"POST /v1/logout", b"POST /v1/credentials", b"POST /v1/grants", b"GET /v1/grants",
    b"DELETE /v1/grants/x", b"GET /v1/prompts", b"POST /v1/prompts/1", b"POST /v1/reload", b"POST /v1/stop",
]  # fmt: skip
JSON = [
    b"{", b"}", b"[", b"]", b'"', b",", b":", b"null", b"true", b"1", b"-1", b"1e999", b"NaN", b'"roles"',
    b'"role"', b'"dev"',
    b'"all"', b'"code"', b'"attend"', b"false", b'"ttl"', b'"label"', b'"pid"', b'"lifetime"', b"\\u0000",
    b"\\ud800", b"\xff",
    b"{" * 2000, b"[" * 60_000, b'"' + b"a" * 70_000 + b'"', b"99999999999999999999",
]  # fmt: skip
BODIES = [
    b'{"roles": ["dev"], "code": "123456", "attend": false}', b'{"roles": ["dev"], "label": "x", "ttl": 5}',
    b'{"all": true}',
    b'{"role": "dev", "attend": false, "lifetime": 5000}', b'{"code": "1"}', b"{}", b"",
]  # fmt: skip


def a_request(rng: random.Random) -> bytes:
    """A request to the control API, more or less."""
    body = rng.choice(BODIES)
    if rng.random() < 0.6:
        body = b"".join(rng.choices(JSON, k=rng.randrange(1, 12)))
    elif body and rng.random() < 0.5:
        at = rng.randrange(len(body))
        body = body[:at] + rng.choice(JSON) + body[at + rng.randrange(4) :]
    length = b"%d" % len(body) if rng.random() < 0.95 else rng.choice([b"-1", b"x", b"99999999999", b"0"])
    route = rng.choice(ROUTES)
    if rng.random() < 0.3:
        method = rng.choice([b"GET", b"POST", b"DELETE", b"PUT", b"OPTIONS", b"BREW"])
        route = method + b" " + rng.choice(PATHS)
    raw = route + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    raw += b"Content-Length: " + length + b"\r\n\r\n" + body
    if rng.random() < 0.3:
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(raw))
            raw = raw[:at] + rng.choice([*WORDS, rng.randbytes(2)]) + raw[at + rng.randrange(3) :]
    return raw


async def one_exchange(path: Path, raw: bytes, rng: random.Random, findings: Findings) -> None:
    """Send one request, in one piece or several: an answer, or a close."""
    reader, writer = await asyncio.open_unix_connection(str(path))
    try:
        for piece in pieces_of(raw, rng) if len(raw) < 500 else [raw]:
            writer.write(piece)
            await asyncio.sleep(0)
        said = await _answer(reader, writer)
    except ConnectionError:
        said = b""
    finally:
        writer.close()
    status = said[9:12].decode("ascii", "replace") or "close"
    findings.count[f"control {status}"] += 1
    assert status == "close" or status.isdigit(), f"an answer that is no HTTP: {said[:100]!r}"
    assert not status.startswith("5"), f"status {status}: {said[-300:]!r}"


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """What is said until the close; to a request that isn't whole there is no more to come."""
    said = bytearray()
    for patience in (MOMENT, 20.0):
        try:
            async with asyncio.timeout(patience):
                while piece := await reader.read(65536):
                    said += piece
            break
        except TimeoutError:
            if patience > MOMENT:
                raise
            writer.write_eof()
    return bytes(said)


async def no_successor() -> int:
    """There is nobody to take over."""
    raise errors.Temporary("There is no successor.")


async def nothing_to_read(_files: object) -> bool:
    """No configuration is read here."""
    return True


async def no_problems() -> list[errors.XacctError]:
    """Nor is it asked to."""
    return []


async def fuzz_control(inputs: int, until: float, rng: random.Random, findings: Findings) -> None:
    """Run requests against a control server on a socket."""
    complaints: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(str(context["message"])))
    with tempfile.TemporaryDirectory(prefix="x-") as folder:
        clock = AwsClock(host_clock.read)
        sts = FakeSts(clock)
        sts.code = None
        keeper = small_keeper(sts)
        grants = Grants(Path(folder), None, clock.now, lambda _: None)
        about = About(sys.executable, "code", lambda: False, lambda: False, 0.0, tuple)
        daemon = lone_daemon(
            endpoint_url="http://127.0.0.1:9477",
            problems=list,
            read_changed=nothing_to_read,
            reload=no_problems,
            outdated=lambda: False,
            stop=lambda: None,
            succeed=no_successor,
            about=about,
        )
        path = Path(folder) / "control.sock"
        server = ControlServer(Api(CredentialService(keeper), grants, daemon).application(), bind(path), path)
        await server.start()
        for _ in range(inputs):
            raw = a_request(rng)
            try:
                await one_exchange(path, raw, rng, findings)
            except Exception as bug:  # noqa: BLE001 - that is what is looked for
                findings.found(f"control: {type(bug).__name__}: {bug}", raw)
            findings.count["control inputs"] += 1
            for grant in grants.all():
                grants.revoke(grant.id)
            if time.monotonic() > until:
                break
        await server.close()
        await keeper.close()
    findings.wrong += [f"control: the loop complained: {complaint}" for complaint in complaints]


def peak() -> float:
    """The most memory this process has had, in MiB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def main() -> int:
    """Fuzz, and report. Returns the exit status."""
    parser = argparse.ArgumentParser(description="Fuzz the endpoint, the IMDS ports and the control API.")
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=900.0)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    logging.disable()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    findings, rng = Findings(), random.Random(arguments.seed)  # noqa: S311 - to be repeated
    began, before = time.monotonic(), peak()
    fuzz_endpoint(arguments.inputs, began + arguments.seconds * 0.6, rng, findings, ENDPOINT)
    fuzz_endpoint(arguments.inputs // 4, began + arguments.seconds * 0.7, rng, findings, IMDS)
    middle, between = time.monotonic(), peak()
    asyncio.run(fuzz_control(max(arguments.inputs // 100, 100), began + arguments.seconds, rng, findings))
    fuzz_files(arguments.inputs // 10, began + arguments.seconds * 1.2, rng, findings)
    after = peak()
    print(f"seed {arguments.seed}")
    for name in sorted(findings.count):
        print(f"{name:20} {findings.count[name]:>10,}")
    print(f"{'largest buffer':20} {findings.largest_buffer:>10,} bytes, of at most {head.MAX_HEAD:,}")
    print(f"{'memory':20} {before:.1f} MiB at first, {between:.1f} after both grammars, {after:.1f} at the end")
    print(f"{'time':20} {middle - began:.0f} s and {time.monotonic() - middle:.0f} s")
    print(f"{'exceptions':20} {len(findings.wrong):>10,}")
    for wrong in findings.wrong[:10]:
        print(wrong, file=sys.stderr)
    return 1 if findings.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
