"""One-time codes: which are right now, and which have been used (RFC 6238, 30 s steps)."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final

import pyotp

if TYPE_CHECKING:
    from xacct.sandbox.world import MfaDevice

STEP_SECONDS: Final = 30
_DRIFT: Final = 1


class CodeUsedUpError(Exception):
    """This step's code has been accepted already; the next one comes in `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"This step's code has been used; the next one comes in {seconds:.1f} s.")
        self.seconds = seconds


def step_at(now: float) -> int:
    """Return the number of the time step that holds the instant (Unix seconds)."""
    return int(now // STEP_SECONDS)


def code_of(seed: str, step: int) -> str:
    """Return the six digits of a seed (base32) at a step."""
    return pyotp.TOTP(seed, interval=STEP_SECONDS).generate_otp(step)


def seconds_to_next(now: float) -> float:
    """Return the seconds until the next step begins; never 0."""
    return STEP_SECONDS - now % STEP_SECONDS


class CodeHistory:
    """Remembers which steps of which device have been accepted, and refuses them for ever."""

    def __init__(self) -> None:
        self._used: dict[str, set[int]] = {}

    def accept(self, device: MfaDevice, code: str, now: float) -> bool:
        """Accept a code of the current step or one beside it, once; return whether it was."""
        current = step_at(now)
        used = self._used.setdefault(device.serial, set())
        for step in range(max(0, current - _DRIFT), current + _DRIFT + 1):
            right = hmac.compare_digest(code_of(device.seed, step).encode(), code.encode())
            if right and step not in used:
                used.add(step)
                return True
        return False

    def used_steps(self, device: MfaDevice) -> list[int]:
        """Return the accepted steps of a device, oldest first."""
        return sorted(self._used.get(device.serial, ()))

    def next_code_in(self, device: MfaDevice, now: float) -> float:
        """Return the seconds until an unused code exists; 0.0 if the current one is unused."""
        used = self._used.get(device.serial, set())
        step = step_at(now)
        if step not in used:
            return 0.0
        # The client may have run one step ahead of us, so the next step can be used up as well.
        later = next(n for n in range(1, len(used) + 2) if step + n not in used)
        return seconds_to_next(now) + (later - 1) * STEP_SECONDS

    def code(self, device: MfaDevice, now: float) -> str:
        """Return the current step's code.

        Raises:
            CodeUsedUpError: When it has been accepted already; says how long to wait.
        """
        wait = self.next_code_in(device, now)
        if wait:
            raise CodeUsedUpError(wait)
        return code_of(device.seed, step_at(now))
