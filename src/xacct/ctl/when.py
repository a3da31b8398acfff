"""Durations and times of day as people type them: 8h, 1h30m, 19:00."""

import re
import time
from typing import Final

from xacct.ctl.failure import USAGE, CtlError

_UNITS: Final = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_DURATION: Final = r"(?:([0-9]{1,4})d)?(?:([0-9]{1,4})h)?(?:([0-9]{1,5})m)?(?:([0-9]{1,6})s)?"
_CLOCK: Final = r"([01]?[0-9]|2[0-3]):([0-5][0-9])"

SESSION: Final = ("36h", "An MFA session lasts 36 hours at most.")
ROLE: Final = ("12h", "AWS gives a role's credentials for 12 hours at most.")
GRANT: Final = ("366d", "A grant lasts 366 days at most.")
"""What can last how long at most: policy.py has AWS's limits, control/requests.py ours."""


def seconds(text: str, most: tuple[str, str] | None = None) -> int:
    """Return the seconds in `8h`, `1h30m`, `90m`.

    Raises:
        CtlError: it is anything else, or more than `most`.
    """
    match = re.fullmatch(_DURATION, text)
    total = sum(
        int(count or 0) * unit for count, unit in zip(match.groups() if match else (), _UNITS.values(), strict=False)
    )
    if not total:
        raise CtlError(f"{text!r} is no duration.", "Write it like 8h, 90m or 1h30m.", USAGE)
    if most is not None and total > seconds(most[0]):
        raise CtlError(f"{text} is too long. {most[1]}", f"Ask for {most[0]} or less.", USAGE)
    return total


def next_time(text: str, now: float) -> float:
    """Return the next instant (Unix seconds) after `now` when local clocks show HH:MM."""
    match = re.fullmatch(_CLOCK, text)
    if not match:
        raise CtlError(f"{text!r} is no time of day.", "Write it like 19:00.", USAGE)
    year, month, day, *_ = time.localtime(now)
    clock = (int(match[1]), int(match[2]))
    for ahead in (0, 1):
        # mktime carries day 32 into the next month, and -1 lets it work out summer time itself
        instant = time.mktime((year, month, day + ahead, *clock, 0, 0, 0, -1))
        if instant > now:
            break
    return instant


def past(text: str, now: float) -> float:
    """Return the instant (Unix seconds) that `text` means: so long before `now` (2h), or an ISO 8601 time."""
    if re.fullmatch(_DURATION, text):
        return now - seconds(text)
    from datetime import datetime  # noqa: PLC0415 - 4 ms, which the daily verbs need not pay

    try:
        return datetime.fromisoformat(text).timestamp()  # without a zone it is local time
    except (ValueError, OverflowError, OSError):
        raise CtlError(
            f"{text!r} is neither a duration nor a time.", "Write it like 2h, or 2026-11-22T12:00.", USAGE
        ) from None
