"""The route by which a browser comes to the AWS console in a role. A stream, for a human may be asked for a code.

The credentials leave by `serve` as for every consumer, and go to AWS's sign-in alone; what comes back is as good as
they are. It is given to whoever asks for it by name (`show`), else a browser is led to it once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from xacct import errors, wire
from xacct.asker import unknown
from xacct.control import streams, views
from xacct.control.audit import caller_of
from xacct.control.http import body_of, single, streamed
from xacct.credentials.ask import Ask, FindAsker
from xacct.model import Credentials, Grant

if TYPE_CHECKING:
    from xacct.control.agents import Agents
    from xacct.control.audit import Audit
    from xacct.control.daemon import Console
    from xacct.credentials.node import Node
    from xacct.credentials.service import CredentialService

COMMAND = "xacctctl console"
"""What people are told asks."""


class ConsoleRoutes:
    """POST /v1/console."""

    def __init__(
        self, service: CredentialService, audit: Audit, console: Console, agents: Agents, asker: FindAsker = unknown
    ) -> None:
        self._service = service
        self._agents = agents
        self._asker = asker
        self._audit = audit
        self._console = console

    def routes(self) -> list[web.RouteDef]:
        """All of them."""
        return [web.post(wire.CONSOLE, self.console)]

    async def console(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/console."""
        body = await body_of(request, wire.ConsoleRequest)
        if body.get("sign_out"):
            return await self._sign_out(request, views.of(request).role(body["role"]))
        self._agents.check(body)  # guard: console-is-for-no-agent-without-scope
        name = views.of(request).wanted(body["role"])
        consumer = Grant(single("console"), "", COMMAND, (name,), self._service.keeper.clock.now())
        node = self._service.check(name, consumer)
        destination = self._console.destination(
            node.role, body.get("destination"), body.get("service"), body.get("region")
        )
        attend, caller = body.get("attend", True), caller_of(request)
        broker, topics = self._service.keeper.broker, self._service.keeper.topics(name)
        there = broker.has_subscriber(name, "confirm") or any(map(broker.has_subscriber, topics))
        human = attend or there
        ask = Ask(human=human, process=lambda: caller.process, asker=lambda: self._asker(caller), single=True)

        async def served(role: str) -> Credentials:
            got = self._service.serve(role, consumer, ask)
            return got if isinstance(got, Credentials) else await got()

        async def get(role: str) -> wire.ConsoleEvent:
            try:
                held = await served(role)
                self._service.check_still(node, consumer)  # guard: console-is-of-role-as-it-was-asked-for
                url = await self._signed_in(node, held, destination, show=body.get("show", False))
            except errors.XacctError as error:
                await self._audit.console(request, role, error.code)
                raise
            await self._audit.console(request, role, "served")
            return self._event(node, url)

        def had(_role: str, event: wire.ConsoleEvent) -> wire.ConsoleEvent:
            # guard: console-is-of-role-as-it-is
            self._service.check_still(node, consumer)  # it may have been taken back since
            return event

        login = streams.Login(self._service.keeper, [name], get, had, code=None, attend=attend)
        return await streamed(request, login.run)

    async def _sign_out(self, request: web.Request, name: str) -> web.StreamResponse:
        """What signs a browser out: the same for everybody, so nobody is asked for anything."""
        node = self._service.keeper.node(name)

        async def get(_role: str) -> wire.ConsoleEvent:
            return self._event(node, self._console.sign_out(node.role))

        login = streams.Login(self._service.keeper, [name], get, lambda _role, event: event, code=None, attend=False)
        return await streamed(request, login.run)

    async def _signed_in(self, node: Node, held: Credentials, destination: str, *, show: bool) -> str:
        url = await self._console.sign_in(held, node.role, node.path.hop, node.path.duration, destination)
        return url if show else await self._console.page(url)  # guard: console-address-is-given-where-asked-for-alone

    def _event(self, node: Node, url: str) -> wire.ConsoleEvent:
        return {
            "event": "console",
            "role": node.role.name,
            "account": node.role.account,
            "url": url,
            "lasts": node.path.duration if self._console.lasts(node.path.hop) else None,
        }
