"""How a Unix socket is served so that its path stays: Python 3.13 and later remove it when the server closes."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

_STAYS: dict[str, Any] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
"""A successor, or systemd, listens at the same path when we have closed."""


async def serve(protocol: Callable[[], asyncio.BaseProtocol], listener: socket.socket, backlog: int) -> asyncio.Server:
    """Serve a bound Unix socket; closing the server leaves its path.

    Args:
        protocol: Makes the protocol of each connection.
        listener: The socket.
        backlog: How many connections may wait to be accepted.
    """
    loop = asyncio.get_running_loop()
    return await loop.create_unix_server(protocol, sock=listener, backlog=backlog, **_STAYS)
