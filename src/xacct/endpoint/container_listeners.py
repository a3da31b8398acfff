"""The listeners for containers: open while a grant for containers is in force, on routes that come and go.

Each takes such grants alone, and answers to the names an SDK may call it by over plain HTTP, whatever the route to it:
a bridge's address, a user-mode network that maps it to loopback, a relay that forwards it to a Unix socket.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

import structlog

from xacct import errors
from xacct.endpoint.head import hosts_of

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from xacct.endpoint.server import Endpoint

log = structlog.get_logger("xacct.endpoint")

ECS = "169.254.170.2"
EKS = "169.254.170.23"
"""The addresses beside loopback that SDKs accept over plain HTTP: those of containers in ECS, and of pods in EKS."""

SWEEP = 5.0


class Route(NamedTuple):
    """Where containers may reach us: its name, its mark (another one of that name is another route), how to bind."""

    name: str
    mark: object
    bind: Callable[[], socket.socket]
    make: Callable[[], Endpoint]


class Containers:
    """Opens and closes the listeners.

    Args:
        address: the address by which containers know us.
        port: its port.
        routes: how they can reach us just now.
        wanted: whether any grant is for containers.
    """

    def __init__(self, address: str, port: int, routes: Callable[[], list[Route]], wanted: Callable[[], bool]) -> None:
        self.url = f"http://{address}:{port}"
        self.troubles: dict[str, str] = {}
        self._hosts = hosts_of(port, ECS) | hosts_of(port, EKS)
        self._routes = routes
        self._wanted = wanted
        self._open: dict[str, tuple[object, Endpoint]] = {}
        self._lock = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def listening(self) -> list[str]:
        """The routes that are open."""
        return list(self._open)

    def look(self) -> None:
        """Settle soon; for whoever can't wait for it."""
        task = asyncio.get_running_loop().create_task(self.settle())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settle(self) -> None:
        """Open what is missing and close what is not wanted any more."""
        async with self._lock:
            # guard: no-unwanted-container-listener
            routes = {route.name: route for route in self._routes()} if self._wanted() else {}
            for name, (mark, endpoint) in list(self._open.items()):
                if name not in routes or routes[name].mark != mark:
                    del self._open[name]
                    await endpoint.close()
                    log.info("containers: closed", route=name)
            self.troubles = {name: why for name, why in self.troubles.items() if name in routes}
            for route in routes.values():
                if route.name not in self._open:
                    await self._serve(route)

    async def run(self) -> None:
        """Close connections that have had their time, until cancelled."""
        while True:
            await asyncio.sleep(SWEEP)
            for _, endpoint in self._open.values():
                endpoint.sweep()

    async def pause(self, linger: float) -> None:
        """Close all listeners, and hang up on whoever is connected; `settle` opens again what is wanted.

        Args:
            linger: as in Endpoint.close.
        """
        async with self._lock:
            endpoints = [endpoint for _, endpoint in self._open.values()]
            self._open.clear()
            await asyncio.gather(*(endpoint.close(linger) for endpoint in endpoints))

    async def close(self) -> None:
        """Close all."""
        self._wanted = lambda: False
        await self.settle()

    async def _serve(self, route: Route) -> None:
        try:
            listener = route.bind()
        except (OSError, errors.StartupFailed) as error:
            why = (error.strerror if isinstance(error, OSError) else error.sentence) or type(error).__name__
            if self.troubles.get(route.name) != why:
                log.warning("containers: not listening", route=route.name, why=why)
            self.troubles[route.name] = why
            return
        endpoint = route.make()
        await endpoint.serve(listener, self._hosts)  # guard: containers-own-names-only
        self.troubles.pop(route.name, None)
        self._open[route.name] = (route.mark, endpoint)
        log.info("containers: listening", route=route.name)
