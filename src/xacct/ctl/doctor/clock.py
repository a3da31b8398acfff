"""This machine's clock: against AWS's, and whether anything keeps it right."""

from pathlib import Path
from typing import Final

from xacct.ctl.doctor.finding import Checks, Finding, broken, ok, skipped, warning
from xacct.ctl.doctor.scene import Scene

WORTH_SAYING: Final = 60.0
REFUSED: Final = 300.0
"""Seconds of skew past which services begin to refuse what SDKs sign; xacct itself works around any."""

SYNCHRONIZED: Final = Path("/run/systemd/timesync/synchronized")
_FIX: Final = "timedatectl set-ntp true"
_FIX_MACOS: Final = "sudo sntp -sS time.apple.com"


def _skew(scene: Scene) -> Finding:
    if scene.daemon.about is None or (skew := scene.daemon.about["clock_skew"]) is None:
        return skipped("How far this clock is from AWS's is known once xacctd has asked AWS for something.")
    fix = _FIX_MACOS if scene.platform == "darwin" else _FIX
    off = f"This clock is {abs(skew):.0f} s {'behind' if skew > 0 else 'ahead of'} AWS's"
    if abs(skew) > REFUSED:
        return broken(f"{off}: xacct works around it, but AWS refuses what your programs sign.", fix)
    if abs(skew) > WORTH_SAYING:
        return warning(f"{off}: SDKs judge expiry by it.", fix)
    return ok("This clock agrees with AWS's.")


def _synchronized(scene: Scene) -> Finding:
    if SYNCHRONIZED.exists():
        return ok("NTP keeps this clock.")
    said = scene.output("timedatectl", "show", "--property=NTPSynchronized", "--value")
    answer = said.stdout.strip() if said else ""
    if answer == "yes":
        return ok("NTP keeps this clock.")
    if answer == "no":
        return warning("Nothing keeps this clock: NTP has not synchronized it.", _FIX)
    return skipped("Whether NTP keeps this clock can't be told here.")


CHECKS: Final[Checks] = {"clock-skew": _skew, "clock-synchronized": _synchronized}
