"""One valid request head or a refusal, never anything else; and the buffer stays bounded. By both grammars.

Bytes go straight into a Connection, in whatever pieces. The check of what was let through shares no code with
the guard.
"""

import itertools
import re

import pytest
from examples import examples
from hypothesis import example, given, settings
from hypothesis import strategies as st

from xacct.endpoint import answers, head
from xacct.endpoint.handlers import imds
from xacct.endpoint.server import Connection, Endpoint

PORT = 9477
SERVED = answers.whole(answers.OK, b"{}")
VALID = (
    b"GET /v1/credentials/dev HTTP/1.1\r\nHost: 127.0.0.1:9477\r\nAuthorization: xacct_abc\r\n"
    b"User-Agent: python-urllib3/2.2\r\nAccept: */*\r\n\r\n"
)


class Transport:
    """What was written, and whether it is closed."""

    def __init__(self):
        self.written = []
        self.closed = False

    def write(self, data):
        assert not self.closed, "wrote after closing"
        self.written.append(bytes(data))

    def close(self):
        self.closed = True

    def is_closing(self):
        return self.closed


OURS = (head.parse, answers.NO_GRANT, rb"GET /[^ ?#%\\]* HTTP/1\.1$")
EC2S = (imds.parse, answers.NOT_OURS, rb"(GET /[A-Za-z0-9._/-]*|PUT /latest/api/token) HTTP/1\.1$")
PUT = (
    b"PUT /latest/api/token HTTP/1.1\r\nHost: 127.0.0.1:9477\r\nX-aws-ec2-metadata-token-ttl-seconds: 21600\r\n"
    b"Content-Length: 0\r\nAccept: */*\r\n\r\n"
)


def feed(pieces, grammar=OURS):
    """What a connection makes of the pieces: requests let through, what it wrote, and whether it closed."""
    through = []
    parse, refusal, _ = grammar
    give = lambda request: through.append(request) or SERVED  # noqa: E731
    endpoint = Endpoint(give, lambda: 0.0, parse=parse, refusal=refusal)
    endpoint.hosts = head.hosts_of(PORT)
    connection, transport = Connection(endpoint), Transport()
    connection.connection_made(transport)
    for piece in pieces:
        if transport.closed:
            break
        connection.data_received(piece)
        # What is left is no complete head, or the connection has been refused.
        assert transport.closed or len(connection._buffer) < head.MAX_HEAD
        assert len(connection._buffer) <= head.MAX_HEAD + len(piece)
    return through, transport.written, transport.closed


def cut(data, places):
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges) if a < b]


def check(data, places=(), grammar=OURS):
    _, refusal, line = grammar
    through, written, closed = feed([data] if data else [], grammar)
    assert written[: len(through)] == [SERVED] * len(through)
    assert written[len(through) :] in ([], [refusal])
    assert closed == (written[-1:] == [refusal]) or b"close" in data.lower()
    assert len(through) <= data.count(b"\r\n\r\n")
    for raw, _ in zip(data.split(b"\r\n\r\n"), through, strict=False):
        assert is_innocent(raw, line)
    assert feed(cut(data, places), grammar) == (through, written, closed), "the cuts made a difference"


GIVEAWAY = re.compile(rb"sec-|x-forwarded|(origin|referer|forwarded|via|transfer-encoding)$")


def is_innocent(raw, request_line=OURS[2]):
    """What must be so of any head that was let through."""
    lines = raw.split(b"\r\n")
    names = [line.partition(b":")[0].lower() for line in lines[1:]]
    return (
        len(raw) <= head.MAX_HEAD
        and re.match(request_line, lines[0]) is not None
        and names.count(b"host") == 1
        and len(set(names)) == len(names) <= head.MAX_HEADERS
        and not re.search(rb"[\x00\n\r]", b"".join(lines))
        and not any(GIVEAWAY.match(name) for name in names)
        and re.search(rb"\nhost:\s*(127\.0\.0\.1|localhost)(:9477)?\s*$", raw, re.IGNORECASE | re.MULTILINE) is not None
    )


cuts = st.lists(st.integers(0, 20_000), max_size=12)
WORDS = [
    b"GET", b"POST", b" ", b"/", b"HTTP/1.1", b"HTTP/1.0", b"\r\n", b"\n", b"\r", b"\r\n\r\n", b":", b"\x00", b"\t",
    b"Host: 127.0.0.1:9477\r\n", b"Host: evil.example\r\n", b"host:localhost\r\n", b"Origin: null\r\n", b"Via: 1\r\n",
    b"Content-Length: 0\r\n", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n",
    b"/v1/role-arn/arn:aws:iam::123456789012:role/a",
    b"http://127.0.0.1:9477/", b" folded\r\n", b"X-Forwarded-For: 1\r\n", b"A: " + b"a" * 4000 + b"\r\n", VALID,
    b"PUT", b"/latest/api/token", b"X-aws-ec2-metadata-token: a\r\n", PUT,
]  # fmt: skip
soups = st.lists(st.one_of(st.sampled_from(WORDS), st.binary(max_size=5)), max_size=40).map(b"".join)


@st.composite
def nearly_valid(draw, valid=VALID):
    """Valid heads with a few bytes or words put in, taken out or replaced."""
    data = valid * draw(st.integers(1, 3))
    for _ in range(draw(st.integers(0, 3))):
        starts = [match.end() for match in re.finditer(b"\r\n", data)] or [0]
        at = draw(st.one_of(st.sampled_from(starts), st.integers(0, len(data))))
        gone = draw(st.sampled_from([0, 0, 1, 2, 20]))
        data = data[:at] + draw(st.one_of(st.sampled_from([b"", *WORDS]), st.binary(max_size=2))) + data[at + gone :]
    return data


@settings(max_examples=examples(300), deadline=None)
@given(st.binary(max_size=300), cuts)
@example(b"", [])
@example(b"\r\n\r\n", [1, 2, 3])
@example(b"x" * (head.MAX_HEAD + 1), [head.MAX_HEAD])
def test_any_bytes(data, places):
    check(data, places)


@settings(max_examples=examples(300), deadline=None)
@given(soups, cuts)
def test_any_soup_of_its_words(data, places):
    check(data, places)


@settings(max_examples=examples(600), deadline=None)
@given(nearly_valid(), cuts)
@example(VALID * 50, [7, 700])
@example(VALID.replace(b"Accept", b"accept: a\r\nACCEPT"), [])
@example(VALID.replace(b"\r\nA", b"\nA"), [])
@example(VALID.replace(b"\r\n", b"\n"), [])
def test_anything_near_a_valid_request(data, places):
    check(data, places)


@settings(max_examples=examples(300), deadline=None)
@given(st.one_of(nearly_valid(PUT), nearly_valid(PUT + VALID), soups, st.binary(max_size=300)), cuts)
@example(PUT * 50, [7, 700])
@example(PUT.replace(b"api", b"../api"), [])
@example(PUT.replace(b"Length: 0", b"Length: 6") + b"ab\r\n\r\n", [])
def test_anything_at_an_imds_port(data, places):
    check(data, places, EC2S)


GUILTY = [
    b"Origin: ", b"Referer: ", b"Via: ", b"Forwarded: ", b"X-Forwarded-", b"Sec-Fetch-", b"Transfer-Encoding: ",
    b"Host: 127.0.0.1", b"accept: ", b"Content-Length: 1", b" ", b"\n", b"\x00", b"X: \x00", b"X : ",
]  # fmt: skip


@settings(max_examples=examples(200), deadline=None)
@given(st.sampled_from(GUILTY), st.integers(1, 5), st.text("abc:", max_size=3), cuts)
def test_one_guilty_line_anywhere_spoils_a_valid_request(line, place, tail, places):
    for valid, grammar in ((VALID, OURS), (VALID, EC2S), (PUT, EC2S)):
        lines = valid.split(b"\r\n")
        lines.insert(place, line + b"x" + tail.encode())
        data = b"\r\n".join(lines)
        assert feed(cut(data, places), grammar) == ([], [grammar[1]], True)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 64, 8192])
def test_a_valid_request_in_any_size_of_pieces(size):
    data = VALID * 3
    assert feed([data[i : i + size] for i in range(0, len(data), size)])[1:] == ([SERVED] * 3, False)


def test_the_check_itself_finds_what_is_not_innocent():
    raw = VALID.removesuffix(b"\r\n\r\n")
    assert is_innocent(raw)
    assert is_innocent(PUT.removesuffix(b"\r\n\r\n"), EC2S[2])
    assert not is_innocent(PUT.removesuffix(b"\r\n\r\n"))
    for guilty in (b"Origin: null", b"Host: localhost", b"X: a\nb", b"Via: x"):
        assert not is_innocent(raw + b"\r\n" + guilty)
    assert not is_innocent(raw.replace(b"127.0.0.1", b"127.0.0.2"))
