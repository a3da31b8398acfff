"""The first moments of xacctd, before anything heavy is imported: guard the process, look at what was kept, serve it.

After a restart by the service manager clients wait in the queue of a listener that we inherit. What takes no more than
a valid grant and fresh kept credentials is answered at once (endpoint/early.py), the rest by the whole daemon, a fifth
of a second later. Nothing of this is needed for correctness: without it they would just wait.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from xacct import errors
from xacct.clock import AwsClock
from xacct.endpoint.door import Door
from xacct.endpoint.early import Early, front_of
from xacct.endpoint.grants import Grants
from xacct.host import activation, callers, hardening, process
from xacct.host import clock as host_clock
from xacct.life.legacy import Legacy, Places
from xacct.state import secretmem

if TYPE_CHECKING:
    import socket


class Dawn:
    """What the first moments have found and begun.

    `refused`: what the kernel did not grant of the hardening, and which inherited descriptors were none of ours.
    `strict`: whether a configuration that can't be read is a reason not to start. Here it is mended while we run.
    """

    strict = False

    def __init__(self) -> None:
        os.umask(0o077)
        self.where = Places()
        self.refused = hardening.harden()
        inherited = activation.inherited(os.environ)
        self.refused += [f"Descriptor {name or 'without a name'} closed: {why}." for name, why in inherited.refused]
        self._legacy = Legacy(inherited.control, inherited.endpoint)
        self.early: Early | None = None
        self._legacy.spoilt = {name for name, _ in inherited.stored}
        found = secretmem.latest([descriptor for _, descriptor in inherited.stored])
        if found is not None:
            names = {descriptor: name for name, descriptor in inherited.stored}
            self._legacy.kept = (names[found.descriptor], found)
            self._legacy.spoilt.discard(names[found.descriptor])
            _, self._legacy.state = found.read() or (0, None)
        if self._legacy.state and self._legacy.endpoint is not None:
            with contextlib.suppress(errors.StartupFailed):  # `claim` says so again, with words
                self._legacy.lock = self.where.claim()
                self.early = _serve(self._legacy.state, self._legacy.endpoint, self.where)

    def claim(self) -> None:
        """Be the only daemon.

        Raises:
            StartupFailed: another one is.
        """
        if self._legacy.lock is None:
            self._legacy.lock = self.where.claim()

    def legacy(self) -> Legacy:
        """What the process before us left."""
        return self._legacy

    def serving(self) -> None:
        """The daemon serves: nobody but the service manager waits for that."""

    def failed(self, sentence: str, hint: str) -> None:
        """It can't be done: stderr has said so."""


def _serve(state: bytes, listener: socket.socket, where: Places) -> Early | None:
    front = front_of(state, host_clock.boot_id(), _stamp)
    if front is None or not front.roles:
        return None
    clock = AwsClock(host_clock.read)
    clock.resume(front.aws_time, front.at)
    grants = Grants(where.tokens, where.grants, clock.now, process.started)
    grants.load()
    early = Early(listener, front.roles, grants, Door(callers.choose(), os.geteuid()), clock.now)
    early.start()
    return early


def _stamp(file: str) -> list[int] | None:
    """What configuration.py takes of a file to tell whether it has changed, as it comes back from JSON."""
    try:
        status = os.stat(file)  # noqa: PTH116 - pathlib is slow to load
    except OSError:
        return None
    return [status.st_mtime_ns, status.st_size, status.st_ino]
