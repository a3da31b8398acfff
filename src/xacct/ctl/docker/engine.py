"""What kind of engine it is, from the engine itself."""

import json
import os
from collections.abc import Mapping
from subprocess import CompletedProcess, TimeoutExpired
from typing import Any, Final, NamedTuple

from xacct.ctl import child
from xacct.ctl.failure import NOT_FOUND, CtlError

PATIENCE: Final = 20.0
"""Seconds an engine may take to say what it is: podman starts a process or two for it."""

PASTA_SINCE: Final = (5, 0)
"""The podman from which on a rootless container's own network is pasta's, unless told otherwise."""


class Engine(NamedTuple):
    """An engine.

    Attributes:
        command: docker or podman.
        remote: where it is, if not on this machine.
    """

    command: str
    podman: bool
    version: tuple[int, ...]
    rootless: bool
    desktop: bool = False
    remote: str | None = None
    pasta: bool = False

    @property
    def words(self) -> str:
        """What it is, for people."""
        kind = "in a virtual machine" if self.desktop else "rootless" if self.rootless else "rootful"
        return f"{'Podman' if self.podman else 'Docker'} {'.'.join(map(str, self.version))}, {kind}"


def ask(command: str) -> Engine:
    """Ask the engine behind `command`.

    Raises:
        CtlError: it does not answer.
    """
    podman = "podman" in command.rpartition("/")[2]
    if podman:
        return of_podman(command, _json([command, "info", "--format", "json"]))
    about = _json([command, "info", "--format", "{{json .}}"])
    host = os.environ.get("DOCKER_HOST") or _host_of_context(command)
    return of_docker(command, about, host)


def of_docker(command: str, about: dict[str, Any], host: str) -> Engine:
    """Read what `docker info` said; `host` is where docker's requests go."""
    if about.get("ServerErrors") or not about.get("ServerVersion"):
        why = str((about.get("ServerErrors") or ["it says nothing of itself"])[0])
        raise CtlError(f"The Docker engine does not answer: {why}", f"{command} info")
    options = " ".join(about.get("SecurityOptions") or [])
    system = str(about.get("OperatingSystem", ""))
    if system.startswith("podman") or "libpod" in system:
        raise CtlError("Behind this docker command is Podman.", "xacctctl podman run ...")
    return Engine(
        command,
        podman=False,
        version=_version(str(about["ServerVersion"])),
        rootless="rootless" in options,
        desktop=_in_a_machine(system),
        remote=None if host.startswith(("unix://", "npipe://", "/")) else host,
    )


def of_podman(command: str, about: dict[str, Any]) -> Engine:
    """Read what `podman info` said."""
    host = about.get("host") or {}
    version = _version(str((about.get("version") or {}).get("Version", "0")))
    network = str(host.get("rootlessNetworkCmd") or ("pasta" if version >= PASTA_SINCE else "slirp4netns"))
    return Engine(
        command,
        podman=True,
        version=version,
        rootless=bool((host.get("security") or {}).get("rootless")),
        desktop=bool(host.get("serviceIsRemote")),
        pasta=network == "pasta",
    )


def run(
    words: list[str], patience: float = PATIENCE, environ: Mapping[str, str] | None = None
) -> CompletedProcess[str]:
    """Run a command of the engine, in an environment of its own perhaps, and return what it says.

    Raises:
        CtlError: there is no such command, or it does not end within `patience` seconds.
    """
    try:
        return child.told(words, patience=patience, environ=environ)
    except FileNotFoundError:
        raise CtlError(f"{words[0]}: no such command.", "--engine names another", NOT_FOUND) from None
    except TimeoutExpired:
        raise CtlError(f"{words[0]} does not answer.", f"{words[0]} info") from None


def output(words: list[str]) -> str:
    """Return what a command of the engine prints.

    Raises:
        CtlError: it fails; with its own last line.
    """
    done = run(words)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
        raise CtlError(f"{' '.join(words[:2])} failed: {last}")
    return done.stdout


def _json(words: list[str]) -> dict[str, Any]:
    try:
        found = json.loads(output(words))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise CtlError(f"{' '.join(words[:2])} says nothing that can be understood.", " ".join(words))
    return found


def _host_of_context(command: str) -> str:
    return output([command, "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]).strip()


def _in_a_machine(system: str) -> bool:
    """Docker Desktop says so itself; on macOS every engine is in some machine (colima, OrbStack, Rancher)."""
    return system == "Docker Desktop" or os.uname().sysname == "Darwin"


def _version(text: str) -> tuple[int, ...]:
    numbers = []
    for part in text.replace("-", ".").replace("+", ".").split("."):
        if not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers[:3])
