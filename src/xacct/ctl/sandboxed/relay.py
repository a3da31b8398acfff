"""Bytes from a listener to one address and back: both halves of the way to the endpoint where the network is cut.

Outside a Unix socket leads to the endpoint, and nowhere else; inside the endpoint's own address leads to that socket.
"""

from __future__ import annotations

import os
import socket
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    Connect = Callable[[], socket.socket]

_AT_ONCE: Final = 64
"""Connections; more wait in the listener's queue."""

_PIECE: Final = 16384
_PATIENCE: Final = 300.0
"""Seconds in which neither side says a word; xacctd holds an SDK for two minutes at most."""


def listener_on(path: str) -> socket.socket:
    """Return a listener on a Unix socket at a new path, for its user alone."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(path)
    finally:
        os.umask(before)
    listener.listen(_AT_ONCE)
    return listener


def loopback(port: int) -> socket.socket:
    """Return a listener on 127.0.0.1."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(_AT_ONCE)
    return listener


def to_endpoint(port: int) -> Connect:
    """Return what connects to a port of this machine's loopback."""
    return lambda: socket.create_connection(("127.0.0.1", port), _PATIENCE)


def to_socket(path: str) -> Connect:
    """Return what connects to a Unix socket."""

    def connect() -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.connect(path)
        return connection

    return connect


def serve(listener: socket.socket, connect: Connect) -> None:
    """Serve whoever comes, for ever."""
    room = threading.BoundedSemaphore(_AT_ONCE)
    while True:
        room.acquire()
        try:
            near, _ = listener.accept()
        except OSError:
            room.release()
            continue
        threading.Thread(target=_pass, args=(near, connect, room), daemon=True).start()


def _pass(near: socket.socket, connect: Connect, room: threading.BoundedSemaphore) -> None:
    try:
        with near, connect() as far:
            near.settimeout(_PATIENCE)
            far.settimeout(_PATIENCE)
            back = threading.Thread(target=_copy, args=(far, near), daemon=True)
            back.start()
            _copy(near, far)
            back.join()
    except OSError:
        return  # nobody there: the connection closes, and the SDK says so
    finally:
        room.release()


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while piece := source.recv(_PIECE):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for each in (source, target):
            _hang_up(each)


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
