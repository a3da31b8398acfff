"""Units of systemd and launchd: installed, enabled, leading to a program that exists, and not beside another daemon."""

import os
import plistlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from xacct import fileio
from xacct.ctl.doctor.finding import Finding, broken, ok, skipped, warning
from xacct.ctl.doctor.scene import Scene

SOCKET: Final = "xacctd.socket"
SERVICE: Final = "xacctd.service"
LABEL: Final = "dev.xacct.xacctd"

_SYSTEM: Final = ("/etc/systemd/user", "/usr/local/lib/systemd/user", "/usr/lib/systemd/user")
_EXEC: Final = re.compile(r"^ExecStart\s*=\s*[-@:+!]*(.+)$", re.MULTILINE)
INSTALL: Final = "xacctctl service install"
_NO_UNIT: Final = "No unit of xacctd is installed: xacctctl starts it when it is needed."


def check(scene: Scene) -> Iterator[Finding]:
    """Examine the units of this platform."""
    if scene.platform == "darwin":
        yield from _launchd(scene)
        return
    found = _unit_files(scene)
    yield _programs(scene, found)
    if not found:
        yield skipped("systemd-state", _NO_UNIT)
        yield skipped("systemd-conflict", _NO_UNIT)
        return
    states = _states(scene)
    if states is None:
        yield skipped("systemd-state", "systemctl --user does not answer: there is no user manager here.")
        yield skipped("systemd-conflict", "systemctl --user does not answer.")
        return
    yield _state(states, has_socket=SOCKET in found)
    yield _conflict(scene, states)


def _unit_files(scene: Scene) -> dict[str, Path]:
    """Return the unit files in force, as systemd would find them."""
    config = scene.environ.get("XDG_CONFIG_HOME") or str(scene.home / ".config")

    places = [Path(config) / "systemd/user", scene.home / ".local/share/systemd/user", *map(Path, _SYSTEM)]
    return {
        unit: next(place / unit for place in places if (place / unit).is_file())
        for unit in (SOCKET, SERVICE)
        if any((place / unit).is_file() for place in places)
    }


def _programs(scene: Scene, found: dict[str, Path]) -> Finding:
    name: Final = "systemd-units"
    service = found.get(SERVICE)
    if service is None:
        if SOCKET in found:
            return broken(name, f"{found[SOCKET]} has no {SERVICE} beside it.", INSTALL)
        return ok(name, _NO_UNIT)
    try:
        program = _program(fileio.read_text(service), scene.home)
    except (OSError, ValueError):
        return broken(name, f"{service} can't be read.", f"ls -l {service}")
    if program is None:
        return broken(name, f"{service} starts nothing: it has no ExecStart.", INSTALL)
    if program.startswith("/") and not os.access(program, os.X_OK):
        return broken(name, f"{service} starts {program}, which can't be run.", INSTALL)
    return ok(name, f"{service} starts {program}.")


def _program(unit: str, home: Path) -> str | None:
    line = _EXEC.search(unit)
    if line is None:
        return None
    known = {"%h": str(home), "%%": "%"}
    return re.sub("%[h%]", lambda found: known[found[0]], shlex.split(line[1])[0])


def _states(scene: Scene) -> dict[str, str] | None:
    """Return what systemd says of both units, as UNIT.PROPERTY; None where there is no user manager."""
    found: dict[str, str] = {}
    for unit in (SOCKET, SERVICE):
        said = scene.output(
            "systemctl", "--user", "show", "--property=UnitFileState,ActiveState,MainPID,NeedDaemonReload", unit
        )
        if said is None or said.status != 0:
            return None
        pairs = (line.partition("=") for line in said.text.splitlines())
        found |= {f"{unit}.{key}": value for key, _, value in pairs}
    return found


def _state(states: dict[str, str], *, has_socket: bool) -> Finding:
    name: Final = "systemd-state"
    unit = SOCKET if has_socket else SERVICE
    failed = [each for each in (SOCKET, SERVICE) if states.get(f"{each}.ActiveState") == "failed"]
    if failed:
        return broken(
            name,
            f"{' and '.join(failed)} failed; journalctl --user -u {failed[-1]} says why.",
            f"systemctl --user reset-failed {' '.join(failed)} && systemctl --user start {unit}",
        )
    if "yes" in (states.get(f"{each}.NeedDaemonReload") for each in (SOCKET, SERVICE)):
        return warning(name, "The unit files have changed since systemd read them.", "systemctl --user daemon-reload")
    if states.get(f"{unit}.UnitFileState") not in ("enabled", "enabled-runtime"):
        return warning(name, f"{unit} is installed, but not enabled.", f"systemctl --user enable --now {unit}")
    if states.get(f"{unit}.ActiveState") != "active":
        return warning(name, f"{unit} is enabled, but not active.", f"systemctl --user start {unit}")
    return ok(name, f"{unit} is enabled and active.")


def _conflict(scene: Scene, states: dict[str, str]) -> Finding:
    name: Final = "systemd-conflict"
    version = scene.daemon.version
    wanted = states.get(f"{SOCKET}.UnitFileState") == "enabled" or states.get(f"{SERVICE}.UnitFileState") == "enabled"
    if version is None or not wanted:
        return ok(name, "No xacctd runs beside the units.")
    if states.get(f"{SERVICE}.MainPID") == str(version["pid"]):
        return ok(name, "The xacctd that answers is systemd's.")
    return warning(
        name,
        f"The xacctd that answers (pid {version['pid']}) is not systemd's, though its units are enabled.",
        f"xacctctl stop && systemctl --user restart {SOCKET}",
    )


def _launchd(scene: Scene) -> Iterator[Finding]:
    file = scene.home / "Library/LaunchAgents" / f"{LABEL}.plist"
    if not file.exists():
        yield ok("launchd-agent", _NO_UNIT)
        return
    try:
        words = plistlib.loads(fileio.read(file))["ProgramArguments"]
        program = str(words[0])
    except (OSError, plistlib.InvalidFileException, ValueError, KeyError, IndexError, TypeError):
        yield broken("launchd-agent", f"{file} starts nothing.", INSTALL)
        return
    if not os.access(program, os.X_OK):
        yield broken("launchd-agent", f"{file} starts {program}, which can't be run.", INSTALL)
        return
    target = f"gui/{os.getuid()}"
    said = scene.output("launchctl", "print", f"{target}/{LABEL}")
    if said is None or said.status != 0:
        yield warning("launchd-agent", f"{LABEL} is installed, but not loaded.", f"launchctl bootstrap {target} {file}")
        return
    yield ok("launchd-agent", f"{LABEL} is loaded.")
