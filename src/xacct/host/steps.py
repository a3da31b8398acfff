"""Where the numbers of accepted TOTP time steps outlive a restart. A step number is no secret."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from pathlib import Path

log = structlog.get_logger("xacct.host")


def load(path: Path) -> dict[str, int]:
    """The last accepted step of each MFA device; empty where nothing readable is kept."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return {str(serial): int(step) for serial, step in kept.items()}
    except (OSError, ValueError, AttributeError, TypeError, OverflowError, RecursionError):
        return {}


def save(path: Path, steps: dict[str, int]) -> None:
    """Keep the steps. A full disk costs a wait after a restart, not a login."""
    beside = path.with_suffix(".new")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            json.dump(steps, out)
        beside.replace(path)
    except OSError as error:
        log.warning("used steps not kept", why=error.strerror)
