"""Being told that the network has changed: rtnetlink on Linux. Elsewhere the keeper's own back-off has to do."""

from __future__ import annotations

import contextlib
import socket
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

_RTMGRP_IPV4_IFADDR = 0x10
_RTMGRP_IPV4_ROUTE = 0x40
_RTMGRP_IPV6_IFADDR = 0x100
"""Groups of rtnetlink(7), linux/rtnetlink.h."""

SETTLE = 1.0
"""Seconds after the last message: an address comes with a route, and both with many messages."""


class NetworkWatch:
    """Calls `changed` a moment after addresses or routes have changed."""

    def __init__(self, loop: asyncio.AbstractEventLoop, changed: Callable[[], None]) -> None:
        self._loop = loop
        self._changed = changed
        self._pending: asyncio.TimerHandle | None = None
        self._socket: socket.socket | None = None

    def start(self) -> bool:
        """Listen from now on. Returns whether this machine can tell."""
        if sys.platform != "linux":
            return False
        try:
            listener = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
            listener.bind((0, _RTMGRP_IPV4_IFADDR | _RTMGRP_IPV4_ROUTE | _RTMGRP_IPV6_IFADDR))
        except OSError:
            return False
        listener.setblocking(False)
        self._socket = listener
        self._loop.add_reader(listener.fileno(), self._heard)
        return True

    def close(self) -> None:
        """Stop listening."""
        if self._pending is not None:
            self._pending.cancel()
        if self._socket is not None:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()

    def _heard(self) -> None:
        assert self._socket is not None  # noqa: S101
        # An overflow (ENOBUFS) says that a lot has changed: just what we want to know.
        with contextlib.suppress(OSError):
            self._socket.recv(65536)
        if self._pending is not None:
            self._pending.cancel()
        self._pending = self._loop.call_later(SETTLE, self._changed)
