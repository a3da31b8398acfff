"""A new daemon instead of a running one, without a gap: the successor's side. The other is handover.py.

    predecessor                                  successor
    ----------------------------------------------------------------------------------------
    spawns it, with one end of a channel
                                                 leaves its parent, imports, reads the configuration
                                                 "ready", its pid
    waits until nothing is under way
    serves nobody any more; sends listeners,
    lock, secret memory and state
                                                 takes them over
                                                 "serving"
                                                 serves
    tells the service manager, ends

At every instant one of the two serves, or none:

- The successor says "serving" before it takes in anybody. Whoever ended before it had said so has served nobody.
- The predecessor serves nobody from the moment it begins to send the state. It goes on only once the successor is dead
  for certain, and has not said "serving": it kills it, and waits for the channel's end.
- The successor goes on without its predecessor only where that is dead for certain.

So a successor that is broken, hangs or is killed costs nothing: the old one goes on. All that is held is in the state;
nobody is asked for anything.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from typing import TYPE_CHECKING

from xacct import errors
from xacct.daemon import channel
from xacct.daemon.inherited import DaemonPaths, Inherited
from xacct.endpoint.imds_ports import IMDS
from xacct.host import hardening, instance, process
from xacct.state.secretmem import SecretMemory

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 60.0
"""Seconds the predecessor gets to find a quiet moment; then it no longer wants to, or is gone."""

DYING = 2.0
"""Seconds from the moment a killed process closes what it had open until it is seen to be dead, at most."""


class Takeover:
    """The successor's side. What can't read the configuration is no successor: its predecessor has read it."""

    strict = True

    def __init__(self, descriptor: int) -> None:
        self._predecessor = (os.getppid(), process.started(os.getppid()))
        _leave_the_family()
        os.umask(0o077)
        self.where = DaemonPaths()
        self.refused = hardening.harden()  # guard: hand-over-successor-is-hardened
        self._channel = socket.socket(fileno=descriptor)
        os.set_inheritable(descriptor, False)
        self._channel.settimeout(PATIENCE)
        self._lock: int | None = None

    def claim(self) -> None:
        """Nothing to claim: the lock is handed over."""

    def inherited(self) -> Inherited:
        """What the predecessor hands over, once it does. Blocks.

        Raises:
            StartupFailed: it does not.
        """
        # All that takes time is imported by now, or is here.
        from xacct.daemon.loading import load_aiohttp  # noqa: PLC0415

        load_aiohttp()
        from xacct.control import api, server  # noqa: F401, PLC0415

        try:
            channel.send(self._channel, {"ready": os.getpid()})
            names, state, descriptors = channel.receive(self._channel)
            inherited = _sorted(names["descriptors"], state, descriptors)
        except (OSError, ValueError, KeyError, TypeError):
            raise errors.StartupFailed("The running xacctd did not hand over.", "") from None
        self._lock = inherited.lock
        return inherited

    def serving(self) -> None:
        """We serve from now on.

        Raises:
            StartupFailed: the predecessor goes on instead.
        """
        try:
            channel.send(self._channel, {"serving": os.getpid()})
        except OSError:
            if not self._is_alone():  # guard: hand-over-outlives-dead-predecessor
                raise errors.StartupFailed("The running xacctd did not wait for the new one.", "") from None
        if self._lock is not None:
            instance.sign(self._lock)

    def listen(self, lock: Callable[[str], None]) -> None:
        """Hear what the predecessor says last: whether the machine told it to lock while it handed over.

        Args:
            lock: locks; takes the reason.
        """
        loop = asyncio.get_running_loop()
        self._channel.setblocking(False)

        def heard() -> None:
            with contextlib.suppress(OSError, ValueError):
                said, _, _ = channel.receive(self._channel)
                lock(str(said["locked"]))
            loop.remove_reader(self._channel)
            self._channel.close()

        loop.add_reader(self._channel, heard)

    def failed(self, sentence: str, hint: str) -> None:
        """It can't be done: the predecessor goes on."""
        with contextlib.suppress(OSError):  # if it waits for us still
            channel.send(self._channel, {"failed": [sentence, hint]})

    def _is_alone(self) -> bool:
        """Whether the predecessor is dead, and not only out of touch: what is being killed closes its files first."""
        pid, mark = self._predecessor
        deadline = time.monotonic() + DYING
        while mark is not None and process.started(pid) == mark:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True


def _leave_the_family() -> None:
    """Become a child of the service manager (or of init), as every service is, and not of our predecessor."""
    if os.fork():
        os._exit(0)


def _sorted(names: list[str], state: bytes, descriptors: list[int]) -> Inherited:
    inherited = Inherited(state=state)
    for name, descriptor in zip(names, descriptors, strict=True):
        if name == "lock":
            inherited.lock = descriptor
        elif name == "control":
            inherited.control = _listener(descriptor)
        elif name == "endpoint":
            inherited.endpoint = _listener(descriptor)
        elif name.startswith(IMDS):
            inherited.imds[int(name.removeprefix(IMDS))] = _listener(descriptor)
        else:
            inherited.kept = (name, SecretMemory(descriptor))
    return inherited


def _listener(descriptor: int) -> socket.socket:
    """A listener that knows that it does not block.

    Whether it does is one setting of the kernel's for all copies, ours and the predecessor's, and `dup` sets it as the
    object believes. Where one blocks and no descriptor is left, libuv accepts until there is nobody (uv__emfile_trick):
    the event loop would stand still until somebody came.
    """
    listener = socket.socket(fileno=descriptor)
    listener.setblocking(False)  # guard: hand-over-listeners-do-not-block
    return listener
