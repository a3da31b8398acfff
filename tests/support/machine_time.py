"""How long something took, without the time in which the processes that it depends on were kept from running.

A machine that has more to do than it can makes everybody wait; that is not a daemon that hangs. The kernel counts for
each thread how long it could have run and was not let (sched(7), /proc/PID/task/TID/schedstat, the second number), and
how long the whole machine was kept from running by its host (`steal` in /proc/stat). Where it counts neither, time is
what the clock says.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

MOST = 8
"""No machine is so busy: several threads that wait at once are counted several times, so there has to be an end."""

TICK = os.sysconf("SC_CLK_TCK")


class Watch:
    """Runs from when it is made. `family` returns the processes (pids) that whoever waits depends on."""

    def __init__(self, family):
        self._family = family
        self._before = kept_waiting(family())
        self._stolen = stolen()
        self._began = time.monotonic()

    def elapsed(self):
        """Seconds by the clock."""
        return time.monotonic() - self._began

    def own(self):
        """Seconds of it in which whoever worked for us could work."""
        now = kept_waiting(self._family())
        lost = sum(waited - self._before.get(thread, 0.0) for thread, waited in now.items())
        return self.elapsed() - lost - (stolen() - self._stolen)

    def over(self, seconds):
        """Whether it took longer than that, of its own time, or MOST times that by the clock."""
        return self.elapsed() > seconds and (self.own() > seconds or self.elapsed() > MOST * seconds)


def kept_waiting(pids):
    """Seconds that each thread of these processes has been kept from running in all its life."""
    found = {}
    for pid in pids:
        for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            with contextlib.suppress(OSError, ValueError, IndexError):
                found[str(path)] = int(path.read_text().split()[1]) / 1e9
    return found


def stolen():
    """Seconds that the host has kept our processors from running, the mean of them."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/stat").read_text().split("\n", 1)[0].split()[8]) / TICK / (os.cpu_count() or 1)
    return 0.0
