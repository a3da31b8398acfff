"""This machine's clock: against AWS's, and whether anything keeps it right."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from xacct.ctl.doctor.finding import Finding, broken, ok, skipped, warning
from xacct.ctl.doctor.scene import Scene

WORTH_SAYING: Final = 60.0
REFUSED: Final = 300.0
"""Seconds of skew past which services begin to refuse what SDKs sign; xacct itself works around any."""

SYNCHRONIZED: Final = Path("/run/systemd/timesync/synchronized")
_FIX: Final = "timedatectl set-ntp true"
_FIX_MACOS: Final = "sudo sntp -sS time.apple.com"


def check(scene: Scene) -> Iterator[Finding]:
    """Examine the clock."""
    fix = _FIX_MACOS if scene.platform == "darwin" else _FIX
    status = scene.daemon.status
    daemon = status.get("daemon") if status else None
    yield _skew(daemon["clock_skew"] if daemon else None, fix)
    yield _synchronized(scene, SYNCHRONIZED)


def _skew(skew: float | None, fix: str) -> Finding:
    name: Final = "clock-skew"
    if skew is None:
        return skipped(name, "How far this clock is from AWS's is known once xacctd has asked AWS for something.")
    off = f"This clock is {abs(skew):.0f} s {'behind' if skew > 0 else 'ahead of'} AWS's"
    if abs(skew) > REFUSED:
        return broken(name, f"{off}: xacct works around it, but AWS refuses what your programs sign.", fix)
    if abs(skew) > WORTH_SAYING:
        return warning(name, f"{off}: SDKs judge expiry by it.", fix)
    return ok(name, "This clock agrees with AWS's.")


def _synchronized(scene: Scene, mark: Path) -> Finding:
    name: Final = "clock-synchronized"
    if mark.exists():
        return ok(name, "NTP keeps this clock.")
    said = scene.output("timedatectl", "show", "--property=NTPSynchronized", "--value")
    answer = said.text.strip() if said else ""
    if answer == "yes":
        return ok(name, "NTP keeps this clock.")
    if answer == "no":
        return warning(name, "Nothing keeps this clock: NTP has not synchronized it.", _FIX)
    return skipped(name, "Whether NTP keeps this clock can't be told here.")
