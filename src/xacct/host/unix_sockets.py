"""A Unix socket of our own: private from the start, and served so that its path stays when the server closes."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import sys
from typing import TYPE_CHECKING, Any

from xacct import errors

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BACKLOG = 1024

_STAYS: dict[str, Any] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
"""A successor, or systemd, listens at the same path when we have closed; Python 3.13 and later would remove it."""


async def serve(protocol: Callable[[], asyncio.BaseProtocol], listener: socket.socket, backlog: int) -> asyncio.Server:
    """Serve a bound Unix socket; closing the server leaves its path.

    Args:
        protocol: Makes the protocol of each connection.
        listener: The socket.
        backlog: How many connections may wait to be accepted.
    """
    loop = asyncio.get_running_loop()
    return await loop.create_unix_server(protocol, sock=listener, backlog=backlog, **_STAYS)


def bind(path: Path) -> socket.socket:
    """A listening Unix socket of mode 0600. The caller holds the daemon's lock, so what lies there is stale.

    Raises:
        StartupFailed: the path can't be used.
    """
    _remove_stale(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)  # guard: private-socket
    try:
        listener.bind(str(path))
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise _cannot_be_made(path, error) from None
    finally:
        os.umask(before)
    return listener


def _remove_stale(path: Path) -> None:
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):  # guard: what-is-no-socket-is-left-alone
            raise errors.StartupFailed(f"{path} is in the way, and no socket.", "Remove it.")
        path.unlink()
    except FileNotFoundError:
        return
    except OSError as error:
        raise _cannot_be_made(path, error) from None


def _cannot_be_made(path: Path, error: OSError) -> errors.StartupFailed:
    why = error.strerror or "its path is too long"
    return errors.StartupFailed(f"The control socket {path} can't be made ({why}).", "Set XDG_RUNTIME_DIR.")
