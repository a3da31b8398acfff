"""The one place that reads the machine's clocks."""

import time

from xacct.model import Instant

# macOS has no CLOCK_BOOTTIME: its CLOCK_MONOTONIC counts through sleep, unlike Python's time.monotonic().
_BOOT: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def read() -> Instant:
    """One reading: Unix time, and seconds since boot with suspends counted in."""
    return Instant(wall=time.time(), boot=time.clock_gettime(_BOOT))


def boot_id() -> str:
    """Which boot of the machine this is: instants on the boot-time clock mean nothing in another one."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:  # noqa: PTH123 - pathlib is slow to load
            return file.read().strip()
    except OSError:
        at = read()
        # macOS has no such file. When the machine was booted tells boots apart, unless the clock is stepped meanwhile:
        # then it counts as another boot, which costs nothing but some waiting.
        return f"booted about {round((at.wall - at.boot) / 60)} min after 1970"
