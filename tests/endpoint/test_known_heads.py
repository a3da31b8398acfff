"""A head that was trusted before is read like any other: by the guard itself, or as the guard has read it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xacct.endpoint import head, known_heads
from xacct.endpoint.known_heads import LONGEST, MOST, KnownHeads

PORT = 9477
HOSTS = head.hosts_of(PORT)
OTHERS = head.hosts_of(1234)
FORWARDED = b"Host: 127.0.0.1:4711"


def request(*lines, target="/v1/credentials/dev", host=b"Host: 127.0.0.1:9477"):
    return b"\r\n".join([f"GET {target} HTTP/1.1".encode(), host, *lines])


@pytest.fixture
def looks(monkeypatch):
    """The heads that the guard has looked at."""
    looked = []
    real = head.parse

    def parse(raw, *rest):
        looked.append(raw)
        return real(raw, *rest)

    monkeypatch.setattr(known_heads.head, "parse", parse)
    return looked


def test_what_was_trusted_is_looked_at_once_and_found_the_same(looks):
    raw = request(b"Authorization: xacct_abc", b"User-Agent: \taws ", b"Connection: close")
    heads = KnownHeads()
    first, second = heads.parse(raw, HOSTS), heads.parse(raw, HOSTS)
    assert first == second == head.Request("/v1/credentials/dev", b"xacct_abc", b"aws", keep_alive=False)
    assert first is not second  # each has its own caller
    assert len(looks) == 1


@pytest.mark.parametrize(
    "other", [request(b"Authorization: xacct_abd"), request(b"Authorization: xacct_abc", b"Via: x")]
)
def test_what_differs_in_a_byte_is_looked_at(looks, other):
    heads = KnownHeads()
    heads.parse(request(b"Authorization: xacct_abc"), HOSTS)
    try:
        assert heads.parse(other, HOSTS).authorization == b"xacct_abd"
    except head.Refused as refused:
        assert refused.why == "header via"  # noqa: PT017 - one of the two is refused
    assert other in looks


def test_what_is_refused_is_refused_again():
    heads = KnownHeads()
    for _ in range(2):
        with pytest.raises(head.Refused, match="header origin"):
            heads.parse(request(b"Origin: http://evil.example"), HOSTS)


def test_another_listeners_hosts_are_asked_about_anew():
    heads = KnownHeads()
    heads.parse(request(), HOSTS)
    with pytest.raises(head.Refused, match="host"):
        heads.parse(request(), OTHERS)


def test_a_host_that_a_grant_brought_along_is_refused_once_the_grant_has_ended():
    forwarded = {b"xacct_abc": 4711}
    heads = KnownHeads(forwarded.get)
    raw = request(b"Authorization: xacct_abc", host=FORWARDED)
    assert heads.parse(raw, HOSTS).authorization == b"xacct_abc"
    forwarded.clear()
    with pytest.raises(head.Refused, match="host"):
        heads.parse(raw, HOSTS)


def test_no_token_is_kept():
    heads = KnownHeads()
    heads.parse(request(b"Authorization: xacct_secret"), HOSTS)
    assert "xacct_secret" not in repr(heads._known)
    assert len(heads._known) == 1


def test_strangers_fill_no_memory():
    heads = KnownHeads()
    heads.parse(request(b"User-Agent: " + b"x" * LONGEST), HOSTS)
    assert not heads._known
    for number in range(2 * MOST + 1):
        heads.parse(request(b"User-Agent: %d" % number), HOSTS)
    assert 0 < len(heads._known) <= MOST


LINES = [b"Accept: */*", b"User-Agent: a", b"Authorization: G", b"Authorization:", b"Via: x", b"x"]


@given(st.lists(st.sampled_from(LINES)))
def test_it_says_what_the_guard_says(lines):
    def said(parse):
        try:
            return parse(request(*lines), HOSTS)
        except head.Refused as refused:
            return refused.why

    heads = KnownHeads()
    assert said(heads.parse) == said(heads.parse) == said(head.parse)
