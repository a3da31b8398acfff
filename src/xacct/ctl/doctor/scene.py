"""What the checks look at: the environment, our directories, AWS's files, and what the daemon says, gathered once."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess, TimeoutExpired
from typing import Final, TypeVar

from xacct import paths, wire
from xacct.ctl import child, variables
from xacct.ctl.client import Client
from xacct.ctl.doctor import awsfiles
from xacct.ctl.failure import CtlError

T = TypeVar("T")

PATIENCE: Final = 3.0
"""Seconds that the daemon, and each program that is asked, gets."""


@dataclass(frozen=True)
class Daemon:
    """What the daemon says: nothing but `trouble` where it can't be asked, only `version` where its API is another."""

    version: wire.VersionAnswer | None = None
    status: wire.StatusAnswer | None = None
    roles: wire.RolesAnswer | None = None
    grants: wire.GrantsAnswer | None = None
    trouble: CtlError | None = None

    @property
    def about(self) -> wire.DaemonStatus | None:
        """What it says of itself; None if nothing."""
        return self.status.get("daemon") if self.status else None

    @property
    def endpoint(self) -> str | None:
        """The URL of its endpoint; None without one."""
        return self.version["endpoint"] if self.version else None


@dataclass(frozen=True, eq=False)
class Scene:
    """One machine, user and shell. It is its own key in caches.

    Attributes:
        role: the only one of interest, None for all.
    """

    environ: Mapping[str, str]
    home: Path
    runtime: Path
    state: Path
    settings: Path
    socket: Path
    files: awsfiles.AwsFiles
    daemon: Daemon
    role: str | None = None
    platform: str = sys.platform

    def which(self, program: str) -> str | None:
        """Return where PATH has `program`, None if nowhere."""
        return shutil.which(program, path=self.environ.get("PATH", os.defpath))

    def output(self, program: str, *words: str) -> CompletedProcess[str] | None:
        """Run a program that only tells, and return what it said; None if it is missing or takes too long."""
        found = self.which(program)
        if found is None:
            return None
        try:
            return child.told([found, *words], patience=PATIENCE, environ=self.environ)
        except (OSError, TimeoutExpired):
            return None


def look(client: Client, role: str | None) -> Scene:
    """Gather what there is."""
    environ = dict(os.environ)
    home = Path(paths.home())
    return Scene(
        environ=environ,
        home=home,
        runtime=Path(paths.runtime_dir()),
        state=Path(paths.state_dir()),
        settings=Path(paths.config_file()),
        socket=Path(paths.socket_path()),
        files=awsfiles.read(variables.without_ours(environ), home),
        daemon=ask(client),
        role=role,
    )


def ask(client: Client) -> Daemon:
    """Ask the daemon, of whatever version, for all it says of itself."""
    try:
        version = client.call("GET", wire.VERSION, wire.VersionAnswer, any_api=True, timeout=PATIENCE)
    except CtlError as trouble:
        return Daemon(trouble=trouble)
    if version["api"] != wire.API:
        return Daemon(version)
    try:
        return Daemon(
            version,
            _get(client, f"{wire.STATUS}?look=1", wire.StatusAnswer),
            _get(client, wire.ROLES, wire.RolesAnswer),
            _get(client, wire.GRANTS, wire.GrantsAnswer),
        )
    except CtlError as trouble:
        return Daemon(version, trouble=trouble)


def _get(client: Client, path: str, shape: type[T]) -> T:
    return client.call("GET", path, shape, timeout=PATIENCE)
