"""The door: another user of this machine is turned away before a byte of what it sends is looked at.

A caller is another user only if the kernel says so. Whoever the kernel does not know (its address was translated on
the way, or we may not ask) is unknown, and let in to show a grant, unless the settings say otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xacct import logs
from xacct.model import Caller

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    Address = tuple[str, int]
    Callers = Callable[[Address, Address], Caller]

log = logs.Logger("xacct.endpoint")

ANOTHER_USER = "another user"
UNKNOWN_CALLER = "unknown caller"


class Door:
    """Says who comes in.

    Args:
        callers: gives the caller of a connection, by the client's address and ours. uid: our own user.
        require_known: whether a caller that nobody knows is turned away too. notice: told of each caller of our own.
    """

    def __init__(
        self,
        callers: Callers,
        uid: int,
        *,
        require_known: bool = False,
        notice: Callable[[Caller], None] = lambda _caller: None,
    ) -> None:
        self._notice = notice
        self._callers = callers
        self._uid = uid
        self._require_known = require_known
        self._complained: set[str] = set()

    def caller(self, transport: asyncio.Transport, server: Address) -> Caller:
        """Who is at the other end of a connection to `server`."""
        client = transport.get_extra_info("peername")
        return self.caller_at(client[:2], server) if client else Caller(why="it has hung up")

    def caller_at(self, client: Address, server: Address) -> Caller:
        """Who has the socket `client` that is connected to `server`."""
        caller = self._callers(client, server)
        if caller.uid == self._uid:
            self._notice(caller)
        elif caller.uid is None and caller.why not in self._complained:
            self._complained.add(caller.why)  # once each: a thing that can't be known stays so
            log.warning("unknown caller", why=caller.why, refused=self._require_known)
        return caller

    def turns_away(self, caller: Caller) -> str | None:
        """Why this caller is not let in, None where it is."""
        if caller.uid is None:
            return UNKNOWN_CALLER if self._require_known else None
        return None if caller.uid == self._uid else ANOTHER_USER
