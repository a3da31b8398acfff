"""Where the numbers of accepted TOTP time steps outlive a restart. A step number is no secret."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import structlog

from xacct import errors, fileio

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES = 1024 * 1024
"""A line for each MFA device that there ever was has far less."""

log = structlog.get_logger("xacct.host")


def load(path: Path) -> dict[str, int]:
    """The last accepted step of each MFA device; empty where nothing readable is kept."""
    try:
        kept = json.loads(fileio.read(path, MOST_BYTES, follow=False))
        return {str(serial): int(step) for serial, step in kept.items()}
    except (OSError, ValueError, AttributeError, TypeError, OverflowError, RecursionError):
        return {}


def save(path: Path, steps: dict[str, int]) -> errors.XacctError | None:
    """Keep the steps. A full disk costs a used code after a restart, not a login. Returns why they are not kept."""
    try:
        fileio.write_private(path, json.dumps(steps).encode())
    except OSError as error:
        log.warning("used steps not kept", why=error.strerror)
        return errors.StateNotKept(
            f"Which codes were used can't be kept in {path} ({error.strerror}).",
            "Right after a restart a code may be sent to AWS that it has seen. Mend the disk.",
        )
    return None
