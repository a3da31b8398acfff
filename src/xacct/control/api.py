"""The control API's routes: each reads a request, asks the keeper, and shapes the answer. See docs/control-api.md.

Logins and grants have files of their own, and so has what is done around every request (middleware.py).
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from aiohttp import web

from xacct import __version__, errors, policy, rolekeys, wire
from xacct.control import serializers, streams, views
from xacct.control.accounts import AccountRoutes
from xacct.control.agents import Agents
from xacct.control.audit import Audit, caller_of
from xacct.control.boundary import Boundary
from xacct.control.console import ConsoleRoutes
from xacct.control.grants import GrantRoutes
from xacct.control.http import answered, body_of, streamed
from xacct.control.key_rotation import KeyRotationRoutes
from xacct.control.keys import KeyRoutes
from xacct.control.logins import LoginRoutes
from xacct.control.mfa import MfaRoutes
from xacct.control.middleware import Middleware
from xacct.control.policies import PolicyRoutes
from xacct.control.selection import Selection
from xacct.control.standing import Standing
from xacct.control.verify import VerifyRoutes
from xacct.endpoint.head import ROLE_PATH
from xacct.prompts.prompt import Answerer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xacct.catalogue import Catalogue
    from xacct.control.daemon import Daemon
    from xacct.credentials.service import CredentialService
    from xacct.grants.grants import Grants

MAX_BODY = 64 * 1024
"""Bytes of a request's body."""


SLICE = 250
"""Roles whose state is worked out before others have their turn: a fetch is not to wait for thousands."""


class Api:
    """The routes, and what stands around them."""

    def __init__(self, service: CredentialService, grants: Grants, daemon: Daemon) -> None:
        self.service = service
        self._keeper = keeper = service.keeper
        self._daemon = daemon
        self._grants = grants
        self._audit = Audit(daemon.audit)
        self.granting = GrantRoutes(
            keeper,
            grants,
            self._audit,
            daemon.endpoint_url,
            daemon.containers,
            lambda: daemon.known_words().wanted_scopes,
            agents := Agents(lambda: daemon.known_words().agents_need_scope),
        )
        self._logins = LoginRoutes(service, grants, self._audit, daemon.identify, agents, daemon.asker)
        self._accounts = AccountRoutes(keeper)
        self._rotations = KeyRotationRoutes(service, daemon.keys, self._audit)
        self._verify = VerifyRoutes(keeper, self._audit)
        self._console = ConsoleRoutes(service, self._audit, daemon.console, agents, daemon.asker)
        self._middleware = Middleware(keeper, daemon, Boundary(grants, self._audit))

    @property
    def changing(self) -> int:
        """How many requests are being answered that may change something."""
        return self._middleware.changing

    def application(self) -> web.Application:
        """The aiohttp application."""
        # guard: bounded-body
        app = web.Application(middlewares=[self._middleware.handle], client_max_size=MAX_BODY)
        app.add_routes(
            [
                web.get(wire.VERSION, self.version),
                web.get(wire.STATUS, self.status),
                web.get(wire.ROLES, self.roles),
                web.get(wire.EXPLAIN, self.explain),
                web.get(wire.SELECTION, self.selection),
                *self._logins.routes(),
                *self._accounts.routes(),
                *self._verify.routes(),
                *self._console.routes(),
                *PolicyRoutes(self._keeper).routes(),
                web.post(wire.LOGOUT, self.logout),
                *self.granting.routes(),
                *KeyRoutes(self._daemon.keys).routes(),
                *self._rotations.routes(),
                *MfaRoutes(self._keeper, self._daemon.devices).routes(),
                web.get(wire.CONTAINERS, self.containers),
                web.get(wire.PROMPTS, self.prompts),
                web.post(wire.PROMPT, self.answer_prompt),
                web.get(wire.EVENTS, self.events),
                web.get(wire.AUDIT, self.audit),
                web.post(wire.LOCK, self.lock),
                web.post(wire.UNLOCK, self.unlock),
                web.post(wire.RELOAD, self.reload),
                web.post(wire.SUCCEED, self.succeed),
                web.post(wire.STOP, self.stop),
            ]
        )
        return app

    async def version(self, _: web.Request) -> web.Response:
        """GET /v1/version."""
        problems = self._daemon.problems()
        answer: wire.VersionAnswer = {
            "api": wire.API,
            "version": __version__,
            "pid": os.getpid(),
            "endpoint": self._daemon.endpoint_url,
            "config_problem": serializers.error_body(problems[0]) if problems else None,
        }
        return web.json_response(answer)

    async def status(self, request: web.Request) -> web.Response:
        """GET /v1/status: the roles of the shell's files, and of others what is held; with `role`, those alone."""
        if "look" in request.query:
            await asyncio.to_thread(self._daemon.about.look)
        keeper, view = self._keeper, views.of(request)
        catalogue = view.open()
        standing = Standing(keeper)
        asked = [keeper.node(view.role(name)) for name in dict.fromkeys(request.query.getall("role", []))]
        accounts = self._daemon.known_words().accounts
        rows, others = await _rows(standing, [node.role.name for node in asked] or list(keeper.nodes), accounts, view)
        if not asked:
            others = [row for row in others if row["state"] in ("held", "waiting", "failed")]
        shown = [row["name"] for row in (*rows, *others)]
        behind = [above.session for node in asked for above in keeper.tree.line(node.role.name)]
        sessions = [
            serializers.session_status(
                serializers.source_key(source), keeper.tree.devices(entry) or ((serial,) if serial else ()), entry
            )
            for (source, serial, _), entry in keeper.sessions.items()
            if (entry in behind if asked else view.has(serializers.source_key(source)) or entry.holds)
        ]
        named = [view.id, *(rolekeys.split(row["name"])[1] for row in others), rolekeys.OWN]
        answer: wire.StatusAnswer = {
            "now": keeper.clock.now(),
            "roles": [*rows, *others],
            "sessions": sessions,
            "catalogues": views.catalogues(view, dict.fromkeys(named)),
            "prompts": [serializers.prompt(keeper, prompt) for prompt in keeper.broker.open_prompts],
            "attended": keeper.broker.terminals,
            "notes": self._notes(catalogue),
            "locked": keeper.agent_lock.locked,
            "imds": [serializers.imds_port(keeper, port, role) for port, role in self._daemon.imds().items()],
            "narrowed": serializers.narrowed_grants(self._grants, shown),
            "approvals": serializers.approvals(keeper, self._grants, self._daemon.imds(), shown),
            "daemon": self._daemon.about.status(keeper),
        }
        if "groups" in request.query:
            self._put_groups(view, answer)
        return answered(request, answer)

    async def roles(self, request: web.Request) -> web.Response:
        """GET /v1/roles: those of the shell's files."""
        view = views.of(request)
        catalogue = view.open()
        base, accounts = self._daemon.endpoint_url + ROLE_PATH, self._daemon.known_words().accounts
        answer: wire.RolesAnswer = {
            "roles": [
                serializers.role_info(node, base, accounts)
                for name, node in self._keeper.nodes.items()
                if name not in self._keeper.dynamic and view.has(name)
            ],
            "problems": [serializers.error_body(problem) for problem in self._problems(catalogue)],
        }
        files = views.shape(view.files)
        if files is not None:
            answer["files"] = files
        return answered(request, answer)

    async def explain(self, request: web.Request) -> web.Response:
        """GET /v1/roles/ROLE/explain."""
        node = self._keeper.node(views.of(request).role(request.match_info["role"]))
        keeper = self._keeper
        roles = {name: other.role for name, other in keeper.nodes.items()}
        steps, remarks = policy.explain(
            node.role,
            roles,
            keeper.defaults.session_duration,
            keeper.defaults.session_name,
            keeper.sources.describe,
        )
        answer: wire.ExplainAnswer = {
            "role": node.role.name,
            "steps": steps,
            "remarks": remarks + keeper.learned(node.role.name),
        }
        return answered(request, answer)

    async def selection(self, request: web.Request) -> web.Response:
        """GET /v1/selection: the roles of the shell's files that the words of ?word= mean."""
        view = views.of(request)
        view.open()
        answer: wire.SelectionAnswer = {"roles": self._selection(view).of(request.query.getall("word", []))}
        return web.json_response(answer)

    def _selection(self, view: views.View) -> Selection:
        """What words mean among the roles of a view."""
        known = self._daemon.known_words()
        roles = {
            view.name(name): replace(node.role, name=view.name(name))
            for name, node in self._keeper.nodes.items()
            if name not in self._keeper.dynamic and view.has(name)
        }
        return Selection(
            roles, known.aliases, known.groups, lambda name: self._keeper.node(view.role(name)), known.accounts
        )

    def _put_groups(self, view: views.View, answer: wire.StatusAnswer) -> None:
        """Say of each role which groups it is in; a group that can't be made out is a note."""
        selection = self._selection(view)
        rows = {view.name(row["name"]): row for row in answer["roles"]}
        for group in self._daemon.known_words().groups:
            try:
                inside = selection.of([f"@{group}"])
            except errors.XacctError as error:
                answer["notes"].append(f"{error.sentence} {error.hint}".strip())
                continue
            for name in inside:
                if name in rows:
                    rows[name].setdefault("groups", []).append(group)

    async def logout(self, request: web.Request) -> web.Response:
        """POST /v1/logout."""
        body = await body_of(request, wire.LogoutRequest)
        everything = body.get("all", False)
        if everything and body.get("roles"):
            raise errors.BadInput("Log out of some roles, or of all.", "xacctctl logout ROLE, or --all")
        named = [views.of(request).role(role) for role in body.get("roles", [])]
        gone = self._keeper.logout_all() if everything else self._keeper.logout(named)
        self._daemon.took_back(everything=everything)
        self._audit.logged_out(request, gone)
        if (problem := await self._daemon.kept()) is not None:
            raise problem
        answer: wire.LogoutAnswer = {"roles": gone}
        return answered(request, answer)

    async def containers(self, _: web.Request) -> web.Response:
        """GET /v1/containers."""
        return web.json_response(self._daemon.containers.about())

    async def prompts(self, request: web.Request) -> web.Response:
        """GET /v1/prompts."""
        open_prompts = [serializers.prompt(self._keeper, prompt) for prompt in self._keeper.broker.open_prompts]
        return answered(request, {"prompts": open_prompts})

    async def answer_prompt(self, request: web.Request) -> web.Response:
        """POST /v1/prompts/ID."""
        body = await body_of(request, wire.PromptAnswer)
        by = Answerer("terminal", caller_of(request))
        if body.get("decline") or body.get("confirm") is False:
            self._keeper.broker.decline(request.match_info["id"], by=by)
        elif body.get("confirm"):
            seconds = body["minutes"] * policy.MINUTE if "minutes" in body else None
            self._keeper.broker.confirm(request.match_info["id"], body.get("lasts"), seconds, by=by)
        elif "shown" in body:
            self._keeper.broker.bring(request.match_info["id"], body["shown"])
        else:
            self._keeper.broker.answer(request.match_info["id"], body.get("code", ""), body.get("serial"))
        return web.json_response({})

    async def events(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/events, with ?attend=1 to answer prompts, or &tty= to have pinentry ask on that terminal."""
        attend = request.query.get("attend") == "1"
        lent = streams.lent(request.query) if attend else None
        return await streamed(request, lambda out: streams.everything(self._keeper, out, attend=attend, lent=lent))

    async def audit(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/audit, with ?role=, ?grant=, ?since=, ?follow=1 and ?after=."""
        run = await self._audit.asked(request.query, views.of(request), self._grants.all())
        return await streamed(request, run)

    async def lock(self, request: web.Request) -> web.Response:
        """POST /v1/lock."""
        if self._keeper.agent_lock.lock("asked to"):
            self._audit.lock_changed(request, "locked")
        if (problem := await self._daemon.kept()) is not None:
            raise problem
        return self._lock_answer()

    async def unlock(self, request: web.Request) -> web.Response:
        """POST /v1/unlock."""
        if self._keeper.agent_lock.unlock():
            self._audit.lock_changed(request, "unlocked")
        return self._lock_answer()

    def _lock_answer(self) -> web.Response:
        answer: wire.LockAnswer = {"locked": self._keeper.agent_lock.locked}
        return web.json_response(answer)

    async def succeed(self, _: web.Request) -> web.Response:
        """POST /v1/succeed."""
        answer: wire.SucceedAnswer = {"pid": await self._daemon.succeed()}
        return web.json_response(answer)

    async def reload(self, _: web.Request) -> web.Response:
        """POST /v1/reload."""
        problems = await self._daemon.reload()
        return web.json_response(
            {
                "roles": len(self._keeper.nodes),
                "restart": self._daemon.outdated(),
                "problems": [serializers.error_body(problem) for problem in problems],
            }
        )

    async def stop(self, _: web.Request) -> web.Response:
        """POST /v1/stop."""
        self._daemon.stop()
        return web.json_response({})

    def _problems(self, catalogue: Catalogue | None) -> list[errors.XacctError]:
        """What is wrong with a catalogue (None: the daemon's own), and with the daemon."""
        return [*(catalogue.problems if catalogue is not None else []), *self._daemon.problems()]

    def _notes(self, catalogue: Catalogue | None) -> list[str]:
        notes = [f"{problem.sentence} {problem.hint}".strip() for problem in self._problems(catalogue)]
        skew = self._keeper.clock.skew()
        if abs(skew) > policy.MINUTE:
            direction = "behind" if skew > 0 else "ahead of"
            notes.append(f"This machine's clock is about {abs(skew) / 60:.0f} min {direction} AWS's.")
        return notes


async def _rows(
    standing: Standing, names: Sequence[str], accounts: Mapping[str, str], view: views.View
) -> tuple[list[wire.RoleStatus], list[wire.RoleStatus]]:
    """How these roles stand, those of the view apart from others; those that are gone meanwhile are left out."""
    rows: list[wire.RoleStatus] = []
    others: list[wire.RoleStatus] = []
    for number, name in enumerate(names, 1):
        node = standing.keeper.nodes.get(name)
        if node is not None:
            (rows if view.has(name) else others).append(serializers.role_status(standing, node, accounts))
        if number % SLICE == 0:
            await asyncio.sleep(0)
    return rows, others
