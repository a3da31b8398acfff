"""The guard: one valid request head that only an SDK on this machine would send, or a refusal. Nothing else.

It reads the raw bytes, because what an HTTP library makes of a Host header or an absolute target is not what was
sent. A browser, a proxy or a server-side request forgery gives itself away by a header it can't leave out:
Origin, Referer, Sec-Fetch-*, X-Forwarded-*, Forwarded, Via; a rebound name by its Host.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xacct.model import ROLE_ARN, Caller

if TYPE_CHECKING:
    from collections.abc import Callable

    Forwarded = Callable[[bytes], int | None]

MAX_HEAD = 8192
"""Bytes of request line and headers; the largest SDK head measured is below 1 KiB."""

MAX_HEADERS = 40

ROLE_PATH = "/v1/credentials/"
ROLE_ARN_PATH = "/v1/role-arn/"

_REQUEST_LINE = re.compile(
    # guard: origin-form-targets-only, get-only, http-1-1-only
    rb"GET (/[A-Za-z0-9._/-]*|%s%s) HTTP/1\.1" % (ROLE_ARN_PATH.encode("ascii"), ROLE_ARN.encode("ascii"))
)
"""No SDK speaks HTTP/1.0, some reverse proxies do; and it knows no chunks, in which a held answer comes.

An ARN's colons and the like are for one path alone, and only as part of a whole ARN. They are legal in a path as
they are (RFC 3986, pchar), so percent-encoding stays refused.
"""

# guard: no-control-characters-in-values, names-of-tokens-up-to-colon
_HEADER = re.compile(rb"([A-Za-z0-9!#$%&'*+.^_`|~-]+):([\t\x20-\x7e\x80-\xff]*)")
_BEGINNINGS = (b"sec-", b"x-forwarded", b"proxy-")  # guard: no-sec-fetch, no-x-forwarded, no-proxy
_KNOWN = frozenset(
    {
        *(
            b"sec-fetch-site",
            b"sec-fetch-mode",
            b"sec-fetch-dest",
            b"sec-fetch-user",
            b"sec-ch-ua",
            b"sec-websocket-key",
        ),
        *(b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-forwarded-port", b"x-forwarded-server"),
        *(b"proxy-connection", b"proxy-authorization"),
    }
)
"""Those of them that are named in the audit as they are."""

_FORBIDDEN = frozenset(
    {
        b"origin",  # guard: no-origin
        b"referer",  # guard: no-referer
        b"forwarded",  # guard: no-forwarded
        b"via",  # guard: no-via
        b"x-real-ip",  # guard: no-x-real-ip
        b"cookie",  # guard: no-cookie
        b"transfer-encoding",  # guard: no-transfer-encoding
        b"upgrade",  # guard: no-upgrade
        b"expect",
        b"http2-settings",
        b"access-control-request-method",
    }
)


class Refused(Exception):
    """The head is not one we serve.

    Attributes:
        why: for the audit log; never sent.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


NOT_ASKED = Caller(why="not asked")


@dataclass(slots=True)
class Request:
    """What is left of a head once it is trusted.

    Attributes:
        authorization: the token, in whichever header the protocol carries it.
        caller: who sent it; the connection says so.
        ttl: the seconds that one is asked for.
    """

    target: str
    authorization: bytes
    user_agent: bytes
    keep_alive: bool
    caller: Caller = NOT_ASKED
    method: str = "GET"
    ttl: bytes = b""

    def __repr__(self) -> str:
        # guard: no-token-in-requests-repr
        return f"Request({self.target!r})"  # and never the token


def hosts_of(port: int, address: str = "127.0.0.1") -> frozenset[bytes]:
    """The Host values that are ours: with the port, or (aws-c-auth sends it so) without."""
    names = [address.encode("ascii")] + [b"localhost"] * address.startswith("127.")
    return frozenset(names) | {b"%s:%d" % (name, port) for name in names}


def parse(head: bytes, hosts: frozenset[bytes], forwarded: Forwarded = lambda _token: None) -> Request:
    """Read one request head, without its final empty line.

    Args:
        head: at most MAX_HEAD bytes.
        hosts: the Host values that are ours.
        forwarded: the port on another machine that a token's grant is forwarded to, if it is.

    Raises:
        Refused: for whatever is not exactly a request an SDK sends to us.
    """
    line, headers = trusted(head, hosts, _REQUEST_LINE, forwarded)
    return Request(
        line.group(1).decode("ascii"),
        headers.get(b"authorization", b""),
        headers.get(b"user-agent", b""),
        keep_alive=keeps_alive(headers),
    )


def trusted(
    head: bytes,
    hosts: frozenset[bytes],
    request_line: re.Pattern[bytes],
    forwarded: Forwarded = lambda _token: None,
) -> tuple[re.Match[bytes], dict[bytes, bytes]]:
    """The request line and the headers (by lower-case name) of a head that gives nobody away.

    Raises:
        Refused: another request line, a Host that is not ours, a header that none of our clients sends, a body.
    """
    line, *rest = head.split(b"\r\n")
    match = request_line.fullmatch(line)
    if match is None:
        raise Refused("request line")
    headers = _headers(rest)
    host = headers.get(b"host", b"").lower()
    # guard: host-must-be-ours, no-other-host-than-grants
    if host not in hosts and host not in _forwarded_to(forwarded(headers.get(b"authorization", b""))):
        raise Refused("host")
    if headers.get(b"content-length", b"0") != b"0":  # guard: no-body
        raise Refused("body")
    return match, headers


def _forwarded_to(port: int | None) -> frozenset[bytes]:
    return frozenset() if port is None else hosts_of(port)


def keeps_alive(headers: dict[bytes, bytes]) -> bool:
    """Whether the client wants its connection kept."""
    return headers.get(b"connection", b"").lower() != b"close"


def _headers(lines: list[bytes]) -> dict[bytes, bytes]:
    if len(lines) > MAX_HEADERS:  # guard: bounded-number-of-headers
        raise Refused("too many headers")
    headers: dict[bytes, bytes] = {}
    for line in lines:
        match = _HEADER.fullmatch(line)  # guard: whole-lines-not-beginnings
        if match is None:
            raise Refused("header syntax")
        name = match.group(1).lower()
        if name in _FORBIDDEN or name.startswith(_BEGINNINGS):
            raise Refused(f"header {_kind(name)}")
        if name in headers:  # guard: no-header-twice
            raise Refused("duplicate header")
        headers[name] = match.group(2).strip(b" \t")
    return headers


def _kind(name: bytes) -> str:
    """A forbidden header's name, where it is known; else its beginning: what others have made up is written nowhere."""
    if name in _FORBIDDEN or name in _KNOWN:
        return name.decode("ascii")
    # guard: audit-no-kind-by-a-strangers-header
    return next(beginning for beginning in _BEGINNINGS if name.startswith(beginning)).decode("ascii") + "*"
