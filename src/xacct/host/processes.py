"""Which process of ours holds a socket, and what it runs: for the audit. Milliseconds, so for a thread.

Our own process need not be dumpable for this: what counts is that the other one is.
"""
# ruff: noqa: PTH115, PTH208 - Path objects would treble the time of a look through every descriptor

from __future__ import annotations

import os
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xacct.model import Caller

REMEMBERED = 16
"""Processes that are looked at first: an SDK that has called once calls again, on another socket."""


class Processes:
    """Finds processes. Not for use from several threads at once."""

    def __init__(self) -> None:
        self._recent: deque[int] = deque(maxlen=REMEMBERED)

    def find(self, caller: Caller) -> Caller:
        """The same caller with its process, where the socket is still open and the process is ours to look at."""
        if not caller.inode or caller.pid is not None or caller.uid != os.geteuid():
            return caller
        name = f"socket:[{caller.inode}]"
        for pid in (*self._recent, *_ours()):
            if _holds(pid, name):
                self._remember(pid)
                return replace(caller, pid=pid, exe=executable(pid))
        return caller

    def _remember(self, pid: int) -> None:
        if pid in self._recent:
            self._recent.remove(pid)
        self._recent.appendleft(pid)


def executable(pid: int) -> str | None:
    """The file a process runs, None where that is not for us to know."""
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return None


def _ours() -> list[int]:
    """The pids of our user's processes, the newest first: who has just been started is who calls."""
    try:
        with os.scandir("/proc") as entries:
            pids = [int(entry.name) for entry in entries if entry.name.isdigit() and _is_ours(entry)]
    except OSError:
        return []
    return sorted(pids, reverse=True)


def _is_ours(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.stat().st_uid == os.geteuid()
    except OSError:
        return False


def _holds(pid: int, name: str) -> bool:
    folder = f"/proc/{pid}/fd"
    try:
        # Of all descriptors the highest is the one opened last, more often than not.
        for descriptor in sorted(os.listdir(folder), key=int, reverse=True):
            if _reads(f"{folder}/{descriptor}") == name:
                return True
    except OSError:
        return False
    return False


def _reads(link: str) -> str | None:
    try:
        return os.readlink(link)
    except OSError:
        return None
