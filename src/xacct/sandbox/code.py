"""`xacct-sandbox code`: one unused code of a running sandbox, waiting for the next if it must."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from xacct.sandbox import files, reach, totp
from xacct.sandbox.control import MFA_PATH

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Woken exactly on the border, a clock may still be a hair before it.
_PAST_BORDER: Final = 0.05


def fresh_code(directory: Path, sleep: Callable[[float], None] = time.sleep) -> str:
    """Return a code of the current step that the sandbox in `directory` hasn't accepted yet.

    Args:
        directory: The running sandbox's.
        sleep: Called with the seconds to the next step while the current one is used up.

    Raises:
        Problem: If no sandbox runs there.
    """
    try:
        seed = files.load_identity(directory).seed
        while True:
            now, used = _ask((directory / "ready").read_text().strip())
            if totp.step_at(now) not in used:
                return totp.code_of(seed, totp.step_at(now))
            sleep(totp.seconds_to_next(now) + _PAST_BORDER)
    except (OSError, ValueError, KeyError, TypeError, files.NotASandboxError):
        raise reach.not_running(directory) from None


def _ask(url: str) -> tuple[float, list[int]]:
    """Return the sandbox's time (Unix seconds) and the steps it has accepted."""
    told = reach.ask(url + MFA_PATH)
    return float(told["time"]), [int(step) for step in told["used_steps"]]
