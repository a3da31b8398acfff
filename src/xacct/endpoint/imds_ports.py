"""The ports that speak EC2's metadata protocol: opened one by one, so that one that is taken costs that one alone."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import structlog

from xacct import errors
from xacct.endpoint import answers
from xacct.endpoint.imds import Imds, parse
from xacct.endpoint.server import ADDRESS, Endpoint, bind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xacct.endpoint.door import Door
    from xacct.endpoint.recorder import Recorder
    from xacct.keeper.keeper import Keeper

log = structlog.get_logger("xacct.endpoint")

HOPS = 1
"""What an answer lives for: no router passes it on, so nobody beyond one ever completes a connection."""


def near(listener: socket.socket) -> socket.socket:
    """The same socket, whose answers reach this machine and its own networks alone. What it accepts inherits that."""
    listener.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, HOPS)
    return listener


class ImdsPorts:
    """All of them.

    Args:
        roles: the role of each port. door: says who comes in: as there is no grant, whoever is unknown must not.
        patience: seconds a human is asked for. recorder: keeps the audit.
    """

    def __init__(
        self, roles: Mapping[int, str], keeper: Keeper, door: Door, patience: float, recorder: Recorder | None = None
    ) -> None:
        self._keeper = keeper
        self._ports = [Imds(keeper, role, port, patience, recorder) for port, role in roles.items()]
        self._endpoints = {
            imds.port: Endpoint(imds.answer, keeper.clock.boot, door, recorder, parse=parse, refusal=answers.NOT_OURS)
            for imds in self._ports
        }
        self._taken: list[errors.XacctError] = []
        self.open_ports: dict[int, str] = {}

    @property
    def consumers(self) -> set[str]:
        """Whom guarded roles are confirmed for."""
        return {imds.consumer.id for imds in self._ports}

    async def open(self) -> None:
        """Serve what can be served; the rest is among the problems."""
        for imds in self._ports:
            try:
                listener = bind(imds.port)
            except errors.StartupFailed as problem:
                told = errors.StartupFailed(
                    f"{problem.sentence} {imds.role} is not served there.",
                    "Another program has it: find it with `ss -ltnp`, or name another port under [imds], and restart.",
                )
                self._taken.append(told)
                log.warning("imds port not served", port=imds.port, role=imds.role, why=problem.sentence)
                continue
            await self._endpoints[imds.port].serve(near(listener))
            self.open_ports[imds.port] = imds.role
            log.info("imds", endpoint=f"http://{ADDRESS}:{imds.port}/", role=imds.role)

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
        for endpoint in self._endpoints.values():
            await endpoint.close()
