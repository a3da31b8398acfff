"""The ports that speak EC2's metadata protocol: opened one by one, so that one that is taken costs that one alone."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import structlog

from xacct import errors
from xacct.endpoint import answers
from xacct.endpoint.handlers.imds import parse
from xacct.endpoint.server import ADDRESS, Endpoint, bind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xacct.credentials.keeper import Keeper
    from xacct.endpoint.handlers.imds import Imds
    from xacct.endpoint.peer_check import PeerCheck
    from xacct.endpoint.recorder import Recorder
    from xacct.host.seats import Seats

log = structlog.get_logger("xacct.endpoint")

IMDS = "imds:"
"""How the names of the listeners begin, where they are handed over."""

HOPS = 1
"""What an answer lives for: no router passes it on, so nobody beyond one ever completes a connection."""


def near(listener: socket.socket) -> socket.socket:
    """The same socket, whose answers reach this machine and its own networks alone. What it accepts inherits that."""
    listener.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, HOPS)  # guard: imds-hop-limit
    return listener


class ImdsPorts:
    """All of them.

    Args:
        ports: what answers at each.
        peer_check: says who may connect: as there is no grant, nobody who is unknown may.
        recorder: keeps the audit.
        seats: counts the connections of all ports together.
    """

    def __init__(
        self,
        ports: Sequence[Imds],
        keeper: Keeper,
        peer_check: PeerCheck,
        recorder: Recorder | None = None,
        seats: Seats | None = None,
    ) -> None:
        self._keeper = keeper
        self._ports = ports
        self._endpoints = {
            imds.port: Endpoint(  # guard: imds-peer-check
                imds.answer, keeper.clock.boot, peer_check, recorder, parse=parse, refusal=answers.NOT_OURS, seats=seats
            )
            for imds in self._ports
        }
        self._listeners: dict[int, socket.socket] = {}
        self._taken: list[errors.XacctError] = []
        self.open_ports: dict[int, str] = {}

    @property
    def consumers(self) -> set[str]:
        """Whom guarded roles are confirmed for."""
        return {imds.consumer.id for imds in self._ports}

    async def open(self, given: Mapping[int, socket.socket]) -> None:
        """Serve what can be served; the rest is among the problems.

        Args:
            given: the listeners of the daemon before us, by port.
        """
        for imds in self._ports:
            try:
                listener = given.get(imds.port) or near(bind(imds.port))
            except errors.StartupFailed as problem:
                told = errors.StartupFailed(
                    f"{problem.sentence} {imds.role} is not served there.",
                    "Another program has it: find it with `ss -ltnp`, or name another port under [imds], and restart.",
                )
                self._taken.append(told)
                log.warning("imds port not served", port=imds.port, role=imds.role, why=problem.sentence)
                continue
            self._listeners[imds.port] = listener
            self.open_ports[imds.port] = imds.role
            log.info("imds", endpoint=f"http://{ADDRESS}:{imds.port}/", role=imds.role)
        for port in given.keys() - self.open_ports.keys():
            given[port].close()
        await self.accept_again()

    @property
    def descriptors(self) -> dict[str, int]:
        """The listeners, for a successor."""
        return {f"{IMDS}{port}": listener.fileno() for port, listener in self._listeners.items()}

    async def pause(self, linger: float) -> None:
        """Take in nobody any more: who comes waits in the listeners' queues. Hang up on whoever is connected.

        Args:
            linger: as in Endpoint.close.
        """
        await asyncio.gather(*(endpoint.close(linger) for endpoint in self._endpoints.values()))

    async def accept_again(self) -> None:
        """Take in whoever comes."""
        for port, listener in self._listeners.items():
            await self._endpoints[port].serve(listener.dup())

    def problems(self) -> list[errors.XacctError]:
        """Ports that are not served, and ports whose role there is not."""
        unknown = [
            errors.ConfigError(f"[imds] names the role {role!r} for port {port}; there is none.", "xacctctl roles")
            for port, role in self.open_ports.items()
            if role not in self._keeper.nodes
        ]
        return [*self._taken, *unknown]

    async def run(self) -> None:
        """Close connections that have had their time, until cancelled."""
        await asyncio.gather(*(endpoint.run() for endpoint in self._endpoints.values()))

    async def close(self) -> None:
        """End what is under way, and stop listening."""
        for imds in self._ports:
            await imds.close()
        for listener in self._listeners.values():
            listener.close()
        await asyncio.gather(*(endpoint.close() for endpoint in self._endpoints.values()))
