"""The one place that reads the machine's clocks."""

import time

from xacct.model import Instant

_BOOT = getattr(time, "CLOCK_BOOTTIME", None)
if _BOOT is None:  # macOS: its CLOCK_MONOTONIC counts through sleep, unlike Python's time.monotonic()
    _BOOT = time.CLOCK_MONOTONIC


def read() -> Instant:
    """One reading: Unix time, and seconds since boot with suspends counted in."""
    return Instant(wall=time.time(), boot=time.clock_gettime(_BOOT))
