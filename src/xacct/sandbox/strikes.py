"""What faults do to an HTTP call before anybody looks at it: it waits, it is cut off, its clock is wrong, it fails."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, NamedTuple

from xacct.sandbox.faults import FAILING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import web

    from xacct.sandbox.faults import Faults


class Strike(NamedTuple):
    """What has struck a call.

    Attributes:
        skew: Seconds that the service's clock is ahead for it.
        kind: Which of `FAILING` it fails by; None: by none.
        retry_after: Seconds after which the client is told to come again; 0: it is told nothing.
    """

    skew: float = 0.0
    kind: str | None = None
    retry_after: float = 0.0


async def strike(faults: Faults, sleep: Callable[[float], Awaitable[object]], service: str) -> Strike:
    """Take what is in force for one call of a service, and wait where it is to be late."""
    skewed = faults.take("skew", service=service)
    delayed = faults.take("delay", service=service)
    if delayed:
        await sleep(delayed.delay)
    failing = faults.take(*FAILING, service=service)
    if failing is None:
        return Strike(skewed.skew if skewed else 0.0)
    return Strike(skewed.skew if skewed else 0.0, failing.kind, failing.delay)


def cut(request: web.Request) -> None:
    """Cut a request's connection so that the client sees a reset instead of an orderly end."""
    transport = request.transport
    if transport is not None:
        # Lingering for 0 seconds makes the kernel send RST rather than FIN.
        linger = struct.pack("ii", 1, 0)
        peer = transport.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
