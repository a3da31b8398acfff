"""`xacctctl service` on macOS: an agent of the user's own. Written from launchctl(1) and launchd.plist(5), not run."""

import os
from pathlib import Path
from subprocess import CompletedProcess
from typing import Final

from xacct import paths
from xacct.ctl import child, service_files
from xacct.ctl.client import Client
from xacct.ctl.failure import FAILED, OK, CtlError
from xacct.ctl.render import out
from xacct.ctl.unmanaged_daemon import stop_unmanaged

LABEL: Final = "dev.xacct.xacctd"


def install(client: Client, *, now: bool) -> int:
    """Write the agent's file and have launchd listen, now and at each login.

    Args:
        client: of a daemon that may run already.
        now: stop a daemon that prevents it.
    """
    path = _file()
    wanted = service_files.for_launchd(service_files.program(), service_files.port())
    service_files.refuse_strangers([path])
    stop_unmanaged(client, lambda pid: _pid() == pid, now=now)
    # launchd makes neither.
    paths.make_private(paths.runtime_dir())
    paths.make_private(paths.state_dir())
    wrote = service_files.write(path, wanted)
    out(f"{'wrote   ' if wrote else 'kept    '} {path}")
    if _loaded() and wrote and _pid() and not now:
        out("changed  the agent runs on as it was; to take it up: xacctctl service install --now")
        return OK
    if _loaded() and (wrote or now):
        _do("bootout", f"{_domain()}/{LABEL}")
    if not _loaded():
        _do("bootstrap", _domain(), str(path))
    out(f"enabled  {LABEL}; the first connection starts xacctd")
    return OK


def status() -> int:
    """Say what is installed, and whether it is what install would write; 1 unless all is well."""
    path = _file()
    wanted = service_files.for_launchd(service_files.program(), service_files.port())
    verdict = service_files.verdict(path, wanted)
    loaded, pid = _loaded(), _pid()
    out(f"{verdict:<14} {path}")
    out(f"{LABEL}  {'loaded' if loaded else 'not loaded'}, {f'runs (pid {pid})' if pid else 'does not run'}")
    return OK if loaded and verdict == service_files.UP_TO_DATE else FAILED


def uninstall() -> int:
    """Stop the agent, and remove its file if install wrote it."""
    path = _file()
    if not service_files.is_ours(path):
        out(f"nothing of ours is in {path.parent}")
        return OK
    if _loaded():
        _do("bootout", f"{_domain()}/{LABEL}")
        out(f"stopped  {LABEL}; what it held is gone")
    service_files.remove(path)
    out(f"removed  {path}")
    return OK


def _file() -> Path:
    return Path(paths.home(), "Library", "LaunchAgents", service_files.PLIST)


def _domain() -> str:
    return f"gui/{os.getuid()}"


def _loaded() -> bool:
    return _launchctl("print", f"{_domain()}/{LABEL}").returncode == 0


def _pid() -> int | None:
    """The running agent's process, as `launchctl print` tells it: a line "pid = 123"."""
    for line in _launchctl("print", f"{_domain()}/{LABEL}").stdout.splitlines():
        name, _, value = line.strip().partition(" = ")
        if name == "pid" and value.isdigit():
            return int(value)
    return None


def _do(*words: str) -> None:
    done = _launchctl(*words)
    if done.returncode != 0:
        why = done.stderr.strip().partition("\n")[0] or f"status {done.returncode}"
        raise CtlError(f"launchctl {words[0]} failed: {why}", "Log in at the Mac's own screen, and try again.")


def _launchctl(*words: str) -> CompletedProcess[str]:
    try:
        return child.told(["launchctl", *words], patience=60)
    except FileNotFoundError:
        raise CtlError("There is no launchctl here.", "xacctctl starts xacctd by itself.") from None
