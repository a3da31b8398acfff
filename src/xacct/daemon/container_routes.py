"""Where containers reach the daemon: loopback for user-mode networks, a Unix socket for relays, each bridge."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from xacct import paths, wire
from xacct.endpoint import server
from xacct.endpoint.container_listeners import Containers, Route
from xacct.endpoint.peer_check import BridgePeerCheck, PeerCheck, SocketPeerCheck
from xacct.host import bridges, unix_sockets

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

    from xacct.endpoint.server import Endpoint
    from xacct.grants.grants import Grants
    from xacct.settings import ContainersSettings

    Endpoints = Callable[[PeerCheck | SocketPeerCheck], Endpoint]


@dataclass(frozen=True)
class ContainerRoutes:
    """Makes the routes that there are just now.

    Attributes:
        socket: the Unix socket.
        peer_check: the loopback endpoint's.
        endpoint: makes an endpoint behind a peer check.
        require_known: whether callers that the kernel can't name are refused, as containers on a bridge are then.
    """

    chosen: ContainersSettings
    socket: Path
    peer_check: PeerCheck
    endpoint: Endpoints
    require_known: bool

    def __call__(self) -> list[Route]:
        """The routes there are just now."""
        port = self.chosen.port
        return [
            Route(f"{server.ADDRESS}:{port}", 0, partial(server.bind, port), self._behind(self.peer_check)),
            Route(str(self.socket), 0, partial(_bind_unix, self.socket), self._behind(SocketPeerCheck(os.geteuid()))),
            *self._bridges(),
        ]

    def _bridges(self) -> list[Route]:
        address, port = self.chosen.address, self.chosen.port
        if not self.chosen.bridge or not bridges.is_here(address):
            return []
        # guard: whom-kernel-does-not-know-on-bridges
        peer_check = BridgePeerCheck(bridges.is_here, os.geteuid(), require_known=self.require_known)
        return [
            Route(
                f"{address}:{port} on {name}",
                number,
                partial(bridges.bind, name, address, port),
                self._behind(peer_check),
            )
            for name, number in bridges.of_containers().items()
        ]

    def _behind(self, peer_check: PeerCheck | SocketPeerCheck) -> Callable[[], Endpoint]:
        return partial(self.endpoint, peer_check)

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


def containers(chosen: ContainersSettings, where: ContainerRoutes, grants: Grants) -> Containers:
    """The listeners for containers, open while there is a grant for one."""

    def wanted() -> bool:
        return chosen.enabled and any(grant.where == "container" for grant in grants.all())

    return Containers(chosen.address, chosen.port, where, wanted)


def _bind_unix(path: Path) -> socket.socket:
    try:
        paths.make_private(str(path.parent))
    except paths.UnusableError as error:
        raise OSError(0, error.sentence) from None
    return unix_sockets.bind(path)
