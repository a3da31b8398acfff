"""What /proc tells of processes: nothing where there is none, and of processes that have gone or are another user's."""
# ruff: noqa: PTH123, PTH208 - see paths.py

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

_PIECE: Final = 64 * 1024


def pids() -> list[int]:
    """Return every process there is."""
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []


def newest() -> int:
    """Return the process (or thread) that was started last; 0 where the kernel does not tell (proc(5): loadavg)."""
    try:
        with open("/proc/loadavg", "rb") as file:
            return int(file.read().split()[-1])
    except (OSError, ValueError, IndexError):
        return 0


def read(pid: int, name: str) -> bytes:
    """Return what is in a file of a process."""
    content = b""
    try:
        descriptor = os.open(f"/proc/{pid}/{name}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return content
    try:
        while piece := os.read(descriptor, _PIECE):
            content += piece
    except OSError:
        return b""
    finally:
        os.close(descriptor)
    return content


def command(pid: int) -> str:
    """Return a process's name."""
    return os.fsdecode(read(pid, "comm").strip())


def stat(pid: int) -> list[str]:
    """Return the fields behind the name in /proc/PID/stat: state, parent and so on (proc(5))."""
    return read(pid, "stat").rpartition(b")")[2].decode("ascii", "replace").split()
