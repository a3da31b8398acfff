"""Callers on macOS, which has no exact question: psutil looks through our own processes' sockets.

psutil is the optional extra `macos`. Without root it sees this user's processes alone, so that a caller it does not
find may be anybody: unknown, not another user.
"""

from __future__ import annotations

import errno
import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from xacct.model import Caller

if TYPE_CHECKING:
    from xacct.model import Address, Callers


def choose() -> Callers:
    """By psutil where it is installed; else nobody is known."""
    try:
        psutil = import_module("psutil")
    except ImportError:
        return lambda _client, _server: Caller(why="psutil is not installed")
    return Psutil(psutil).caller


_SCARCE = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
"""What is not to be had for a moment: a look that failed for it has not looked."""


class Psutil:
    """Asks psutil. The last finder of a connection is tried first: SDKs come back.

    Args:
        psutil: the module.
    """

    def __init__(self, psutil: Any) -> None:
        self._psutil = psutil
        self._last: int | None = None

    def caller(self, client: Address, server: Address) -> Caller:
        """Who has the socket `client` that is connected to `server`."""
        try:
            pids = self._psutil.pids()[::-1]  # whoever has just started calls more often than who has run for weeks
        except (self._psutil.Error, OSError) as error:
            return Caller(why=f"psutil: {type(error).__name__}", unasked=True)
        unasked = False
        if self._last in pids:
            pids.insert(0, self._last)
        for pid in pids:
            try:
                found = self._look(pid, client, server)
            except (self._psutil.Error, OSError) as error:
                unasked |= getattr(error, "errno", None) in _SCARCE
                continue  # gone, or another user's
            if found is not None:
                self._last = pid
                return found
        return Caller(why="among no process that may be looked at", unasked=unasked)

    def _look(self, pid: int, client: Address, server: Address) -> Caller | None:
        process = self._psutil.Process(pid)
        uid = process.uids().effective
        if os.geteuid() not in (0, uid):
            return None
        for connection in process.net_connections(kind="tcp"):
            if (*connection.laddr,) == client and (*connection.raddr,) == server:
                return Caller(uid=uid, pid=pid, exe=_text(process.exe()) or None)
        return None


def _text(path: str) -> str:
    """A path as text: one that is no UTF-8 has escapes in it."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
