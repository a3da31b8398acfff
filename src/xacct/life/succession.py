"""One daemon after another without a gap: a running one starts its successor, and hands it listeners and state.

    predecessor                                  successor
    ----------------------------------------------------------------------------------------
    spawns it, with one end of a channel
                                                 leaves its parent's family, imports, reads the configuration
                                                 "ready", its pid
    waits until nothing is under way
    stops accepting; sends listeners, lock,
    secret memory and state
                                                 takes them over, serves
                                                 "serving"
    tells the service manager, drains, exits

Until "serving" comes the predecessor can go on as if nothing had happened, and does so if the channel closes: a broken
successor costs nothing. All that is held is in the state; nobody is asked for anything.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
from typing import TYPE_CHECKING, Any

from xacct import errors
from xacct.endpoint.imds_ports import IMDS
from xacct.host import hardening, instance
from xacct.life.legacy import SUCCEED, Legacy, Places
from xacct.settings import MOST_IMDS_PORTS
from xacct.state.secretmem import SecretMemory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PATIENCE = 60.0
"""Seconds the predecessor gets to find a quiet moment; then it has thought better of it, or is gone."""

_LARGEST = 64 * 1024 * 1024
_DESCRIPTORS = 16 + MOST_IMDS_PORTS


class Succession:
    """The successor's side. What can't read the configuration is no successor: its predecessor has read it."""

    strict = True

    def __init__(self, descriptor: int) -> None:
        _leave_the_family()
        os.umask(0o077)
        self.where = Places()
        self.refused = hardening.harden()
        self._channel = socket.socket(fileno=descriptor)
        self._channel.settimeout(PATIENCE)
        self._lock: int | None = None

    def claim(self) -> None:
        """Nothing to claim: the lock is handed over."""

    def legacy(self) -> Legacy:
        """What the predecessor hands over, once it does.

        Raises:
            StartupFailed: it does not.
        """
        # All that takes time is imported by now, or is here.
        from aiohttp import web  # noqa: F401, PLC0415

        try:
            _send(self._channel, {"ready": os.getpid()})
            names, state, descriptors = _receive(self._channel)
            legacy = _sorted(names["descriptors"], state, descriptors)
        except (OSError, ValueError, KeyError, TypeError):
            raise errors.StartupFailed("The running xacctd did not hand over.", "") from None
        self._lock = legacy.lock
        return legacy

    def serving(self) -> None:
        """Everything is served by us now.

        Raises:
            StartupFailed: we took too long, and the predecessor has gone on.
        """
        if self._lock is not None:
            instance.sign(self._lock)
        try:
            _send(self._channel, {"serving": os.getpid()})
        except OSError:
            raise errors.StartupFailed("The running xacctd did not wait for the new one.", "") from None
        self._channel.close()

    def failed(self, sentence: str, hint: str) -> None:
        """It can't be done: the predecessor goes on."""
        with contextlib.suppress(OSError):  # if it waits for us still
            _send(self._channel, {"failed": [sentence, hint]})


def _leave_the_family() -> None:
    """Become a child of the service manager (or of init), as every service is, and not of our predecessor."""
    if os.fork():
        os._exit(0)


def _sorted(names: list[str], state: bytes, descriptors: list[int]) -> Legacy:
    legacy = Legacy(state=state)
    for name, descriptor in zip(names, descriptors, strict=True):
        if name == "lock":
            legacy.lock = descriptor
        elif name == "control":
            legacy.control = socket.socket(fileno=descriptor)
        elif name == "endpoint":
            legacy.endpoint = socket.socket(fileno=descriptor)
        elif name.startswith(IMDS):
            legacy.imds[int(name.removeprefix(IMDS))] = socket.socket(fileno=descriptor)
        else:
            legacy.kept = (name, SecretMemory(descriptor))
    return legacy


# The predecessor's side.


class Heir:
    """A successor, as its predecessor sees it. Its methods block, for a thread to wait in."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        import subprocess  # noqa: PLC0415 - slow to load, and seldom needed

        self._channel, theirs = socket.socketpair()
        self._channel.settimeout(PATIENCE)
        with theirs:
            command = [sys.executable, "-m", "xacct.daemon", *arguments, SUCCEED, str(theirs.fileno())]
            # Our stderr is its stderr: both write the same log.
            child = subprocess.Popen(  # noqa: S603 - ourselves
                command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, env={**os.environ, **environment}
            )
        child.wait()  # it has only forked

    def ready(self) -> int:
        """Wait until it could take over. Returns its pid.

        Raises:
            XacctError: it can't.
        """
        return int(self._hear("ready"))

    def hand(self, descriptors: dict[str, int], state: bytearray) -> None:
        """Hand all over.

        Raises:
            XacctError: it is gone.
        """
        try:
            _send(self._channel, {"descriptors": list(descriptors)}, state, list(descriptors.values()))
        except OSError:
            raise _gone() from None

    def serving(self) -> None:
        """Wait until it serves.

        Raises:
            XacctError: it does not.
        """
        self._hear("serving")

    def close(self) -> None:
        """Have no more to do with it; if it does not serve yet, it ends."""
        self._channel.close()

    def _hear(self, what: str) -> int:
        try:
            said, _, _ = _receive(self._channel)
        except (OSError, ValueError):
            raise _gone() from None
        if "failed" in said:
            sentence, hint = said["failed"]
            raise errors.StartupFailed(f"The new xacctd did not start: {sentence} The old one goes on.", hint)
        return int(said[what])


def _gone() -> errors.StartupFailed:
    return errors.StartupFailed(
        "The new xacctd did not start. The old one goes on.", "The daemon's log says more; xacctd --version may, too."
    )


# Messages: a line of JSON, and as many bytes of state as it says.


def _send(
    channel: socket.socket, said: dict[str, object], state: bytearray | None = None, fds: Sequence[int] = ()
) -> None:
    line = json.dumps({**said, "state": len(state or b"")}).encode() + b"\n"
    socket.send_fds(channel, [line], fds)
    if state:
        channel.sendall(state)


def _receive(channel: socket.socket) -> tuple[dict[str, Any], bytes, list[int]]:
    """One message.

    Raises:
        ValueError: the other end is gone, or speaks otherwise. OSError: likewise, or it takes too long.
    """
    data, descriptors, _, _ = socket.recv_fds(channel, 65536, _DESCRIPTORS)
    received = bytearray(data)
    while b"\n" not in received:
        received += _more(channel)
    line, _, state = bytes(received).partition(b"\n")
    said = json.loads(line)
    length = said.pop("state")
    if not 0 <= length <= _LARGEST:
        raise ValueError("no message")
    whole = bytearray(state)
    while len(whole) < length:
        whole += _more(channel)
    return said, bytes(whole), list(descriptors)


def _more(channel: socket.socket) -> bytes:
    data = channel.recv(1 << 20)
    if not data:
        raise ValueError("the other end is gone")
    return data
