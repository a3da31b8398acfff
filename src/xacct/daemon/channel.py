"""What a daemon and its successor say to each other: a line of JSON, and as many bytes of state as it says.

Descriptors travel with the line. The successor's side blocks, for it has nothing else to do; its predecessor's serves
on meanwhile, and so waits in its event loop.
"""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

from xacct.settings import MOST_IMDS_PORTS

_LARGEST = 64 * 1024 * 1024
_DESCRIPTORS = 16 + MOST_IMDS_PORTS
_LONGEST_LINE = 65536


def send(channel: socket.socket, said: dict[str, object]) -> None:
    """One message without a state.

    Raises:
        OSError: the other end is gone.
    """
    channel.sendall(_line(said, 0))


def receive(channel: socket.socket) -> tuple[dict[str, Any], bytes, list[int]]:
    """One message: what it says, the state, the descriptors. Blocks as long as the channel's time-out lets it.

    Raises:
        ValueError: the other end is gone, or speaks otherwise.
        OSError: likewise, or it takes too long.
    """
    data, descriptors, _, _ = socket.recv_fds(channel, _LONGEST_LINE, _DESCRIPTORS)
    received = bytearray(data)
    while b"\n" not in received:
        received += _some(channel.recv(1 << 20))
    line, _, state = bytes(received).partition(b"\n")
    said = json.loads(line)
    length = said.pop("state")
    if not 0 <= length <= _LARGEST:
        raise ValueError("no message")
    whole = bytearray(state)
    while len(whole) < length:
        whole += _some(channel.recv(1 << 20))
    return said, bytes(whole), list(descriptors)


async def hand(channel: socket.socket, descriptors: dict[str, int], state: bytearray) -> None:
    """Send descriptors, by their names, and a state.

    Args:
        channel: one that does not block.
        descriptors: by their names.
        state: what is held.

    Raises:
        OSError: the other end is gone.
    """
    # Fewer bytes than any socket takes at once, and nothing was sent before them.
    socket.send_fds(channel, [_line({"descriptors": list(descriptors)}, len(state))], list(descriptors.values()))
    await asyncio.get_running_loop().sock_sendall(channel, state)


class Listener:
    """Hears messages without a state, one after another.

    Args:
        channel: one that does not block.
    """

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._unread = bytearray()

    async def hear(self) -> dict[str, Any]:
        """The next message.

        Raises:
            ValueError: the other end is gone, or speaks otherwise.
            OSError: it is gone.
        """
        while b"\n" not in self._unread:
            self._unread += _some(await asyncio.get_running_loop().sock_recv(self._channel, 4096))
            if len(self._unread) > _LONGEST_LINE:
                raise ValueError("no message")
        line, _, rest = self._unread.partition(b"\n")
        self._unread = rest
        said = json.loads(line)
        if not isinstance(said, dict):
            raise ValueError("no message")  # noqa: TRY004 - as for what is no JSON
        return said


def _line(said: dict[str, object], length: int) -> bytes:
    return json.dumps({**said, "state": length}).encode() + b"\n"


def _some(data: bytes) -> bytes:
    if not data:
        raise ValueError("the other end is gone")
    return data
