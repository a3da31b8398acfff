"""Which process is the shell that called us: not always our parent.

`source <(xacctctl env prod)` runs us in a subshell that is gone a moment later, and a grant that
ended with it would be worth nothing. A subshell is a fork without exec: it shares its parent's
stack address, which any exec shuffles.
"""

from __future__ import annotations

import os

from xacct.ctl import procfs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

_PARENT: Final = 1
_STACK: Final = 25
"""Fields of /proc/PID/stat behind the command's name; see proc(5)."""


class _Process:
    def __init__(self, parent: int, stack: str, pid: int) -> None:
        self.parent = parent
        self.stack = stack
        self.pid = pid


def calling_shell() -> int:
    """Return the pid of the nearest ancestor that is no subshell; without procfs, of the parent.

    Of an .envrc it is the shell that direnv works for: the one that reads the file is gone in a moment.
    """
    shell = _no_subshell(pid := os.getppid())
    if shell is None:
        return pid
    if procfs.command(shell.parent) != "direnv" or (direnv := _look(shell.parent)) is None:
        return shell.pid
    caller = _no_subshell(direnv.parent)
    return direnv.parent if caller is None else caller.pid


def _no_subshell(pid: int) -> _Process | None:
    """Return the nearest of a process and its ancestors that is no subshell; None without procfs."""
    here = _look(pid)
    while here and (above := _look(here.parent)):
        if here.stack != above.stack or here.stack == "0":
            break
        here = above
    return here


def _look(pid: int) -> _Process | None:
    fields = procfs.stat(pid)
    return _Process(int(fields[_PARENT]), fields[_STACK], pid) if len(fields) > _STACK else None
