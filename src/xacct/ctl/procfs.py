"""What /proc tells of processes: nothing where there is none, and of processes that have gone or are another user's."""
# ruff: noqa: PTH123, PTH208 - see paths.py

from __future__ import annotations

import os


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
    try:
        with open(f"/proc/{pid}/{name}", "rb") as file:
            return file.read()
    except OSError:
        return b""


def command(pid: int) -> str:
    """Return a process's name."""
    return os.fsdecode(read(pid, "comm").strip())


def stat(pid: int) -> list[str]:
    """Return the fields behind the name in /proc/PID/stat: state, parent and so on (proc(5))."""
    return read(pid, "stat").rpartition(b")")[2].decode("ascii", "replace").split()
