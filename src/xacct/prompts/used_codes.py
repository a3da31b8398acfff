"""Which one-time codes AWS has already answered, so that none is sent to it twice.

Codes are remembered in memory only. What survives a restart is, per device, the number of the last time step
whose code was accepted: that is no secret, and enough to wait for the next step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xacct.policy import TOTP_STEP, next_step

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

KEPT = 4 * TOTP_STEP
"""Seconds a code is remembered: AWS accepts a step either side, so after this it can't be valid anyway."""


class UsedCodes:
    """Used codes per MFA device.

    `now` is AWS's time; `boot` is on the boot-time clock, which can't be set back or forward.

    Args:
        save: called with all accepted steps, per serial, when one is added.
    """

    def __init__(self, save: Callable[[dict[str, int]], None] = lambda _: None) -> None:
        self._earlier: dict[str, int] = {}
        self._steps: dict[str, int] = {}
        self.codes: dict[str, dict[str, float]] = {}
        self._save = save

    def resume(self, steps: Mapping[str, int]) -> None:
        """Know the accepted steps of an earlier run, per serial."""
        self._earlier = dict(steps)
        self._steps = {**steps, **self._steps}

    def mark_used(self, serial: str, code: str, boot: float) -> None:
        """STS has answered a call that carried this code, whatever it answered."""
        codes = self.codes.setdefault(serial, {})
        codes[code] = boot  # guard: code-sts-answered-is-used-up
        for old in [code for code, at in codes.items() if at < boot - KEPT]:
            del codes[old]

    def accept(self, serial: str, now: float) -> None:
        """STS has accepted a code of the step at `now`."""
        self._steps[serial] = int(now // TOTP_STEP)
        self._earlier.pop(serial, None)
        self._save(dict(self._steps))

    def used(self, serial: str, code: str, now: float, boot: float) -> bool:
        """Whether this code has been sent, or may have been before a restart."""
        at = self.codes.get(serial, {}).get(code)
        # guard: nor-one-accepted-before-restart
        return (at is not None and at >= boot - KEPT) or self._earlier.get(serial) == int(now // TOTP_STEP)

    def fresh_at(self, serial: str, now: float) -> float | None:
        """When the device shows a code not yet used, if it does not now."""
        return next_step(now) if self._steps.get(serial) == int(now // TOTP_STEP) else None
