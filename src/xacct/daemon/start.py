"""A start that no running daemon takes part in: by hand, by xacctctl, by the service manager with what it has kept."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from xacct.daemon.inherited import DaemonPaths, Inherited
from xacct.host import activation, hardening
from xacct.state import secretmem

if TYPE_CHECKING:
    from collections.abc import Callable

    from xacct.host.activation import InheritedSockets


class Start:
    """What the service manager has kept of an earlier daemon, if there is one.

    Attributes:
        refused: what the kernel did not grant of the hardening, and which inherited descriptors were none of ours.
        strict: whether a configuration that can't be read is a reason not to start. Here it is mended while we run.
    """

    strict = False

    def __init__(self) -> None:
        os.umask(0o077)
        self.where = DaemonPaths()
        self.refused = hardening.harden()
        sockets = activation.inherited(os.environ)
        self.refused += [f"Descriptor {name or 'without a name'} closed: {why}." for name, why in sockets.refused]
        self._inherited = _kept(sockets)

    def claim(self) -> None:
        """Be the only daemon.

        Raises:
            StartupFailed: another one is.
        """
        self._inherited.lock = self.where.claim()

    def inherited(self) -> Inherited:
        """What the process before us left."""
        return self._inherited

    def serving(self) -> None:
        """The daemon serves from now on: nobody but the service manager waits for that."""

    def listen(self, lock: Callable[[str], None]) -> None:
        """There is no predecessor to hear."""

    def failed(self, sentence: str, hint: str) -> None:
        """It can't be done: stderr has said so."""


def _kept(sockets: InheritedSockets) -> Inherited:
    """What is whole of that, and the names of what is not."""
    inherited = Inherited(sockets.control, sockets.endpoint, spoilt={name for name, _ in sockets.stored})
    found = secretmem.latest([descriptor for _, descriptor in sockets.stored])
    if found is not None:
        names = {descriptor: name for name, descriptor in sockets.stored}
        inherited.kept = (names[found.descriptor], found)
        inherited.spoilt.discard(names[found.descriptor])
        _, inherited.state = found.read() or (0, None)
    return inherited
