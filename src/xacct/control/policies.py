"""The route that tells which policies a role's account and its callers should have. It asks neither AWS nor a human."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aiohttp import web

from xacct import trust_policy, wire
from xacct.control import views
from xacct.control.http import answered
from xacct.model import Source

if TYPE_CHECKING:
    from xacct.credentials.keeper import Keeper


class PolicyRoutes:
    """GET /v1/roles/ROLE/policy."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    def routes(self) -> list[web.RouteDef]:
        """All of them."""
        return [web.get(wire.POLICY, self.policy)]

    async def policy(self, request: web.Request) -> web.Response:
        """GET /v1/roles/ROLE/policy, with ?principal=."""
        keeper = self._keeper
        role = keeper.node(views.of(request).role(request.match_info["role"])).role
        above = None if isinstance(role.parent, Source) else keeper.node(role.parent).role
        found = trust_policy.policies(role, above, request.query.get("principal"))
        answer: wire.PolicyAnswer = {
            "role": role.name,
            "role_arn": role.role_arn or "",
            "principal": found.principal.arn,
            "trust_policy": json.dumps(found.trust, indent=2),
            "caller_policy": json.dumps(found.caller, indent=2),
            "max_session": found.max_session,
        }
        return answered(request, answer)
