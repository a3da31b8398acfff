"""What a daemon starts from: what the one before it left, or nothing.

There are three ways to come to it: from the service manager after a restart (start.py), from the running daemon that
one succeeds (takeover.py), and not at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from xacct import errors, paths
from xacct.host import instance

if TYPE_CHECKING:
    import socket

    from xacct.state.secretmem import SecretMemory


SUCCEED = "--succeed"
"""The argument by which a running daemon starts its successor; a descriptor follows. Not for people."""


class DaemonPaths:
    """The daemon's files, fixed at its start."""

    def __init__(self) -> None:
        self.runtime = Path(paths.runtime_dir())
        self.state = Path(paths.state_dir())
        self.config = Path(paths.config_file())
        self.control = Path(paths.socket_path())
        self.containers = Path(paths.containers_socket())
        self.lock = self.runtime / "xacctd.lock"
        self.tokens = self.runtime / "grants"
        self.grants = self.state / "grants.json"
        self.sealed = self.state / "state.sealed"
        self.taken_back = self.state / "taken-back.json"
        self.taken_back_here = self.runtime / "taken-back.json"
        self.steps = self.state / "used-steps.json"
        self.mfa_seeds = self.state / "mfa-seeds.json"
        self.keychain_keys = self.state / "keychain-keys.json"
        self.catalogues = self.state / "catalogues"

    def claim(self) -> int:
        """Make the directories, and be the only daemon in them.

        Returns:
            The lock's descriptor, to be kept open.

        Raises:
            StartupFailed: they can't be used, or another daemon has them.
        """
        for directory in (self.runtime, self.state, self.tokens):
            try:
                paths.make_private(str(directory))
            except paths.UnusableError as error:
                raise errors.StartupFailed(error.sentence, error.hint) from None
        return instance.lock(self.lock)


@dataclass
class Inherited:
    """What is there already.

    Attributes:
        control: a listener.
        endpoint: a listener.
        imds: listeners, by port.
        kept: the secret memory in the service manager's store, and its name there.
        spoilt: names of what else is in that store, and is no state of ours.
        state: what is to be held again (state/codec.py).
        lock: the descriptor of the lock on the runtime directory.
    """

    control: socket.socket | None = None
    endpoint: socket.socket | None = None
    imds: dict[int, socket.socket] = field(default_factory=dict)
    kept: tuple[str, SecretMemory] | None = None
    spoilt: set[str] = field(default_factory=set)
    state: bytes | None = field(default=None, repr=False)
    lock: int | None = None
