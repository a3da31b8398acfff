"""The routes by which roles are held and their credentials given or used.

Logins and credentials are a stream each, for a human may be asked meanwhile.
"""

from __future__ import annotations

import itertools
from contextlib import nullcontext
from typing import TYPE_CHECKING

from aiohttp import web

from xacct import errors, policy, wire
from xacct.asker import unknown
from xacct.control import serializers, streams, views
from xacct.control.audit import caller_of
from xacct.control.http import answered, body_of, single, streamed
from xacct.control.standing import Standing
from xacct.credentials.ask import Ask, FindAsker
from xacct.credentials.rate_limiter import Bulk
from xacct.model import Credentials, Grant
from xacct.signin import is_sign_in
from xacct.text import listed

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from xacct.control.agents import Agents
    from xacct.control.audit import Audit
    from xacct.control.daemon import Identify
    from xacct.credentials.service import CredentialService
    from xacct.grants.grants import Grants

COMMAND = "xacctctl"
"""What people are told asks, where credentials are wanted without a grant."""


class LoginRoutes:
    """POST /v1/login, /v1/credentials and /v1/whoami."""

    def __init__(
        self,
        service: CredentialService,
        grants: Grants,
        audit: Audit,
        identify: Identify,
        agents: Agents,
        asker: FindAsker = unknown,
    ) -> None:
        self._service = service
        self._asker = asker
        self._keeper = service.keeper
        self._grants = grants
        self._audit = audit
        self._identify = identify
        self._agents = agents

    def routes(self) -> list[web.RouteDef]:
        """All of them."""
        return [
            web.post(wire.LOGIN, self.login),
            web.post(wire.CREDENTIALS, self.credentials),
            web.post(wire.WHOAMI, self.whoami),
        ]

    async def login(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/login."""
        body = await self._asked(request)
        if "code" in body and "serial" not in body:
            self._demand_one_device(body["roles"])
        attend, lazy = body.get("attend", True), body.get("lazy", False)
        ask = attend or "code" in body or self._somebody_for(body["roles"])
        grant = self._grant(body)
        caller = caller_of(request)
        browser = self._browser(body, attend=attend)
        bulk = Bulk()
        places = {name: bulk.place(number) for number, name in enumerate(dict.fromkeys(body["roles"]))}

        async def get(role: str) -> str:
            with browser(role):
                await self._keeper.login(
                    role,
                    ask=ask,
                    until=body.get("until"),
                    again=body.get("again", False),
                    process=caller.process,
                    place=places[role],
                    lazy=lazy,
                    serial=body.get("serial"),
                )
            if grant is not None:
                await self._service.allow(role, grant, lambda: caller.process, lambda: self._asker(caller))
                await self._service.derive(role, grant)
            return "logged-in" if lazy and not self._keeper.node(role).entry.valid() else "held"

        login = streams.Login(
            self._keeper,
            body["roles"],
            self._audit.watched(request, "login", get),
            self._had,
            code=body.get("code"),
            attend=attend,
            also=body.get("serial"),
        )
        return await streamed(request, login.run)

    def _had(self, role: str, outcome: str) -> serializers.StreamEvent:
        shape = serializers.held_event if outcome == "held" else serializers.logged_in_event
        return shape(self._keeper, role)

    def _browser(self, body: wire.LoginRequest, *, attend: bool) -> Callable[[str], AbstractContextManager[None]]:
        """How a role is waited for: by somebody who can be shown a page in a browser on this machine, or not."""
        if attend and body.get("browser"):
            return self._keeper.browsers.at
        if attend and "browser" in body:
            for topic in itertools.chain.from_iterable(map(self._keeper.topics, body["roles"])):
                self._keeper.broker.in_any_browser(topic)
        return lambda _role: nullcontext()

    async def _asked(self, request: web.Request) -> wire.LoginRequest:
        """The body, with roles as the keeper calls them; each of them is there."""
        body = await body_of(request, wire.LoginRequest)
        if not body["roles"]:
            raise errors.BadInput("No role was named.", "xacctctl login ROLE")
        body["roles"] = [views.of(request).wanted(role) for role in body["roles"]]
        for role in body["roles"]:
            self._keeper.node(role)
        return body

    def _demand_one_device(self, roles: list[str]) -> None:
        """Refuse a code that may be meant for either of two prompts. Of several devices of one, it is of the first.

        Raises:
            BadInput: it is.
        """
        devices = dict.fromkeys(itertools.chain.from_iterable(self._keeper.topics(role)[:1] for role in roles))
        serials = [topic for topic in devices if not is_sign_in(topic)]
        if len(serials) > 1:  # guard: one-code-is-for-one-device
            raise errors.BadInput(
                f"One code is of one MFA device, and these roles are of {len(serials)}: {listed(serials)}.",
                "Log in to the roles of each by themselves.",
            )

    async def credentials(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/credentials."""
        body = await body_of(request, wire.CredentialsRequest)
        self._agents.check(body)
        name, attend = views.of(request).wanted(body["role"]), body.get("attend", True)
        # Each request is a consumer of its own: nobody can tell whether the last one was the same program.
        command = self._command(name)
        try:
            node = self._service.check(name, command)
        except errors.XacctError as error:
            self._audit.refused(request, name, error)
            raise
        caller = caller_of(request)
        lifetime = body.get("lifetime")
        ask = Ask(
            human=attend or self._somebody_for([name]),
            lasting=max(0.0, (lifetime or 0) - policy.MINUTE),  # what AWS gives has aged a little when it is here
            lifetime=lifetime,
            process=lambda: caller.process,
            asker=lambda: self._asker(caller),
            single=True,  # guard: single-request-is-offered-what-it-can-use
        )

        async def get(role: str) -> Credentials:
            got = self._service.serve(role, command, ask)
            return got if isinstance(got, Credentials) else await got()

        def had(role: str, held: Credentials) -> wire.CredentialsEvent:
            # guard: control-credentials-are-of-role-as-it-is
            self._service.check_still(node, command)  # it may have been taken back since they were had
            return serializers.credentials_event(role, held, node.role.region)

        login = streams.Login(
            self._keeper,
            [name],
            self._audit.watched(request, "fetch", get),
            had,
            code=None,
            attend=attend,
        )
        return await streamed(request, login.run)

    async def whoami(self, request: web.Request) -> web.Response:
        """POST /v1/whoami. No human is asked for it."""
        body = await body_of(request, wire.WhoamiRequest)
        name = views.of(request).wanted(body["role"])
        command = self._command(name)
        node = self._keeper.node(name) if body.get("offline") else self._service.check(name, command)

        async def get(role: str) -> Credentials:
            got = self._service.serve(role, command, Ask(human=False))
            return got if isinstance(got, Credentials) else await got()

        arn = None
        if not body.get("offline"):
            held = await self._audit.watched(request, "fetch", get)(name)
            self._service.check_still(node, command)  # guard: whoami-asks-where-role-is-now
            arn = await self._identify(held, node.role)
        row = serializers.role_status(Standing(self._keeper), node)
        answer: wire.WhoamiAnswer = {
            "role": name,
            "role_arn": row["role_arn"],
            "account": row["account"],
            "region": node.role.region,
            "state": row["state"],
            "expires_at": row["expires_at"],
            "mfa_expires_at": row["mfa_expires_at"],
            "arn": arn,
            "now": self._keeper.clock.now(),
            "scope": self._narrowed(body.get("grant", "")),
        }
        return answered(request, answer)

    def _narrowed(self, grant_id: str) -> str | None:
        """What a grant's credentials are narrowed to, in words."""
        grant = self._grants.by_id(grant_id)
        return None if grant is None or grant.scope is None else grant.scope.words

    def _grant(self, body: wire.LoginRequest) -> Grant | None:
        if "grant" not in body:
            return None
        grant = self._grants.by_id(body["grant"])
        if grant is None or not all(grant.allows(role) for role in body["roles"]):
            raise errors.BadInput("There is no such grant for these roles.", "xacctctl grants list")
        return grant

    def _somebody_for(self, roles: list[str]) -> bool:
        """Whether anybody but the caller could answer for one of these."""
        broker = self._keeper.broker
        topics = itertools.chain.from_iterable(map(self._keeper.topics, roles))
        confirmed = any(broker.has_subscriber(role, "confirm") for role in roles)
        return confirmed or any(map(broker.has_subscriber, topics))

    def _command(self, name: str) -> Grant:
        """`xacctctl` as a consumer of one role, its own once more at each request."""
        via = self._keeper.dynamic.via(name)
        arns = () if via is None else ("*",)
        return Grant(single("command"), "", COMMAND, (name,), self._keeper.clock.now(), role_arns=arns, via=via)
