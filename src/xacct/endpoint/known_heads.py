"""Heads that were trusted before, byte for byte: an SDK sends the same ones again and again, and a look costs 10 µs.

What a head was found to say depends on its bytes and on our Host values alone, so it is found once. The exception, a
Host that is trusted for its token's grant, is looked at each time: the grant may have ended. Kept of a head are its
BLAKE2 digest and what is no secret in it; the token is taken from the bytes at hand.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from xacct.endpoint import head

if TYPE_CHECKING:
    from xacct.endpoint.head import Forwarded, Request

MOST = 256
"""Heads that are remembered: one for each program, role and grant in use."""

LONGEST = 1024
"""Bytes of one that is: no SDK's is longer, and strangers must not fill our memory."""


DIGEST = 32
"""Bytes. hashlib's BLAKE2 has none of OpenSSL's set-up, which takes longer than the hashing itself."""


class _Known(NamedTuple):
    """A trusted head without its token: where in the head that lies."""

    target: str
    user_agent: bytes
    keep_alive: bool
    token: slice


class KnownHeads:
    """Reads heads.

    Args:
        forwarded: as for head.parse.
    """

    def __init__(self, forwarded: Forwarded = lambda _token: None) -> None:
        self._forwarded = forwarded
        self._known: dict[tuple[bytes, frozenset[bytes]], _Known] = {}

    def parse(self, raw: bytes, hosts: frozenset[bytes]) -> Request:
        """Read one request head, as head.parse does.

        Raises:
            Refused: for whatever is not exactly a request an SDK sends to us.
        """
        key = (blake2b(raw, digest_size=DIGEST).digest(), hosts)  # guard: known-heads-are-known-whole
        known = self._known.get(key)
        if known is not None:
            target, user_agent, keep_alive, token = known
            return head.Request(target, raw[token], user_agent, keep_alive)
        try:
            request = head.parse(raw, hosts)
        except head.Refused:
            return head.parse(raw, hosts, self._forwarded)  # guard: forwarded-heads-are-not-remembered
        if len(raw) <= LONGEST:  # guard: known-heads-are-short
            self._remember(key, request, raw)
        return request

    def _remember(self, key: tuple[bytes, frozenset[bytes]], request: Request, raw: bytes) -> None:
        if len(self._known) >= MOST:  # guard: known-heads-are-few
            self._known.clear()
        begin = raw.find(request.authorization)
        token = slice(begin, begin + len(request.authorization))
        self._known[key] = _Known(request.target, request.user_agent, request.keep_alive, token)
