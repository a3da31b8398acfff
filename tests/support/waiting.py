"""Waiting until something is so: tests go by what they need, never by how fast the machine is."""

import asyncio
import os
import time

PATIENCE = float(os.environ.get("PATIENCE", "60"))
"""Seconds after which something that should happen at once is taken not to happen, on however busy a machine.

(scripts/mutate_guards.py waits for what mostly can't happen any more, and so less.)
"""

PAUSE = 0.01
"""Seconds between two looks."""


def wait_until(condition, seconds=PATIENCE, what="it"):
    """What `condition()` gives as soon as that is something.

    Args:
        condition: called again and again. what: what it is, for the sentence that says it did not happen.
    """
    end = time.monotonic() + seconds
    while not (got := condition()):
        assert time.monotonic() < end, f"{what} did not happen within {seconds} s"
        time.sleep(PAUSE)
    return got


async def until(condition, what="it"):
    """The same on an event loop that goes on meanwhile; on one in virtual time, within turns of the loop alone."""
    for _ in range(2000):
        if got := condition():
            return got
        await asyncio.sleep(0)
    end = time.monotonic() + PATIENCE
    while not (got := condition()):
        assert time.monotonic() < end, f"{what} did not happen within {PATIENCE} s"
        await asyncio.sleep(PAUSE)
    return got
