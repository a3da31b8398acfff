"""Where xacct's files live, for the daemon and the control command alike. Standard library only.

XDG on Linux; the same variables on macOS, with ~/Library defaults. As the XDG Base Directory Specification
says, relative values are ignored.
"""

import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple


class Places(NamedTuple):
    """The directories and files of one user."""

    runtime: Path
    state: Path
    config: Path
    control: Path

    @property
    def lock(self) -> Path:
        """Held by the one daemon of this runtime directory."""
        return self.runtime / "xacctd.lock"

    @property
    def start_lock(self) -> Path:
        """Held by a control command while it starts the daemon."""
        return self.runtime / "start.lock"

    @property
    def tokens(self) -> Path:
        """The directory of grants' token files."""
        return self.runtime / "grants"

    @property
    def log(self) -> Path:
        """What a daemon started by the control command says."""
        return self.state / "xacctd.log"


def find(env: Mapping[str, str], platform: str = sys.platform) -> Places:
    """The places for an environment; none of them need exist yet."""
    home = Path(env.get("HOME") or Path.home())
    mac = platform == "darwin"

    def place(variable: str, linux: str, macos: str) -> Path:
        value = env.get(variable, "")
        return Path(value) / "xacct" if value.startswith("/") else home / (macos if mac else linux)

    runtime = place("XDG_RUNTIME_DIR", ".cache/xacct/run", "Library/Caches/xacct/run")
    standard = Path(f"/run/user/{os.getuid()}")
    if not mac and not env.get("XDG_RUNTIME_DIR", "").startswith("/") and is_ours(standard):
        runtime = standard / "xacct"
    return Places(
        runtime=runtime,
        state=place("XDG_STATE_HOME", ".local/state/xacct", "Library/Application Support/xacct"),
        config=place("XDG_CONFIG_HOME", ".config/xacct", "Library/Application Support/xacct") / "config.toml",
        control=Path(env.get("XACCT_SOCKET") or runtime / "control.sock"),
    )


def is_ours(directory: Path) -> bool:
    """Whether a path exists and belongs to this user."""
    try:
        return directory.stat().st_uid == os.geteuid()
    except OSError:
        return False


def make_private(directory: Path) -> str | None:
    """Make a directory that only its owner can enter. Returns None, or one sentence on why that can't be."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not is_ours(directory):
            return f"{directory} belongs to somebody else."
        if stat.S_IMODE(directory.stat().st_mode) & 0o077:
            directory.chmod(0o700)
    except OSError as error:
        return f"{directory} can't be used ({error.strerror})."
    return None
