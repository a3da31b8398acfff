"""The relay: one container on a network of its own that forwards 169.254.170.2 to xacctd."""

import json
from typing import Any, Final

from xacct import wire
from xacct.ctl.docker.engine import Engine, output
from xacct.ctl.docker.ways import NETWORK, SUBNET
from xacct.ctl.failure import CtlError

NAME: Final = "xacct-relay"
_MOUNT: Final = "/run/xacct-containers"


def start(engine: Engine, about: wire.ContainersAnswer, image: str) -> None:
    """Start the relay unless it runs.

    Raises:
        CtlError: its image is not here: none is pulled unasked.
    """
    there = _found(engine, "container", NAME)
    if there and (there.get("State") or {}).get("Running"):
        return
    if _found(engine, "image", image) is None:
        raise CtlError(
            f"The relay's image {image} is not here, and nothing is pulled unasked.",
            f"{engine.command} pull {image}   (or --relay-image, another one that has socat)",
        )
    if not _found(engine, "network", NETWORK):
        output([engine.command, "network", "create", "--subnet", SUBNET, NETWORK])
    if there:
        output([engine.command, "rm", "-f", NAME])
    output(command(engine, about, image))


def command(engine: Engine, about: wire.ContainersAnswer, image: str) -> list[str]:
    """Return the command that starts it."""
    there, mount = _target(engine, about)
    return [
        *(engine.command, "run", "--detach", "--pull", "never", "--name", NAME),
        *("--network", NETWORK, "--ip", about["address"]),
        *("--read-only", "--cap-drop", "ALL", "--cap-add", "DAC_OVERRIDE"),
        *mount,
        *("--entrypoint", "socat", image, f"TCP-LISTEN:{about['port']},fork,reuseaddr", there),
    ]


def stop(engine: Engine) -> None:
    """End it, and remove its network."""
    if _found(engine, "container", NAME):
        output([engine.command, "rm", "-f", NAME])
    if _found(engine, "network", NETWORK):
        output([engine.command, "network", "rm", NETWORK])


def _target(engine: Engine, about: wire.ContainersAnswer) -> tuple[str, list[str]]:
    """A Unix socket does not pass into a virtual machine. Its directory is mounted, for the socket is made anew."""
    if engine.desktop:
        name = "host.containers.internal" if engine.podman else "host.docker.internal"
        return f"TCP:{name}:{about['port']}", []
    directory, _, socket = about["socket"].rpartition("/")
    return f"UNIX-CONNECT:{_MOUNT}/{socket}", ["--volume", f"{directory}:{_MOUNT}"]


def _found(engine: Engine, kind: str, name: str) -> dict[str, Any] | None:
    try:
        shown = json.loads(output([engine.command, kind, "inspect", name]))
    except (CtlError, ValueError):
        return None
    return shown[0] if shown else None
