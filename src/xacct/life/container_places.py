"""Where containers reach the daemon: loopback for user-mode networks, a Unix socket for relays, each bridge."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from xacct import places, wire
from xacct.endpoint import server
from xacct.endpoint.containers import Containers, Place
from xacct.endpoint.door import BridgeDoor, Door, SocketDoor
from xacct.host import bridges

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

    from xacct.endpoint.grants import Grants
    from xacct.endpoint.server import Endpoint
    from xacct.settings import ContainersSettings

    Endpoints = Callable[[Door | SocketDoor], Endpoint]


@dataclass(frozen=True)
class ContainerPlaces:
    """What the places are made of.

    `socket`: the Unix socket. `door`: the loopback endpoint's. `endpoint`: makes an endpoint behind a door.
    `require_known`: whether callers that the kernel can't name are refused, as containers on a bridge are then.
    """

    chosen: ContainersSettings
    socket: Path
    door: Door
    endpoint: Endpoints
    require_known: bool

    def __call__(self) -> list[Place]:
        """The places there are just now."""
        port = self.chosen.port
        return [
            Place(f"{server.ADDRESS}:{port}", 0, partial(server.bind, port), self._behind(self.door)),
            Place(str(self.socket), 0, partial(_bind_unix, self.socket), self._behind(SocketDoor(os.geteuid()))),
            *self._bridges(),
        ]

    def _bridges(self) -> list[Place]:
        address, port = self.chosen.address, self.chosen.port
        if not self.chosen.bridge or not bridges.is_here(address):
            return []
        # guard: whom-kernel-does-not-know-on-bridges
        door = BridgeDoor(bridges.is_here, os.geteuid(), require_known=self.require_known)
        return [
            Place(
                f"{address}:{port} on {name}",
                number,
                partial(bridges.bind, name, address, port),
                self._behind(door),
            )
            for name, number in bridges.of_containers().items()
        ]

    def _behind(self, door: Door | SocketDoor) -> Callable[[], Endpoint]:
        return partial(self.endpoint, door)

    def about(self, open_now: Containers, port_on_host: int) -> wire.ContainersAnswer:
        """What the control API tells of them."""
        return {
            "enabled": self.chosen.enabled,
            "url": open_now.url,
            "address": self.chosen.address,
            "port": self.chosen.port,
            "port_on_host": port_on_host,
            "socket": str(self.socket),
            "listening": open_now.listening,
            "troubles": open_now.troubles,
            "address_here": bridges.is_here(self.chosen.address),
            "bridges": list(bridges.of_containers()) if self.chosen.bridge else [],
            "require_known_caller": self.require_known,
        }


def containers(chosen: ContainersSettings, where: ContainerPlaces, grants: Grants) -> Containers:
    """The listeners for containers, open while there is a grant for one."""

    def wanted() -> bool:
        return chosen.enabled and any(grant.where == "container" for grant in grants.all())

    return Containers(chosen.address, chosen.port, where, wanted)


def _bind_unix(path: Path) -> socket.socket:
    from xacct.control.server import bind  # noqa: PLC0415 - it loads aiohttp

    try:
        places.make_private(str(path.parent))
    except places.UnusableError as error:
        raise OSError(0, error.sentence) from None
    return bind(path)
