"""What the daemon tells the service manager, and leaves with it: systemd's sd_notify(3) and fd store.

Nothing here blocks, and nothing raises where there is no manager: each message says whether it was sent.
"""

from __future__ import annotations

import os
import socket
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence

ADDRESS = "NOTIFY_SOCKET"
WATCHDOG = "WATCHDOG_USEC"
WATCHED = "WATCHDOG_PID"

_MICROSECONDS = 1_000_000


class Manager:
    """The service manager that started us, if one did.

    Args:
        address: its datagram socket: a path, or a name after an "@"; empty if there is none.
        watchdog: seconds after which it takes a silent daemon for hung; None if it does not watch.
    """

    def __init__(self, address: str = "", watchdog: float | None = None) -> None:
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._watchdog = watchdog

    @classmethod
    def from_environment(cls, env: MutableMapping[str, str]) -> Manager:
        """The manager that `env` names. The names are taken out: children must not speak for us."""
        # guard: children-find-no-manager-to-speak-to
        address, microseconds, watched = (env.pop(name, "") for name in (ADDRESS, WATCHDOG, WATCHED))
        if not address.startswith(("/", "@")):
            return cls()
        # Without a pid all are meant: so a successor is told.
        ours = watched in ("", str(os.getpid()))
        return cls(address, _seconds(microseconds) if ours else None)

    def environment(self) -> dict[str, str]:
        """What a successor of ours needs to find the same manager."""
        if not self._address:
            return {}
        found = {ADDRESS: self._address.replace("\0", "@", 1)}
        if self._watchdog is not None:
            found[WATCHDOG] = str(round(self._watchdog * _MICROSECONDS))
        return found

    @property
    def present(self) -> bool:
        """Whether anybody listens."""
        return bool(self._address)

    @property
    def alive_every(self) -> float | None:
        """How often, in seconds, to say `alive`: a third of what the watchdog waits. None: it does not watch."""
        return None if self._watchdog is None else self._watchdog / 3

    def ready(self, status: str = "") -> bool:
        """The daemon serves."""
        return self._send("READY=1", *([_status(status)] if status else []))

    def stopping(self) -> bool:
        """The daemon ends, as it was asked to."""
        return self._send("STOPPING=1")

    def status(self, text: str) -> bool:
        """One line for `systemctl status`. Nothing secret: everybody may read it."""
        return self._send(_status(text))

    def alive(self) -> bool:
        """The loop turns."""
        return self._send("WATCHDOG=1")

    def main_pid(self, pid: int) -> bool:
        """Another process is the service from now on. Only the one that is so now may say it."""
        return self._send(f"MAINPID={pid}")

    def store(self, name: str, descriptor: int) -> bool:
        """Leave a copy of a descriptor with the manager: the next daemon inherits it under this name.

        A name may be there twice, and a full store drops what is new: `forget` what it replaces, after this.
        """
        return self._send("FDSTORE=1", f"FDNAME={name}", descriptors=[descriptor])

    def forget(self, name: str) -> bool:
        """Have everything of this name dropped. A message of its own: beside FDSTORE=1 only the removal happens."""
        return self._send("FDSTOREREMOVE=1", f"FDNAME={name}")

    def _send(self, *lines: str, descriptors: Sequence[int] = ()) -> bool:
        if not self._address:
            return False
        message = "\n".join(lines).encode(errors="replace")
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack(f"{len(descriptors)}i", *descriptors))
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.setblocking(False)
                sender.sendmsg([message], [rights] if descriptors else [], 0, self._address)
        except OSError:
            return False  # it is gone, or too busy: what it is not told must not stop us
        return True


def _status(text: str) -> str:
    return "STATUS=" + " ".join(text.splitlines())


def _seconds(microseconds: str) -> float | None:
    """The watchdog's time, None where it is none."""
    whole = int(microseconds) if microseconds.isascii() and microseconds.isdigit() else 0
    return whole / _MICROSECONDS or None
