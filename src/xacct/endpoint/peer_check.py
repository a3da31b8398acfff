"""The peer check: another user of this machine is turned away before a byte of what it sends is looked at.

A caller is another user only if the kernel says so. Whoever the kernel does not know (its address was translated on
the way, or we may not ask) is unknown, and let in to show a grant, unless the settings say otherwise. Where the kernel
could not be asked (no descriptor or memory left, say) it may be anybody, and is turned away whatever they say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from xacct.host import peer
from xacct.model import Caller

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from xacct.endpoint.connection_limiter import Owners

    Address = tuple[str, int]
    Callers = Callable[[Address, Address], Caller]

log = structlog.get_logger("xacct.endpoint")

ANOTHER_USER = "another user"
UNKNOWN_CALLER = "unknown caller"
UNASKED = "caller could not be asked for"
NO_CONTAINER = "no container"


class PeerCheck:
    """Says who comes in.

    Args:
        callers: gives the caller of a connection, by the client's address and ours.
        uid: our own user.
        require_known: whether a caller that nobody knows is turned away too.
        owners: which process holds which socket; it takes its time, and is asked only when it gets crowded.
    """

    def __init__(
        self,
        callers: Callers,
        uid: int,
        *,
        require_known: bool = False,
        owners: Owners = lambda _inodes: {},
    ) -> None:
        self.owners = owners
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
        if caller.uid is None and caller.why not in self._complained:
            self._complained.add(caller.why)  # once each: a thing that can't be known stays so
            log.warning("unknown caller", why=caller.why, refused=self.turns_away(caller) is not None)
        return caller

    def turns_away(self, caller: Caller) -> str | None:
        """Why this caller is not let in, None where it is."""
        if caller.unasked:  # guard: who-cannot-be-asked-for-is-not-let-in
            return UNASKED
        if caller.uid is None:
            return UNKNOWN_CALLER if self._require_known else None
        return None if caller.uid == self._uid else ANOTHER_USER  # guard: another-user-is-turned-away


class BridgePeerCheck(PeerCheck):
    """The check of a listener on containers' bridges, who are unknown by nature.

    A process of this machine can come this way too, for the address is this machine's; it is turned away, whoever it
    is, because its own listener would have asked the kernel who it is.

    Args:
        here: whether an address is this machine's.
        require_known: as for `PeerCheck`, and then nobody comes in.
    """

    def __init__(self, here: Callable[[str], bool], uid: int, *, require_known: bool) -> None:
        super().__init__(self._by_address, uid, require_known=require_known)
        self._here = here

    def turns_away(self, caller: Caller) -> str | None:
        """Why this caller is not let in, None where it is."""
        return NO_CONTAINER if caller.why == NO_CONTAINER else super().turns_away(caller)

    def _by_address(self, client: Address, _server: Address) -> Caller:
        # guard: no-process-of-this-machine-on-bridge
        return Caller(why=NO_CONTAINER if self._here(client[0]) else "a container's network")


class SocketPeerCheck:
    """The check of a Unix socket that is mounted into containers.

    The kernel names everybody here. Root in a rootful container is root: it comes in, to show a grant, for it could
    read our memory anyway; whoever else is not us does not.
    """

    def __init__(self, uid: int) -> None:
        self.owners: Owners = lambda _inodes: {}
        self._may = {uid, 0}

    def caller(self, transport: asyncio.Transport, server: Address) -> Caller:
        """Who is at the other end."""
        del server
        return peer.caller(transport.get_extra_info("socket"))

    def turns_away(self, caller: Caller) -> str | None:
        """Why this caller is not let in, None where it is."""
        return None if caller.uid in self._may else ANOTHER_USER  # guard: relays-socket-is-for-root-and-us
