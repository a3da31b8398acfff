"""The route by which roles are verified: a stream, for a human may be asked for a code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from xacct import errors, wire
from xacct.control import serializers, streams, views
from xacct.control.audit import caller_of
from xacct.control.http import body_of, streamed

if TYPE_CHECKING:
    from xacct.control.audit import Audit
    from xacct.credentials.keeper import Keeper
    from xacct.credentials.probes import Verified

COMMAND = "xacctctl verify"
"""What people are told asks for a code."""


class VerifyRoutes:
    """POST /v1/verify."""

    def __init__(self, keeper: Keeper, audit: Audit) -> None:
        self._keeper = keeper
        self._audit = audit

    def routes(self) -> list[web.RouteDef]:
        """All of them."""
        return [web.post(wire.VERIFY, self.verify)]

    async def verify(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/verify."""
        body = await body_of(request, wire.VerifyRequest)
        names = self._named(body, views.of(request))
        self._keeper.agent_lock.check()
        attend = body.get("attend", True)
        topics = [topic for name in names for topic in self._keeper.topics(name)]
        broker = self._keeper.broker
        ask = attend or any(map(broker.has_subscriber, topics))
        process = caller_of(request).process
        for name in names:
            self._keeper.caused(name, COMMAND, process)
        verification = self._keeper.verification(names, ask=ask)

        async def get(name: str) -> Verified:
            try:
                found = await verification.of(name)
            except errors.XacctError as error:
                self._audit.verified(request, name, error.code)
                raise
            self._audit.verified(request, name, found.verdict)
            return found

        def had(name: str, found: Verified) -> wire.VerifiedEvent:
            return serializers.verified_event(self._keeper.node(name).role, found)

        login = streams.Login(self._keeper, names, get, had, code=None, attend=attend)
        return await streamed(request, login.run)

    def _named(self, body: wire.VerifyRequest, view: views.View) -> list[str]:
        """The roles that are meant, as the keeper calls them."""
        named = body.get("roles", [])
        if body.get("all", False) == bool(named):
            raise errors.BadInput("Verify some roles, or all.", "xacctctl verify ROLE, or --all")
        view.open()
        keeper = self._keeper
        if not named:
            named = [view.name(name) for name in keeper.nodes if name not in keeper.dynamic and view.has(name)]
        names = [view.wanted(name) for name in named]
        for name in names:
            keeper.node(name)
        return names
