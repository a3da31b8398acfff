"""The control socket: born private, one owner, removed only by who made it."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from typing import TYPE_CHECKING

from aiohttp import web

from xacct import errors

if TYPE_CHECKING:
    from pathlib import Path

BACKLOG = 1024
DRAIN = 1.0
"""Seconds that open streams get at the end."""


def bind(path: Path) -> socket.socket:
    """A listening Unix socket of mode 0600. The caller holds the daemon's lock, so what lies there is stale.

    Raises:
        StartupFailed: the path can't be used.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        _remove_stale(path)
        listener.bind(str(path))
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        why = error.strerror or "its path is too long"
        raise errors.StartupFailed(
            f"The control socket {path} can't be made ({why}).", "Set XDG_RUNTIME_DIR."
        ) from None
    finally:
        os.umask(before)
    return listener


def _remove_stale(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise errors.StartupFailed(f"{path} is in the way, and no socket.", "Remove it.")
        path.unlink()


class ControlServer:
    """Serves an application on a bound socket."""

    def __init__(self, application: web.Application, listener: socket.socket, path: Path) -> None:
        self._runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=DRAIN)
        self._listener = listener
        self._path = path
        self._inode = path.stat().st_ino

    async def start(self) -> None:
        """Serve from now on."""
        await self._runner.setup()
        await web.SockSite(self._runner, self._listener, backlog=BACKLOG).start()

    async def close(self) -> None:
        """Stop, and remove the socket if it is still ours."""
        await self._runner.cleanup()
        with contextlib.suppress(OSError):
            if self._path.stat().st_ino == self._inode:
                self._path.unlink()
