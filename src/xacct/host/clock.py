"""The one place that reads the machine's clocks."""

import time

from xacct.model import Instant

# macOS has no CLOCK_BOOTTIME: its CLOCK_MONOTONIC counts through sleep, unlike Python's time.monotonic().
_BOOT: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def read() -> Instant:
    """One reading: Unix time, and seconds since boot with suspends counted in."""
    return Instant(wall=time.time(), boot=time.clock_gettime(_BOOT))
