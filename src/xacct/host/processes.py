"""Which process of ours holds a socket, and what it runs: for the audit. Milliseconds, so for a thread.

Our own process need not be dumpable for this: what counts is that the other one is.
"""
# ruff: noqa: PTH115, PTH116, PTH208 - Path objects would treble the time of a look through every descriptor

from __future__ import annotations

import os
from collections import OrderedDict, deque
from itertools import chain
from threading import Lock
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from collections.abc import Set as AbstractSet

    from xacct.model import Caller

REMEMBERED = 16
"""Processes that are looked at first: an SDK that has called once calls again, on another socket."""


NEWEST = 8
"""Processes that are looked at even before those: what has just been started may end at once."""

SHARE = 0.1
"""Of the time that passes, what looks may take."""

AHEAD = 0.3
"""Seconds that looks may take at once: a dozen, where there are a hundred processes."""


class Processes:
    """Finds processes. Not for use from several threads at once."""

    def __init__(self) -> None:
        self._recent: deque[int] = deque(maxlen=REMEMBERED)

    def find(self, caller: Caller) -> Caller:
        """The same caller with its process, where the socket is still open and the process is ours to look at."""
        if not caller.inode or caller.pid is not None or caller.uid != os.geteuid():
            return caller
        name = f"socket:[{caller.inode}]"
        pids = _newest_first()
        for pid in chain(pids[:NEWEST], self._recent, pids[NEWEST:]):
            if is_ours(pid) and _holds(pid, name):
                self._remember(pid)
                return msgspec.structs.replace(caller, pid=pid, exe=executable(pid))
        return caller

    def _remember(self, pid: int) -> None:
        if pid in self._recent:
            self._recent.remove(pid)
        self._recent.appendleft(pid)


class ProcessResolver:
    """Looks for callers' processes, one at a time, and for no more than a share of the time.

    A look through all processes takes milliseconds, or tens of them; whoever could cause one look after another could
    keep a core busy. So looks are paid for: AHEAD seconds of them at once, SHARE of the time that passes afterwards.

    Args:
        find: a caller with its process.
        boot: reads the boot-time clock.
    """

    def __init__(self, find: Callable[[Caller], Caller], boot: Callable[[], float]) -> None:
        self._find = find
        self._boot = boot
        self._credit, self._credited = AHEAD, boot()
        self._looking = Lock()
        self._found: OrderedDict[int, Caller] = OrderedDict()

    def find(self, caller: Caller) -> Caller:
        """A caller with its process: as found before for this connection, else by looking, where a look is due.

        For a thread.
        """
        with self._looking:
            found = self._found.get(caller.inode) or self._look(caller)
            if caller.inode and found.pid is not None:  # who came by the control socket has no inode, but a pid
                self._found[caller.inode] = found
                if len(self._found) > REMEMBERED:
                    self._found.popitem(last=False)
            return found

    def known(self, caller: Caller) -> Caller:
        """A caller with its process, where that was found before for this connection."""
        return self._found.get(caller.inode, caller)

    def _look(self, caller: Caller) -> Caller:
        began = self._boot()
        self._credit = min(AHEAD, self._credit + (began - self._credited) * SHARE)
        self._credited = began
        if self._credit <= 0:  # guard: audit-no-look-without-credit
            return caller
        found = self._find(caller)
        self._credit -= self._boot() - began  # guard: audit-looks-for-processes-have-price
        return found


def owners(inodes: AbstractSet[int]) -> dict[int, int]:
    """Which of our processes has which of these sockets open, where one has. One look through all: for a thread."""
    wanted = {f"socket:[{inode}]": inode for inode in inodes}
    return {wanted[name]: pid for pid in _newest_first() if is_ours(pid) for name in _held_by(pid) if name in wanted}


def executable(pid: int, proc: str = "/proc") -> str | None:
    """The file a process runs, None where that is not for us to know. A name that is no UTF-8 has escapes in it."""
    try:
        # guard: programs-name-that-is-no-utf-8
        return os.readlink(os.fsencode(f"{proc}/{pid}/exe")).decode("utf-8", "backslashreplace")
    except OSError:
        return None


def _newest_first() -> list[int]:
    """The pids there are, the highest first: who has just been started is who calls."""
    try:
        return sorted((int(name) for name in os.listdir("/proc") if name.isdigit()), reverse=True)
    except OSError:
        return []


def is_ours(pid: int, proc: str = "/proc") -> bool:
    """Whether a process is of this user; not where it is gone."""
    try:
        return os.stat(f"{proc}/{pid}").st_uid == os.geteuid()
    except OSError:
        return False


def _holds(pid: int, name: str) -> bool:
    return name in _held_by(pid)


def _held_by(pid: int) -> Iterator[str]:
    """What a process has open, as its descriptors' links read."""
    folder = f"/proc/{pid}/fd"
    try:
        # Of all descriptors the highest is the one opened last, more often than not.
        for descriptor in sorted(os.listdir(folder), key=int, reverse=True):
            yield _reads(f"{folder}/{descriptor}") or ""
    except OSError:
        return


def _reads(link: str) -> str | None:
    try:
        return os.readlink(link)
    except OSError:
        return None
