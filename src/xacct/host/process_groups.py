"""The process groups of the daemon's children: which run, whom those that ended have left behind, and their end."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING

from xacct.host import process

if TYPE_CHECKING:
    from collections.abc import Sequence

_running: set[int] = set()
"""Pids of the children that run. Each is the number of its process group, too."""

_left: dict[int, list[tuple[int, str]]] = {}
"""Process groups whose first process has ended well, and who else was in them then, with when each began: as long as
one of those lives, the group's number is not given to another."""


def began(pid: int) -> None:
    """A child has begun, in a process group of its own."""
    _running.add(pid)


def end_all(*, left_behind: bool) -> None:
    """Kill, without waiting, every child that still runs: for the daemon's end.

    Args:
        left_behind: Whether also what children that ended well have left in their process groups.
    """
    for pid in tuple(_running):
        kill(pid, signal.SIGKILL, process.descendants(pid))
    if left_behind:
        for group, members in tuple(_left.items()):
            if any(process.started(pid) == mark for pid, mark in members):
                kill(group, signal.SIGKILL, [])
        _left.clear()


def ended(pid: int) -> None:
    """It has ended: note whom it has left in its process group."""
    _running.discard(pid)
    for group in tuple(_left):  # a thread may be ending another one
        if not exists(group):
            _left.pop(group, None)
    if exists(pid):
        members = ((member, process.started(member)) for member in process.group_members(pid))
        _left[pid] = [(member, mark) for member, mark in members if mark is not None]


def exists(group: int) -> bool:
    """Say whether any process is in this process group."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def kill(group: int, number: signal.Signals, others: Sequence[int]) -> None:
    """Send a signal to a process group, and to the processes beside it that stem from it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)  # guard: childs-group-is-killed-with-it
    for pid in others:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)  # guard: what-stems-from-child-is-killed
