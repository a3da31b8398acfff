"""The guard: one valid request head that only an SDK on this machine would send, or a refusal. Nothing else.

It reads the raw bytes, because what an HTTP library makes of a Host header or an absolute target is not what was
sent. A browser, a proxy or a server-side request forgery gives itself away by a header it can't leave out:
Origin, Referer, Sec-Fetch-*, X-Forwarded-*, Forwarded, Via; a rebound name by its Host.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from xacct.model import ROLE_ARN, Caller

MAX_HEAD = 8192
"""Bytes of request line and headers; the largest SDK head measured is below 1 KiB."""

MAX_HEADERS = 40

ROLE_PATH = "/v1/credentials/"
ROLE_ARN_PATH = "/v1/role-arn/"

_REQUEST_LINE = re.compile(
    rb"GET (/[A-Za-z0-9._/-]*|%s%s) HTTP/1\.1" % (ROLE_ARN_PATH.encode("ascii"), ROLE_ARN.encode("ascii"))
)
"""No SDK speaks HTTP/1.0, some reverse proxies do; and it knows no chunks, in which a held answer comes.

An ARN's colons and the like are for one path alone, and only as part of a whole ARN. They are legal in a path as
they are (RFC 3986, pchar), so percent-encoding stays refused.
"""

_HEADER = re.compile(rb"([A-Za-z0-9!#$%&'*+.^_`|~-]+):([\t\x20-\x7e\x80-\xff]*)")
_GIVEAWAYS = (b"sec-", b"x-forwarded", b"proxy-")
_FORBIDDEN = frozenset(
    {
        b"origin",
        b"referer",
        b"forwarded",
        b"via",
        b"x-real-ip",
        b"cookie",
        b"transfer-encoding",
        b"upgrade",
        b"expect",
        b"http2-settings",
        b"access-control-request-method",
    }
)


class Refused(Exception):
    """The head is not one we serve. `why` is for the audit log and never sent."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Request(NamedTuple):
    """What is left of a head once it is trusted."""

    target: str
    authorization: bytes
    user_agent: bytes
    keep_alive: bool
    caller: Caller = Caller(why="not asked")

    def __repr__(self) -> str:
        return f"Request({self.target!r})"  # and never the token


def hosts_of(port: int, address: str = "127.0.0.1") -> frozenset[bytes]:
    """The Host values that are ours: with the port, or (aws-c-auth sends it so) without."""
    names = [address.encode("ascii")] + [b"localhost"] * address.startswith("127.")
    return frozenset(names) | {b"%s:%d" % (name, port) for name in names}


def parse(head: bytes, hosts: frozenset[bytes]) -> Request:
    """Read one request head, without its final empty line.

    Args:
        head: at most MAX_HEAD bytes. hosts: the Host values that are ours.

    Raises:
        Refused: for whatever is not exactly a request an SDK sends to us.
    """
    line, *rest = head.split(b"\r\n")
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        raise Refused("request line")
    headers = _headers(rest)
    if headers.get(b"host", b"").lower() not in hosts:
        raise Refused("host")
    if headers.get(b"content-length", b"0") != b"0":
        raise Refused("body")
    connection = headers.get(b"connection", b"").lower()
    return Request(
        match.group(1).decode("ascii"),
        headers.get(b"authorization", b""),
        headers.get(b"user-agent", b""),
        keep_alive=connection != b"close",
    )


def _headers(lines: list[bytes]) -> dict[bytes, bytes]:
    if len(lines) > MAX_HEADERS:
        raise Refused("too many headers")
    headers: dict[bytes, bytes] = {}
    for line in lines:
        match = _HEADER.fullmatch(line)
        if match is None:
            raise Refused("header syntax")
        name = match.group(1).lower()
        if name in _FORBIDDEN or name.startswith(_GIVEAWAYS):
            raise Refused(f"header {name.decode('ascii')}")
        if name in headers:
            raise Refused("duplicate header")
        headers[name] = match.group(2).strip(b" \t")
    return headers
