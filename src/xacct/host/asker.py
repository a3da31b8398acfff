"""Who asks, for the human who is to say yes: the process, those it stems from, its directory, its command line.

Read from Linux's /proc; elsewhere there is no more than pid and program. A look may hang (the memory of a process whose
network drive is gone can't be read), so it has a thread of its own, a time limit, and few at once.
"""
# ruff: noqa: PTH115, PTH123 - links and files of /proc, whose names are numbers

from __future__ import annotations

import asyncio
import os
from itertools import islice
from typing import TYPE_CHECKING

from xacct.asker import Asker
from xacct.host import ancestry, process
from xacct.host.command_line import shown
from xacct.host.processes import executable, is_ours
from xacct.host.threads import run_in_daemon_thread
from xacct.text import clean, cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from xacct.host.process import Stat
    from xacct.model import Caller

PATIENCE = 1.0
"""Seconds that a prompt waits for it. Our choice: a look takes some milliseconds."""

AT_ONCE = 4
"""Looks at once: who hangs must not have threads without end."""

DEPTH = 8
"""Processes that are shown of a tree."""

LARGEST = 16 * 1024
"""Bytes that are read of a command line."""

LONGEST = 200
"""Characters of a directory that are shown."""


class Askers:
    """Looks at who asks.

    Args:
        find: a caller with its process, where that can be found out; slow.
        gather: what there is to say of it; slow, and may hang.
    """

    def __init__(self, find: Callable[[Caller], Caller], gather: Callable[[Caller], Asker] | None = None) -> None:
        self._find = find
        self._gather = gather or of
        self._looking = 0

    async def of(self, caller: Caller) -> Asker:
        """Who a caller is, as far as that is known within PATIENCE. Never fails."""
        if self._looking >= AT_ONCE:  # guard: looks-that-hang-are-few
            return Asker(caller.process)
        try:
            looking = run_in_daemon_thread(lambda: self._gather(self._find(caller)))
        except RuntimeError:  # the system has no thread left
            return Asker(caller.process)
        self._looking += 1
        looking.add_done_callback(self._looked)
        done, _ = await asyncio.wait({looking}, timeout=PATIENCE)  # guard: no-prompt-waits-for-look-that-hangs
        return looking.result() if done and looking.exception() is None else Asker(caller.process)

    def _looked(self, looking: asyncio.Future[Asker]) -> None:
        self._looking -= 1
        if not looking.cancelled():
            looking.exception()


def of(caller: Caller, proc: str = "/proc") -> Asker:
    """What there is to say of a caller's process. For a thread.

    Args:
        caller: with its process, where that is known.
        proc: where the system tells of processes.
    """
    unknown = Asker(caller.process)
    if caller.pid is None:
        return unknown
    before = _stat(proc, caller.pid)
    if before is None:
        return unknown
    tree = tuple(_tree(proc, caller.pid, before))
    found = Asker(caller.process, tree, _directory(proc, caller.pid), _command(proc, caller.pid))
    now = _stat(proc, caller.pid)
    # A pid may have come to stand for another process since the caller was found, or since we began.
    # guard: asker-is-process-that-asked
    same = now is not None and now.started == before.started and executable(caller.pid, proc) == caller.exe
    return found if same else unknown


def _tree(proc: str, pid: int, own: Stat) -> Iterator[tuple[int, str]]:
    """The process and its ancestors, up to what holds the terminal, or the user's first process."""
    yield pid, _name(own)
    for number, stat in islice(ancestry.above(pid, proc), DEPTH - 1):  # guard: tree-has-end
        if number == 1 or not is_ours(number, proc):
            return
        yield number, _name(stat)
        if own.terminal and not stat.terminal:
            return


def _name(stat: Stat) -> str:
    return cut(clean(stat.name), 40)


def _stat(proc: str, pid: int) -> Stat | None:
    try:
        return process.stat(pid, proc)
    except (OSError, ValueError):
        return None


def _directory(proc: str, pid: int) -> str:
    try:
        found = os.readlink(os.fsencode(f"{proc}/{pid}/cwd")).decode("utf-8", "backslashreplace")
    except OSError:
        return ""
    return cut(clean(found), LONGEST)


def _command(proc: str, pid: int) -> str:
    try:
        with open(f"{proc}/{pid}/cmdline", "rb") as file:
            raw = file.read(LARGEST)
    except OSError:
        return ""
    arguments = raw.decode("utf-8", "backslashreplace").split("\0")
    if len(raw) == LARGEST:  # guard: half-argument-is-not-shown
        arguments[-1] = "…"  # half a word does not look like the whole one
    return shown(arguments[:-1] if raw.endswith(b"\0") else arguments)
