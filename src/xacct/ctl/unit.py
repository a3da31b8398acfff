"""Whether a service manager keeps the daemon that this command speaks to: cheap questions, asked by daily verbs.

Under socket activation a connection starts the daemon. So who must not start it asks here before connecting.
"""
# ruff: noqa: PTH110, PTH116, PTH120, PTH123 - see paths.py

from __future__ import annotations

import os
import sys

from xacct import paths
from xacct.ctl.failure import NO_DAEMON, CtlError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from subprocess import CompletedProcess
    from typing import Final

SERVICE: Final = "xacctd.service"
SOCKET: Final = "xacctd.socket"

ELSEWHERE: Final = ("/etc/systemd/user", "/usr/local/lib/systemd/user", "/usr/lib/systemd/user")
"""Where an administrator or a package would put the units."""

_JOURNAL: Final = ("journalctl", "--user", "-u", "xacctd")
_JUST_NOW: Final = "-10s"
_PREFIX: Final = "xacctd: "
_HINT: Final = "  hint: "

_PATIENCE: Final = 45
"""Seconds systemctl may take: more than the unit's own limit on a start."""


def directory() -> str:
    """Return where this user's units lie."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    return f"{base if base.startswith('/') else paths.home() + '/.config'}/systemd/user"


def managed() -> bool:
    """Say whether the units are installed, and the user's systemd runs that would start our daemon with them."""
    if sys.platform == "darwin" or os.environ.get("XACCT_SOCKET") or os.environ.get("XACCT_DAEMON"):
        return False
    installed = any(os.path.exists(f"{place}/{SOCKET}") for place in (directory(), *ELSEWHERE))
    return installed and os.path.exists(f"{_runtime()}/systemd/private")


def asleep() -> bool:
    """Say whether it is managed and neither runs nor is about to: a connection would start it."""
    return managed() and not runs() and not active()


def runs() -> bool:
    """Say whether some daemon holds the lock of our runtime directory; true where the kernel doesn't tell."""
    try:
        file = os.stat(f"{paths.runtime_dir()}/xacctd.lock")
    except FileNotFoundError:
        return False
    # Trying to take it would tell as well, and keep a daemon that starts just then from having it.
    try:
        with open("/proc/locks", encoding="ascii") as table:
            held = {line.split()[-3] for line in table if " FLOCK " in line}
    except (OSError, IndexError):
        return True
    return f"{os.major(file.st_dev):02x}:{os.minor(file.st_dev):02x}:{file.st_ino}" in held


def holder() -> int | None:
    """Return the pid of the daemon that holds the lock, None if nobody does, or if XACCT_SOCKET leads elsewhere."""
    if os.environ.get("XACCT_SOCKET") or not runs():
        return None
    from xacct import fileio  # noqa: PLC0415 - of use where nobody listens

    try:
        pid = int(fileio.read(f"{paths.runtime_dir()}/xacctd.lock", 16))
        os.kill(pid, 0)
    except (OSError, ValueError, OverflowError):
        return None
    return pid if pid > 0 else None


def active() -> bool:
    """Say whether the service runs, starts or is being tried again and again."""
    return show(SERVICE, "ActiveState") not in {"", "inactive", "failed"}


def show(unit: str, name: str) -> str:
    """Return one property of a unit, "" if systemd does not tell."""
    return systemctl("show", "--property", name, "--value", unit).stdout.strip()


def systemctl(*words: str) -> CompletedProcess[str]:
    """Run `systemctl --user`.

    Raises:
        CtlError: there is none, or it does not end.
    """
    return _run("systemctl", "--user", *words)


def start() -> None:
    """Have systemd start the daemon and wait until it is ready; `CtlError` with its last words if it fails."""
    done = systemctl("start", SOCKET, SERVICE)
    if done.returncode == 0:
        return
    lines = _run(*_JOURNAL, "--output", "cat", "--since", _JUST_NOW, "--no-pager").stdout.splitlines()
    raise last_words(lines) or CtlError(
        f"systemd can't start xacctd: {_first(done.stderr)}", f"systemctl --user status {SOCKET} {SERVICE}", NO_DAEMON
    )


def last_words(lines: list[str]) -> CtlError | None:
    """Return the failure that the daemon reported as `xacctd: SENTENCE` and `  hint: HINT`, None if there is none."""
    said = [index for index, line in enumerate(lines) if line.startswith(_PREFIX)]
    if not said:
        return None
    after = lines[said[-1] + 1] if said[-1] + 1 < len(lines) else ""
    hint = after.removeprefix(_HINT) if after.startswith(_HINT) else f"Its log: {log()}"
    return CtlError(lines[said[-1]].removeprefix(_PREFIX), hint, NO_DAEMON)


def stop() -> None:
    """Have systemd stop the daemon, which it would start again if it just ended.

    Raises:
        CtlError: it can't.
    """
    done = systemctl("stop", SERVICE)
    if done.returncode != 0:
        raise CtlError(f"systemd can't stop xacctd: {_first(done.stderr)}", f"systemctl --user status {SERVICE}")


def log() -> str:
    """Return where the daemon's log is: a path, or the command that shows it."""
    return " ".join(_JOURNAL) if managed() else paths.log_file()


def _run(*command: str) -> CompletedProcess[str]:
    from subprocess import TimeoutExpired  # noqa: PLC0415 - 10 ms, paid only here

    from xacct.ctl import child  # noqa: PLC0415

    environ = {**os.environ, "XDG_RUNTIME_DIR": _runtime(), "LC_ALL": "C"}
    try:
        return child.told(command, environ=environ, patience=_PATIENCE)
    except FileNotFoundError:
        raise CtlError(
            f"There is no {command[0]} here.", "Without systemd, xacctctl starts xacctd by itself."
        ) from None
    except TimeoutExpired:
        raise CtlError(
            f"{' '.join(command)} did not end within {_PATIENCE} seconds.", f"systemctl --user status {SERVICE}"
        ) from None


def _runtime() -> str:
    """The directory that xacct's lies in, which is systemd's %t."""
    return os.path.dirname(paths.runtime_dir())


def _first(text: str) -> str:
    return text.strip().partition("\n")[0] or "it does not say why."
