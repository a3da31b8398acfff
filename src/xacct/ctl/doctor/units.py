"""Units of systemd and launchd: installed, enabled, leading to a program that exists, and not beside another daemon."""

import os
import plistlib
import re
import shlex
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Final

from xacct import fileio
from xacct.ctl.doctor.finding import Check, Checks, Finding, Found, broken, ok, skipped, warning
from xacct.ctl.doctor.scene import Scene
from xacct.ctl.launchd import LABEL
from xacct.ctl.unit import ELSEWHERE, SERVICE, SOCKET

_EXEC: Final = re.compile(r"^ExecStart\s*=\s*[-@:+!]*(.+)$", re.MULTILINE)
INSTALL: Final = "xacctctl service install"
_NO_UNIT: Final = "No unit of xacctd is installed: xacctctl starts it when it is needed."


def _unit_files(scene: Scene) -> dict[str, Path]:
    """Return the unit files in force, as systemd would find them."""
    config = scene.environ.get("XDG_CONFIG_HOME") or str(scene.home / ".config")
    places = [Path(config) / "systemd/user", scene.home / ".local/share/systemd/user", *map(Path, ELSEWHERE)]
    found = {unit: [place / unit for place in places if (place / unit).is_file()] for unit in (SOCKET, SERVICE)}
    return {unit: files[0] for unit, files in found.items() if files}


def _programs(scene: Scene) -> Finding:
    found = _unit_files(scene)
    service = found.get(SERVICE)
    if service is None:
        if SOCKET in found:
            return broken(f"{found[SOCKET]} has no {SERVICE} beside it.", INSTALL)
        return ok(_NO_UNIT)
    try:
        program = _program(fileio.read_text(service), scene.home)
    except (OSError, ValueError):
        return broken(f"{service} can't be read.", f"ls -l {service}")
    if program is None:
        return broken(f"{service} starts nothing: it has no ExecStart.", INSTALL)
    if program.startswith("/") and not os.access(program, os.X_OK):
        return broken(f"{service} starts {program}, which can't be run.", INSTALL)
    return ok(f"{service} starts {program}.")


def _program(unit: str, home: Path) -> str | None:
    line = _EXEC.search(unit)
    if line is None:
        return None
    known = {"%h": str(home), "%%": "%"}
    return re.sub("%[h%]", lambda found: known[found[0]], shlex.split(line[1])[0])


@lru_cache(maxsize=1)
def _states(scene: Scene) -> dict[str, str] | None:
    """Return what systemd says of both units, as UNIT.PROPERTY; None where there is no user manager."""
    found: dict[str, str] = {}
    for unit in (SOCKET, SERVICE):
        said = scene.output(
            "systemctl", "--user", "show", "--property=UnitFileState,ActiveState,MainPID,NeedDaemonReload", unit
        )
        if said is None or said.returncode != 0:
            return None
        pairs = (line.partition("=") for line in said.stdout.splitlines())
        found |= {f"{unit}.{key}": value for key, _, value in pairs}
    return found


def _said(check: Callable[[Scene, dict[str, str]], Finding], otherwise: str) -> Check:
    """Return a check of what systemd says of the units.

    Args:
        check: examines what it says.
        otherwise: the finding where it says nothing.
    """

    def said(scene: Scene) -> Found:
        if scene.platform == "darwin":
            return ()
        if not _unit_files(scene):
            return skipped(_NO_UNIT)
        states = _states(scene)
        return skipped(otherwise) if states is None else check(scene, states)

    return said


def _state(scene: Scene, states: dict[str, str]) -> Finding:
    unit = SOCKET if SOCKET in _unit_files(scene) else SERVICE
    failed = [each for each in (SOCKET, SERVICE) if states.get(f"{each}.ActiveState") == "failed"]
    if failed:
        return broken(
            f"{' and '.join(failed)} failed; journalctl --user -u {failed[-1]} says why.",
            f"systemctl --user reset-failed {' '.join(failed)} && systemctl --user start {unit}",
        )
    if "yes" in (states.get(f"{each}.NeedDaemonReload") for each in (SOCKET, SERVICE)):
        return warning("The unit files have changed since systemd read them.", "systemctl --user daemon-reload")
    if states.get(f"{unit}.UnitFileState") not in ("enabled", "enabled-runtime"):
        return warning(f"{unit} is installed, but not enabled.", f"systemctl --user enable --now {unit}")
    if states.get(f"{unit}.ActiveState") != "active":
        return warning(f"{unit} is enabled, but not active.", f"systemctl --user start {unit}")
    return ok(f"{unit} is enabled and active.")


def _conflict(scene: Scene, states: dict[str, str]) -> Finding:
    version = scene.daemon.version
    wanted = "enabled" in (states.get(f"{each}.UnitFileState") for each in (SOCKET, SERVICE))
    if version is None or not wanted:
        return ok("No xacctd runs beside the units.")
    if states.get(f"{SERVICE}.MainPID") == str(version["pid"]):
        return ok("The xacctd that answers is systemd's.")
    return warning(
        f"The xacctd that answers (pid {version['pid']}) is not systemd's, though its units are enabled.",
        f"xacctctl stop && systemctl --user restart {SOCKET}",
    )


def _agent(scene: Scene) -> Found:
    if scene.platform != "darwin":
        return ()
    file = scene.home / "Library/LaunchAgents" / f"{LABEL}.plist"
    if not file.exists():
        return ok(_NO_UNIT)
    try:
        program = str(plistlib.loads(fileio.read(file))["ProgramArguments"][0])
    except (OSError, plistlib.InvalidFileException, ValueError, KeyError, IndexError, TypeError):
        return broken(f"{file} starts nothing.", INSTALL)
    if not os.access(program, os.X_OK):
        return broken(f"{file} starts {program}, which can't be run.", INSTALL)
    target = f"gui/{os.getuid()}"
    said = scene.output("launchctl", "print", f"{target}/{LABEL}")
    if said is None or said.returncode != 0:
        return warning(f"{LABEL} is installed, but not loaded.", f"launchctl bootstrap {target} {file}")
    return ok(f"{LABEL} is loaded.")


CHECKS: Final[Checks] = {
    "systemd-units": lambda scene: () if scene.platform == "darwin" else _programs(scene),
    "systemd-state": _said(_state, "systemctl --user does not answer: there is no user manager here."),
    "systemd-conflict": _said(_conflict, "systemctl --user does not answer."),
    "launchd-agent": _agent,
}
