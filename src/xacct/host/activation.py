"""What a service manager hands a daemon at its start: listeners that it holds, and descriptors that were stored.

systemd passes them all in one row (sd_listen_fds(3)); which is which is asked of each, for their order means nothing.
launchd gives them by name.
"""

from __future__ import annotations

import os
import socket
import stat
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping

FIRST = 3
"""The first inherited descriptor, after the standard streams (SD_LISTEN_FDS_START)."""

MOST = 64
"""More than this is no list of ours."""

STORED = "st-"
"""How the names of stored descriptors begin; a number follows."""

_PID, _COUNT, _NAMES = "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"


class InheritedSockets:
    """What was inherited; all of it closes at an exec, and no listener blocks.

    control: the listening Unix socket. endpoint: the listening socket on IPv4 loopback. stored: (name, descriptor)
    of each stored descriptor, in no order that means anything. refused: (name, why) of each that was closed.
    """

    __slots__ = ("control", "endpoint", "refused", "stored")

    def __init__(self) -> None:
        self.control: socket.socket | None = None
        self.endpoint: socket.socket | None = None
        self.stored: list[tuple[str, int]] = []
        self.refused: list[tuple[str, str]] = []


def inherited(env: MutableMapping[str, str], platform: str = sys.platform) -> InheritedSockets:
    """What this process inherited from systemd or launchd. The variables are taken out of `env`."""
    if platform == "darwin":
        from xacct.host import launchd  # noqa: PLC0415 - ctypes takes its time, and only macOS needs it

        return sort(launchd.listeners())
    return sort(_passed(env))


def sort(descriptors: Iterable[tuple[int, str]]) -> InheritedSockets:
    """Tell (descriptor, name) pairs apart by what they are; close what is none of ours, or there twice."""
    found = InheritedSockets()
    for descriptor, name in descriptors:
        why = _place(found, descriptor, name)
        if why is not None:
            found.refused.append((name, why))
            _close(descriptor)
    return found


def _passed(env: MutableMapping[str, str]) -> list[tuple[int, str]]:
    pid, count, names = (env.pop(name, "") for name in (_PID, _COUNT, _NAMES))
    if pid != str(os.getpid()) or not (count.isascii() and count.isdigit()):
        return []  # none, or meant for a parent of ours
    each = names.split(":")
    return [(FIRST + i, each[i] if i < len(each) else "") for i in range(min(int(count), MOST))]


def _place(found: InheritedSockets, descriptor: int, name: str) -> str | None:
    """Put a descriptor where it belongs, or say why it belongs nowhere."""
    try:
        os.set_inheritable(descriptor, False)
        if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            return _place_stored(found, descriptor, name)
        kind = _listener(descriptor)
        if kind not in ("control", "endpoint"):
            return kind
        if getattr(found, kind) is not None:
            return f"a second {kind} listener"
        listener = socket.socket(fileno=descriptor)
        listener.setblocking(False)
    except OSError as error:
        return error.strerror or "unusable"
    setattr(found, kind, listener)
    return None


def _place_stored(found: InheritedSockets, descriptor: int, name: str) -> str | None:
    number = name.removeprefix(STORED)
    if number == name or not (number.isascii() and number.isdigit()):
        return "no socket, and no name of ours"
    found.stored.append((name, descriptor))
    return None


def _listener(descriptor: int) -> str:
    """Which listener a socket is: "control", "endpoint", or why it is neither."""
    looked_at = socket.socket(fileno=os.dup(descriptor))
    with looked_at:
        if not looked_at.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            return "a socket that does not listen"
        if looked_at.family == socket.AF_UNIX:
            return "control"
        address = str(looked_at.getsockname()[0])
        # guard: inherited-endpoint-is-on-loopback
        if address.startswith("127."):  # as the kernel spells it; IPv6 has none such
            return "endpoint"
        return f"listens on {address}, which is not IPv4 loopback"


def _close(descriptor: int) -> None:
    try:
        os.close(descriptor)
    except OSError:
        return  # it was never open
