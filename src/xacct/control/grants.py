"""The routes of grants: who may fetch what. Each checks what is asked for, and writes the audit's line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from xacct import errors, rolekeys, wire
from xacct.control import serializers, views
from xacct.control.agents import labelled
from xacct.control.boundary import PEER
from xacct.control.http import answered, body_of
from xacct.control.scopes import info, scope_of
from xacct.endpoint.head import ROLE_ARN_PATH, ROLE_PATH

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from xacct.control.agents import Agents
    from xacct.control.audit import Audit
    from xacct.control.containers import Containers
    from xacct.credentials.keeper import Keeper
    from xacct.credentials.node import Node
    from xacct.grants.grants import Grants
    from xacct.model import Grant, ProcessMark, Where
    from xacct.scope_policies import Wanted

log = structlog.get_logger("xacct.control")


class GrantRoutes:
    """What there is below /v1/grants.

    Args:
        endpoint_url: where consumers on this machine find the endpoint.
        containers: where those in containers do.
        scopes: gives config.toml's, by name.
        agents: what those that coding agents ask for have to be.
    """

    def __init__(
        self,
        keeper: Keeper,
        grants: Grants,
        audit: Audit,
        endpoint_url: str,
        containers: Containers,
        scopes: Callable[[], Mapping[str, Wanted]],
        agents: Agents,
    ) -> None:
        self._keeper = keeper
        self._grants = grants
        self._audit = audit
        self._endpoint_url = endpoint_url
        self.containers = containers
        self._scopes = scopes
        self._agents = agents

    def routes(self) -> list[web.RouteDef]:
        """All of them."""
        return [
            web.get(wire.GRANTS, self.list_grants),
            web.post(wire.GRANTS, self.create_grant),
            web.post(wire.GRANT, self.bind_grant),
            web.delete(wire.GRANT, self.revoke_grant),
        ]

    async def list_grants(self, request: web.Request) -> web.Response:
        """GET /v1/grants."""
        self._grants.sweep()
        answer: wire.GrantsAnswer = {
            "grants": [serializers.grant_info(grant, self._grants) for grant in self._grants.all()]
        }
        return answered(request, answer)

    async def create_grant(self, request: web.Request) -> web.Response:
        """POST /v1/grants."""
        body = await body_of(request, wire.GrantRequest)
        self._keeper.agent_lock.check()
        self._agents.check(body)
        view = views.of(request)
        names = {view.wanted(role): role for role in body["roles"]}
        nodes = [self._configured(role) for role in names]
        port = body.get("forwarded_port")
        patterns, via = self._role_arns(body, view)
        files = self._files(view, [*names, *filter(None, [via])])
        if not (nodes or patterns):
            raise errors.BadInput("A grant needs a role.", "xacctctl grants create ROLE")
        pid = self._running(body.get("pid"))
        where = body.get("where", "host")
        url = self._url(where, port)
        scope = scope_of(body, self._scopes())
        made = grant, _, _ = self._grants.create(
            names,
            labelled(body),
            body.get("ttl"),
            pid,
            role_arns=patterns,
            via=via,
            where=where,
            forwarded_port=port,
            files=files,
            scope=scope,
        )
        try:
            await self._grants.settled()
            if where == "container":
                await self.containers.settle()
        except BaseException:  # whoever asked has gone, and nobody else has the token
            self._grants.revoke(grant.id)  # guard: grant-that-nobody-has-is-none
            raise
        self._audit.grant(request, "grant-created", grant)
        log.info("granted", grant=grant.id, roles=list(grant.roles), arns=list(grant.role_arns), label=grant.label)
        return web.json_response(self._answer(made, nodes, names, url))

    def _answer(
        self, made: tuple[Grant, str, Path], nodes: list[Node], names: Mapping[str, str], url: str
    ) -> wire.GrantAnswer:
        """What whoever asked for a grant is told; its token, this once.

        Args:
            made: the grant, its token and the token's file.
            nodes: its roles.
            names: what these are called where it was asked for.
            url: where the endpoint is for its consumer.
        """
        grant, token, file = made
        return {
            "id": grant.id,
            "token": token,
            "token_file": str(file),
            "urls": {names[node.role.name]: url + ROLE_PATH + node.role.slug for node in nodes},
            "regions": {names[node.role.name]: node.role.region for node in nodes},
            "confirm": [names[each] for each in self._to_confirm(nodes, grant)],
            "role_arn_url": url + ROLE_ARN_PATH if grant.role_arns else None,
            "scope": info(grant.scope),
        }

    def _to_confirm(self, nodes: list[Node], grant: Grant) -> list[str]:
        """Those of the roles that a human has to let this grant use."""
        admits, scope = self._keeper.approvals.admits, "" if grant.scope is None else grant.scope.id
        return [node.role.name for node in nodes if not admits(node.role, grant.id, scope)]

    def _running(self, pid: int | None) -> int | None:
        """The process that a grant is to end with, which has to be there; None: it ends with none."""
        if pid is not None and self._grants.started(pid) is None:  # guard: grant-ends-with-process-that-there-is
            raise errors.BadInput(f"There is no process {pid}.", "A grant ends with its process: name one that runs.")
        return pid

    def _url(self, where: Where, port: int | None) -> str:
        """Where a grant's consumer finds the endpoint."""
        if port is None:
            return self.containers.url if where == "container" else self._endpoint_url
        if where == "container":
            raise errors.BadInput("A forwarded_port is never a container's.", "")
        return f"http://127.0.0.1:{port}"

    async def bind_grant(self, request: web.Request) -> web.Response:
        """POST /v1/grants/ID."""
        body = await body_of(request, wire.GrantBinding)
        root = _root(request, body["root"]) if "root" in body else None
        grant = self._grants.bind(request.match_info["id"], body["pid"], root)
        await self._grants.settled()
        if root is not None:
            log.info("bound", grant=grant.id, pid=root.pid)
        return answered(request, serializers.grant_info(grant, self._grants))

    def _configured(self, role: str) -> Node:
        if role in self._keeper.dynamic:
            raise errors.UnknownRole(
                f"{role} is known by its ARN alone.", "xacctctl grants create --role-arn PATTERN --via ROLE"
            )
        return self._keeper.node(role)

    def _files(self, view: views.View, roles: list[str]) -> tuple[str, ...]:
        """The files that a grant's roles are of: as the shell names them, where it means those of the daemon.

        Raises:
            BadInput: they are of several.
        """
        catalogues = {rolekeys.split(role)[1] for role in roles}
        if len(catalogues) > 1:
            raise errors.BadInput("A grant is for roles of the same AWS files.", "Make one for each.")
        if catalogues == {rolekeys.OWN} == {view.id}:
            return tuple(view.files or ())
        return tuple(view.files_of(roles[0]) or ()) if roles else ()

    def _role_arns(self, body: wire.GrantRequest, view: views.View) -> tuple[list[str], str | None]:
        patterns, via = body.get("role_arn_patterns", []), body.get("via")
        if bool(patterns) != (via is not None):
            raise errors.BadInput("Patterns of role ARNs go with a role to reach them via.", "--role-arn and --via")
        if via is not None:
            via = view.wanted(via)
            self._configured(via)
        return patterns, via

    async def revoke_grant(self, request: web.Request) -> web.Response:
        """DELETE /v1/grants/ID."""
        revoked = next((grant for grant in self._grants.all() if grant.id == request.match_info["id"]), None)
        if not self._grants.revoke(request.match_info["id"]):
            raise errors.BadInput("There is no such grant.", "xacctctl grants list")
        await self._grants.settled()
        self._audit.grant(request, "grant-revoked", revoked)
        if (problem := self._grants.may_come_back(request.match_info["id"])) is not None:
            raise problem
        return web.json_response({})


def _root(request: web.Request, pid: int) -> ProcessMark:
    """The process that is to be bound: the one that asks, as the kernel says, and no other.

    Raises:
        BadInput: it is another, or nobody can tell.
    """
    peer: ProcessMark | None = request.get(PEER)
    if peer is None or peer.pid != pid:  # guard: process-binds-itself-alone
        raise errors.BadInput("A process binds itself to a grant, and no other.", "Name the one that asks as root.")
    return peer
