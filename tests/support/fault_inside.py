"""What a story of faults changes inside the processes of its world: their wall clock, and a constant of theirs."""

from __future__ import annotations

import os
from pathlib import Path

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)

CHANGES = Path(__file__).with_name("faults_inside")
"""What Python runs first in each of these processes: its sitecustomize.py."""


def inside(env, constant, value):
    """The environment that gives a Python process of ours another value for "module:NAME", a whole number."""
    path = os.pathsep.join(filter(None, [str(CHANGES), env.get("PYTHONPATH")]))
    return {"PYTHONPATH": path, "XACCT_TEST_CONSTANT": f"{constant}:{value}"}


def faked_clock(offset):
    """The environment that gives a process another wall clock, and leaves it every other clock.

    `offset`: the file that says how far it is off, in seconds with their sign.
    """
    if FAKETIME is None:
        return {}
    return {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_CACHE_DURATION": "1",
        "NO_FAKE_STAT": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_FORCE_MONOTONIC_FIX": "0",  # without, each thread that begins or waits spins
    }


def forget_faked_clocks():
    """Remove what libfaketime leaves behind of each process that is killed."""
    for kind in ("faketime_shm_", "sem.faketime_sem_"):
        for left in Path("/dev/shm").glob(f"{kind}*"):
            if not Path("/proc", left.name.removeprefix(kind)).exists():
                left.unlink(missing_ok=True)
