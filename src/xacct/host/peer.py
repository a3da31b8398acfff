"""Who is at the other end of a Unix socket, from the kernel."""

import socket
import struct
import sys
from typing import NamedTuple

_LOCAL_PEERCRED = 1
_SOL_LOCAL = 0
_XUCRED = "=IIh16I"


class Peer(NamedTuple):
    """The caller's user id, and its process id where the kernel tells it."""

    uid: int
    pid: int | None


def of_unix_socket(connection: socket.socket) -> Peer:
    """The process that connected. Raises OSError where the kernel will not say."""
    if sys.platform == "darwin":
        raw = connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, struct.calcsize(_XUCRED))
        return Peer(struct.unpack(_XUCRED, raw)[1], None)
    pid, uid, _gid = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return Peer(uid, pid)
