import pytest

from xacct.endpoint import head

PORT = 9477
HOSTS = head.hosts_of(PORT)


def request(*lines, first=b"GET /v1/credentials/dev HTTP/1.1", host=b"Host: 127.0.0.1:9477"):
    return b"\r\n".join([first, *([host] if host else []), *lines])


def refused(raw):
    with pytest.raises(head.Refused) as refusal:
        head.parse(raw, HOSTS)
    return refusal.value.why


def test_what_an_sdk_sends_is_read():
    got = head.parse(request(b"Authorization: xacct_abc", b"User-Agent: \tpython-urllib3/2.2 ", b"Accept: */*"), HOSTS)
    assert got == head.Request("/v1/credentials/dev", b"xacct_abc", b"python-urllib3/2.2", keep_alive=True)


def test_what_an_sdk_may_leave_out_is_empty():
    assert head.parse(request(), HOSTS) == head.Request("/v1/credentials/dev", b"", b"", keep_alive=True)


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::123456789012:role/dev",
        "arn:aws-us-gov:iam::123456789012:role/dev",
        "arn:aws:iam::123456789012:role/path/to/a+b=c,d.e@f-g_h",
        "arn:aws:iam::123456789012:role/" + "a" * 576,
    ],
)
def test_a_role_arn_is_let_through_on_its_own_path(arn):
    first = f"GET /v1/role-arn/{arn} HTTP/1.1".encode()
    assert head.parse(request(first=first), HOSTS).target == "/v1/role-arn/" + arn


@pytest.mark.parametrize(
    "target",
    [
        "/v1/credentials/arn:aws:iam::123456789012:role/dev",
        "/role-arn/arn:aws:iam::123456789012:role/dev",
        "/v1/role-arn/../credentials/a:b",
        "/v1/role-arn/x:y",
        "/v1/role-arn/a+b",
        "/v1/role-arn/arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fdev",
        "/v1/role-arn/arn:aws:iam::123456789012:role/d%65v",
        "/v1/role-arn/arn:aws:iam::12345678901:role/dev",
        "/v1/role-arn/arn:aws:iam::123456789012:user/dev",
        "/v1/role-arn/arn:aws:sts::123456789012:assumed-role/dev",
        "/v1/role-arn/arn:aws:iam::123456789012:role/",
        "/v1/role-arn/arn:aws:iam::123456789012:role/a:b",
        "/v1/role-arn/arn:aws:iam::123456789012:role/a?b",
        "/v1/role-arn/arn:aws:iam::123456789012:role/a#b",
        "/v1/role-arn/arn:aws:iam::123456789012:role/a b",
        "/v1/role-arn/arn:aws:iam::123456789012:role/a;b",
        "/v1/role-arn/arn:aws:iam::123456789012:role/a*",
        "/v1/role-arn/arn:AWS:iam::123456789012:role/dev",
        "/v1/role-arn/arn:aws:iam::123456789012:role/" + "a" * 577,
    ],
)
def test_what_is_no_whole_role_arn_is_not(target):
    assert refused(request(first=f"GET {target} HTTP/1.1".encode())) == "request line"


@pytest.mark.parametrize(
    "host", [b"127.0.0.1", b"127.0.0.1:9477", b"localhost", b"localhost:9477", b"LOCALHOST:9477", b" localhost "]
)
def test_our_hosts_are_ours(host):
    assert head.parse(request(host=b"Host:" + host), HOSTS)


@pytest.mark.parametrize(
    "host",
    [
        b"",
        b"127.0.0.1:",
        b"127.0.0.1:80",
        b"127.0.0.1:09477",
        b"127.0.0.1:94770",
        b"127.0.0.2:9477",
        b"127.1:9477",
        b"0.0.0.0:9477",
        b"[::1]:9477",
        b"2130706433:9477",
        b"evil.example",
        b"evil.example:9477",
        b"localhost.evil.example:9477",
        b"localhost.:9477",
        b"xlocalhost:9477",
        b"user@localhost:9477",
        b"localhost:9477/",
        b"localhost:9477, localhost:9477",
        b"localhost:9477 evil.example",
        b"169.254.169.254",
        b"169.254.170.2",
        b"host.docker.internal:9477",
    ],
)
def test_other_hosts_are_not(host):
    assert refused(request(host=b"Host: " + host)) == "host"


def test_another_host_is_ours_with_a_token_that_brings_it_along():
    def forwarded(token):
        return 40123 if token == b"mine" else None

    def host_with(token, host=b"127.0.0.1:40123"):
        sent = request(b"Authorization: " + token, host=b"Host: " + host)
        try:
            return head.parse(sent, HOSTS, forwarded).authorization
        except head.Refused as no:
            return no.why

    assert host_with(b"mine") == b"mine"
    assert host_with(b"mine", b"127.0.0.1:40124") == "host"
    assert host_with(b"mine", b"evil.example:40123") == "host"
    assert host_with(b"another") == "host"
    assert host_with(b"") == "host"


def test_a_request_without_host_is_refused():
    assert refused(request(host=None)) == "host"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b" ",
        b"GET",
        b"GET / ",
        b"GET /",
        b"GET  / HTTP/1.1",
        b"GET / HTTP/1.1 ",
        b" GET / HTTP/1.1",
        b"get / HTTP/1.1",
        b"GET\t/\tHTTP/1.1",
        b"GET / http/1.1",
        b"GET / HTTP/1.0",
        b"GET / HTTP/1.2",
        b"GET / HTTP/2.0",
        b"GET / HTTP/11",
        b"GET / HTTP/1.11",
        b"GET / HTTP/1.1\n",
        b"GET / HTTP/1.1\r",
        b"GET /\n HTTP/1.1",
        b"GET * HTTP/1.1",
        b"GET v1/credentials/dev HTTP/1.1",
        b"GET http://127.0.0.1:9477/v1/credentials/dev HTTP/1.1",
        b"GET http://evil.example/ HTTP/1.1",
        b"GET 127.0.0.1:9477 HTTP/1.1",
        b"GET /?role=dev HTTP/1.1",
        b"GET /#dev HTTP/1.1",
        b"GET /v1/credentials/d%65v HTTP/1.1",
        b"GET /v1/credentials/d\x00v HTTP/1.1",
        b"GET /v1/credentials/d\xc3\xa9v HTTP/1.1",
        b"GET /v1/credentials/d v HTTP/1.1",
        b"GET /v1\\credentials HTTP/1.1",
        b"POST / HTTP/1.1",
        b"HEAD / HTTP/1.1",
        b"OPTIONS / HTTP/1.1",
        b"CONNECT 127.0.0.1:9477 HTTP/1.1",
        b"PRI * HTTP/2.0",
    ],
)
def test_any_other_request_line_is_refused(line):
    assert refused(request(first=line)) == "request line"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"Name",
        b": value",
        b"Name : value",
        b" Name: value",
        b"\tfolded",
        b"Na me: value",
        b"Na\x00me: value",
        b"N\xc3\xa4me: value",
        b"Name: a\nb",
        b"Name: a\rb",
        b"Name: a\x00b",
        b"Name: a\x0bb",
        b"Name: a\x7fb",
        b"(Name): value",
    ],
)
def test_what_is_no_header_line_is_refused(line):
    assert refused(request(line)) == "header syntax"


@pytest.mark.parametrize(
    "name",
    [
        b"Origin",
        b"Referer",
        b"Forwarded",
        b"Via",
        b"X-Real-IP",
        b"Cookie",
        b"Transfer-Encoding",
        b"Upgrade",
        b"Expect",
        b"HTTP2-Settings",
        b"Access-Control-Request-Method",
        b"Sec-Fetch-Site",
        b"Sec-Fetch-Mode",
        b"Sec-Fetch-Dest",
        b"Sec-CH-UA",
        b"Sec-WebSocket-Key",
        b"X-Forwarded-For",
        b"X-Forwarded-Host",
        b"X-Forwarded-Proto",
        b"Proxy-Connection",
        b"Proxy-Authorization",
    ],
)
@pytest.mark.parametrize("spelt", [bytes.title, bytes.lower, bytes.upper])
def test_what_browsers_and_proxies_send_gives_them_away(name, spelt):
    for value in (b"", b"null", b"http://127.0.0.1:9477"):
        assert refused(request(spelt(name) + b": " + value)) == f"header {name.decode().lower()}"


@pytest.mark.parametrize(
    "lines",
    [
        (b"Host: 127.0.0.1:9477",),
        (b"host: evil.example",),
        (b"Authorization: a", b"authorization: b"),
        (b"Accept: a", b"Accept: a"),
    ],
)
def test_a_header_that_comes_twice_is_refused(lines):
    assert refused(request(*lines)) == "duplicate header"


def test_one_header_more_than_the_most_is_refused():
    most = [b"X-%d: x" % n for n in range(head.MAX_HEADERS - 1)]  # and Host
    assert head.parse(request(*most), HOSTS)
    assert refused(request(*most, b"X-More: x")) == "too many headers"


@pytest.mark.parametrize("length", [b"1", b"00", b"-0", b"+0", b"0x0", b"", b"0, 0", b"9" * 5000])
def test_a_body_is_refused(length):
    assert refused(request(b"Content-Length: " + length)) == "body"


def test_a_body_of_nothing_is_none():
    assert head.parse(request(b"Content-Length: 0"), HOSTS)


@pytest.mark.parametrize(
    ("connection", "kept"), [(None, True), (b"keep-alive", True), (b"close", False), (b"Close", False)]
)
def test_a_connection_is_kept_unless_the_client_says_otherwise(connection, kept):
    lines = () if connection is None else (b"Connection: " + connection,)
    assert head.parse(request(*lines), HOSTS).keep_alive is kept


def test_a_request_does_not_show_its_token():
    shown = repr(head.parse(request(b"Authorization: xacct_canary"), HOSTS))
    assert "canary" not in shown


@pytest.mark.parametrize("name", ["X-Forwarded-abc123", "Sec-4711", "Proxy-x"])
def test_what_a_stranger_has_made_up_is_no_kind_of_its_own(name):
    raw = f"GET /v1/credentials/prod HTTP/1.1\r\nHost: 127.0.0.1:9477\r\n{name}: x".encode()
    with pytest.raises(head.Refused) as refused:
        head.parse(raw, head.hosts_of(9477))
    assert refused.value.why in {"header x-forwarded*", "header sec-*", "header proxy-*"}
