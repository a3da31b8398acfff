"""The tokens of IMDSv2: who can send a PUT with a header of its own is no forged request and no web page.

Only hashes are kept, in memory alone: they open one port, and end with the daemon. Looking one up takes as long as its
hash decides, which tells nothing of the token.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from xacct.grants.grants import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST = 21600
"""Seconds (EC2 User Guide, Use the Instance Metadata Service to access instance metadata)."""

MOST = 1000
"""Tokens kept for a port. Each start of a command line takes one, for six hours: past this the oldest goes, and who
had it gets a 401 and a new one."""

_TTL = re.compile(rb"[0-9]{1,5}")


class MetadataTokens:
    """The tokens of one port.

    Args:
        boot: reads the boot-time clock.
    """

    def __init__(self, boot: Callable[[], float]) -> None:
        self._boot = boot
        self._until: dict[str, float] = {}

    def issue(self, ttl: bytes) -> str | None:
        """A new token of 256 random bits, good for so many seconds; None where they are not 1 to LONGEST."""
        if not _TTL.fullmatch(ttl) or not 1 <= int(ttl) <= LONGEST:  # guard: imds-tokens-live-six-hours-at-most
            return None
        self._drop_oldest()
        token = secrets.token_urlsafe(32)  # guard: imds-random-tokens
        self._until[digest_of(token)] = self._boot() + int(ttl)  # guard: imds-only-hashes-of-tokens
        return token

    def opens(self, token: bytes) -> bool:
        """Whether a token is one of ours, and its time not over."""
        return self._boot() < self._until.get(digest_of(token), float("-inf"))  # guard: imds-tokens-expire

    def _drop_oldest(self) -> None:
        if len(self._until) < MOST:  # guard: imds-bounded-number-of-tokens
            return
        boot = self._boot()
        self._until = {digest: until for digest, until in self._until.items() if boot < until}
        while len(self._until) >= MOST:
            del self._until[next(iter(self._until))]
