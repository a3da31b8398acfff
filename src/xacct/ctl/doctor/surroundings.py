"""What else is here, for information: a keychain, and containers' engines."""

import hashlib
import json
import socket
from pathlib import Path
from typing import Final

from xacct import fileio
from xacct.ctl.doctor.finding import Checks, Finding, ok
from xacct.ctl.doctor.scene import Scene

PATIENCE: Final = 1.0
DEFAULT: Final = "unix:///var/run/docker.sock"


def _keychain(scene: Scene) -> Finding:
    if scene.platform == "darwin":
        return ok("The macOS keychain is here." if scene.which("security") else "security is not in PATH.")
    bus = scene.environ.get("DBUS_SESSION_BUS_ADDRESS") or (scene.runtime.parent / "bus").exists()
    if not bus:
        return ok("There is no session bus, and so no Secret Service.")
    if scene.which("secret-tool") is None:
        return ok("There is a session bus, but no secret-tool to ask a Secret Service with.")
    return ok("There is a session bus and secret-tool, for a Secret Service.")


def _docker(scene: Scene) -> Finding:
    if scene.which("docker") is None:
        return ok("Docker is not installed.")
    context, host = docker_host(scene)
    if not host.startswith("unix://"):
        return ok(f"Docker's context {context} is at {host.partition('://')[0]}, on another machine perhaps.")
    path = host.removeprefix("unix://")
    why = unreachable(path)
    return ok(f"Docker's context {context} {f'does not answer at {path} ({why})' if why else 'answers'}.")


def _podman(scene: Scene) -> Finding:
    return ok(f"Podman is {'' if scene.which('podman') else 'not '}installed.")


def docker_host(scene: Scene) -> tuple[str, str]:
    """Return Docker's context and the address it leads to, found as the docker command finds it."""
    if host := scene.environ.get("DOCKER_HOST"):
        return "DOCKER_HOST", host
    directory = Path(scene.environ.get("DOCKER_CONFIG") or scene.home / ".docker")
    context = scene.environ.get("DOCKER_CONTEXT") or _text(directory / "config.json", "currentContext") or "default"
    if context == "default":
        return context, DEFAULT
    meta = directory / "contexts/meta" / hashlib.sha256(context.encode()).hexdigest() / "meta.json"
    return context, _text(meta, "Endpoints", "docker", "Host") or "nowhere"


def unreachable(path: str) -> str | None:
    """Return why nobody answers at a Unix socket, None if somebody does."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE)
        try:
            connection.connect(path)
        except OSError as error:
            return error.strerror or "its path is too long"
    return None


def _text(file: Path, *keys: str) -> str | None:
    try:
        found = json.loads(fileio.read_text(file))
        for key in keys:
            found = found[key]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if isinstance(found, str) else None


CHECKS: Final[Checks] = {"keychain": _keychain, "docker": _docker, "podman": _podman}
