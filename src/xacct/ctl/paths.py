"""Where xacct keeps its socket, state and settings. The daemon has the same rules."""

import os
import stat
import sys
from pathlib import Path

from xacct.ctl.failure import CtlError


def _home(variable: str, linux: str, macos: str) -> Path:
    """XDG wants relative values ignored."""
    value = os.environ.get(variable, "")
    if value.startswith("/"):
        return Path(value) / "xacct"
    return Path.home() / (macos if sys.platform == "darwin" else linux)


def runtime_dir() -> Path:
    """Return the directory of the control socket; it may not exist yet."""
    run = Path(f"/run/user/{os.getuid()}")
    if not os.environ.get("XDG_RUNTIME_DIR") and sys.platform != "darwin" and _is_ours(run):
        return run / "xacct"
    return _home("XDG_RUNTIME_DIR", ".cache/xacct/run", "Library/Caches/xacct/run")


def socket_path() -> Path:
    """Return the control socket: XACCT_SOCKET, or `control.sock` in the runtime directory."""
    override = os.environ.get("XACCT_SOCKET")
    return Path(override) if override else runtime_dir() / "control.sock"


def state_dir() -> Path:
    """Return the directory of the daemon's log."""
    return _home("XDG_STATE_HOME", ".local/state/xacct", "Library/Application Support/xacct")


def config_file() -> Path:
    """Return the path of config.toml."""
    return _home("XDG_CONFIG_HOME", ".config/xacct", ".config/xacct") / "config.toml"


def make_private(directory: Path) -> None:
    """Create `directory` as 0700, or make it so; `CtlError` when it is somebody else's."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_ours(directory):
            raise CtlError(
                f"{directory} belongs to somebody else.",
                "Set XDG_RUNTIME_DIR and XDG_STATE_HOME to directories of your own.",
            )
        if stat.S_IMODE(directory.stat().st_mode) & 0o077:
            directory.chmod(0o700)
    except OSError as error:
        raise CtlError(f"{directory} can't be used: {error.strerror}.") from None


def _is_ours(directory: Path) -> bool:
    try:
        return directory.stat().st_uid == os.geteuid()
    except OSError:
        return False
