"""The control API's routes: each reads a request, asks the keeper, and shapes the answer. See docs/control-api.md."""

from __future__ import annotations

import asyncio
import itertools
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import structlog
from aiohttp import web

from xacct import __version__, errors, policy, rolekeys, wire
from xacct.control import serializers, streams, versions, views
from xacct.control.audit import Audit, caller_of
from xacct.control.containers import Containers
from xacct.control.grants import GrantRoutes
from xacct.control.http import answered, body_of, failed, streamed
from xacct.control.standing import Standing
from xacct.credentials.service import Ask
from xacct.endpoint.head import ROLE_PATH
from xacct.model import Credentials, Grant

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from xacct.audit.trail import Trail
    from xacct.awsfiles import Files
    from xacct.catalogue import Catalogue
    from xacct.control.about import About
    from xacct.credentials.service import CredentialService
    from xacct.grants.grants import Grants

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = structlog.get_logger("xacct.control")

MAX_BODY = 64 * 1024

BODY = 10.0
"""Seconds a request's body gets to come."""

COMMAND = "xacctctl"
"""What people are told asks, where credentials are wanted without a grant."""


class TookBack(Protocol):
    """Sees to it that nothing that is kept brings back what was logged out of."""

    def __call__(self, *, everything: bool) -> None:
        """Returns once that is so."""


def _out_of(error: OSError, path: str) -> errors.XacctError:
    """What whoever asks hears of a system that refuses us something: the kind, for a message may name a file."""
    why = os.strerror(error.errno) if error.errno else type(error).__name__
    log.error("request failed", path=path, why=why)
    return errors.Temporary(f"The system refuses xacctd what it needs for that ({why}).", "Try again in a moment.")


async def _kept() -> None:
    """Where nothing outlives the daemon, nothing comes back."""


@dataclass(slots=True)
class Daemon:
    """What the routes need of the daemon around the keeper.

    Attributes:
        read_changed: reads changed configuration files, and those that a request means; false if that takes too long.
        reload: reads them whether changed or not and returns the problems.
        outdated: whether only a new process takes up what has changed.
        stop: ends the daemon.
        succeed: has a new process take over and gives its pid.
        paused: whether a successor is taking over, so that nothing may be changed here any more.
        took_back: is told of a logout.
        kept: waits until what was taken back is kept over a restart, and gives what prevents that.
        audit: None where it is switched off.
        imds: gives the role of each IMDS port.
        catalogues: the AWS files that roles are served of.
    """

    endpoint_url: str
    problems: Callable[[], list[errors.XacctError]]
    read_changed: Callable[[Files | None], Awaitable[bool]]
    reload: Callable[[], Awaitable[list[errors.XacctError]]]
    outdated: Callable[[], bool]
    stop: Callable[[], None]
    succeed: Callable[[], Awaitable[int]]
    about: About
    paused: Callable[[], bool] = lambda: False
    took_back: TookBack = lambda *, everything: None  # noqa: ARG005
    kept: Callable[[], Awaitable[errors.XacctError | None]] = _kept
    audit: Trail | None = None
    imds: Callable[[], dict[int, str]] = dict
    containers: Containers = field(default_factory=Containers)
    catalogues: views.Catalogues = field(default_factory=views.OnlyOwn)


class Api:
    """The routes.

    Attributes:
        changing: how many requests are being answered that may change something.
    """

    def __init__(self, service: CredentialService, grants: Grants, daemon: Daemon) -> None:
        self.service = service
        self._keeper = keeper = service.keeper
        self._grants = grants
        self._daemon = daemon
        self._audit = Audit(daemon.audit)
        self.granting = GrantRoutes(keeper, grants, self._audit, daemon.endpoint_url, daemon.containers)
        self._commands = itertools.count(1)
        self.changing = 0

    def application(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(middlewares=[self._well_behaved], client_max_size=MAX_BODY)  # guard: bounded-body
        app.add_routes(
            [
                web.get(wire.VERSION, self.version),
                web.get(wire.STATUS, self.status),
                web.get(wire.ROLES, self.roles),
                web.get(wire.EXPLAIN, self.explain),
                web.post(wire.LOGIN, self.login),
                web.post(wire.LOGOUT, self.logout),
                web.post(wire.CREDENTIALS, self.credentials),
                *self.granting.routes(),
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
        """GET /v1/status: the roles of the shell's files, and of others what is held."""
        keeper, view = self._keeper, views.of(request)
        catalogue = view.open()
        standing = Standing(keeper)
        rows = [serializers.role_status(standing, node) for node in keeper.nodes.values()]
        rows = [row for row in rows if view.has(row["name"]) or row["state"] in ("held", "waiting", "failed")]
        sessions = [
            serializers.session_status(serializers.source_key(source), serial or "", entry)
            for (source, serial, _), entry in keeper.sessions.items()
            if view.has(serializers.source_key(source)) or entry.holds
        ]
        named = [view.id, *(rolekeys.split(row["name"])[1] for row in rows), rolekeys.OWN]
        answer: wire.StatusAnswer = {
            "now": keeper.clock.now(),
            "roles": sorted(rows, key=lambda row: not view.has(row["name"])),
            "sessions": sessions,
            "catalogues": views.catalogues(view, dict.fromkeys(named)),
            "prompts": [serializers.prompt(keeper, prompt) for prompt in keeper.broker.open_prompts],
            "attended": keeper.broker.subscribers,
            "notes": self._notes(catalogue),
            "locked": keeper.agent_lock.locked,
            "imds": [serializers.imds_port(keeper, port, role) for port, role in self._daemon.imds().items()],
            "daemon": self._daemon.about.status(keeper),
        }
        return answered(request, answer)

    async def roles(self, request: web.Request) -> web.Response:
        """GET /v1/roles: those of the shell's files."""
        view = views.of(request)
        catalogue = view.open()
        base = self._daemon.endpoint_url + ROLE_PATH
        answer: wire.RolesAnswer = {
            "roles": [
                serializers.role_info(node, base)
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

    async def login(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/login."""
        body = await body_of(request, wire.LoginRequest)
        if not body["roles"]:
            raise errors.BadInput("No role was named.", "xacctctl login ROLE")
        body["roles"] = [views.of(request).wanted(role) for role in body["roles"]]
        for role in body["roles"]:
            self._keeper.node(role)
        attend = body.get("attend", True)
        ask = attend or "code" in body or self._somebody_for(body["roles"])

        grant = self._grant(body)
        process = caller_of(request).process

        ranks = {name: rank for rank, name in enumerate(dict.fromkeys(body["roles"]))}

        async def get(role: str) -> None:
            again = body.get("again", False)
            await self._keeper.login(
                role, ask=ask, until=body.get("until"), again=again, process=process, rank=ranks[role]
            )
            if grant is not None:
                await self.service.allow(role, grant, lambda: process)

        login = streams.Login(
            self._keeper,
            body["roles"],
            self._audit.watched(request, "login", get),
            lambda role, _: serializers.held_event(self._keeper, role),
            code=body.get("code"),
            attend=attend,
        )
        return await streamed(request, login.run)

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
        serials = filter(None, map(self._keeper.serial, roles))
        return broker.subscribers > 0 or any(map(broker.has_subscriber, serials))

    async def credentials(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/credentials."""
        body = await body_of(request, wire.CredentialsRequest)
        body["role"] = views.of(request).wanted(body["role"])
        attend = body.get("attend", True)
        # Each request is a consumer of its own: nobody can tell whether the last one was the same program.
        name = body["role"]
        command = self._command(name)
        try:
            region = self.service.check(name, command).role.region
        except errors.XacctError as error:
            self._audit.refused(request, name, error)
            raise
        process = caller_of(request).process
        lifetime = body.get("lifetime")
        ask = Ask(
            human=attend or self._somebody_for([name]),
            lasting=max(0.0, (lifetime or 0) - policy.MINUTE),  # what AWS gives has aged a little when it is here
            lifetime=lifetime,
            process=lambda: process,
        )

        async def get(role: str) -> Credentials:
            got = self.service.serve(role, command, ask)
            return got if isinstance(got, Credentials) else await got()

        def had(role: str, held: Credentials) -> wire.CredentialsEvent:
            self.service.check(role, command)  # it may have been taken back since they were had
            return serializers.credentials_event(role, held, region)

        login = streams.Login(
            self._keeper,
            [name],
            self._audit.watched(request, "fetch", get),
            had,
            code=None,
            attend=attend,
        )
        return await streamed(request, login.run)

    def _command(self, name: str) -> Grant:
        """`xacctctl` as a consumer of one role, its own once more at each request."""
        number, via = next(self._commands), self._keeper.dynamic.via(name)
        arns = () if via is None else ("*",)
        return Grant(f"command {number}", "", COMMAND, (name,), self._keeper.clock.now(), role_arns=arns, via=via)

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
        if body.get("decline") or body.get("confirm") is False:
            self._keeper.broker.decline(request.match_info["id"])
        elif body.get("confirm"):
            self._keeper.broker.confirm(request.match_info["id"])
        else:
            self._keeper.broker.answer(request.match_info["id"], body.get("code", ""))
        return web.json_response({})

    async def events(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/events, with ?attend=1 to answer prompts."""
        attend = request.query.get("attend") == "1"
        return await streamed(request, lambda out: streams.everything(self._keeper, out, attend=attend))

    async def audit(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/audit, with ?role=, ?since= and ?follow=1."""
        return await streamed(request, self._audit.asked(request.query, views.of(request)))

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

    async def _read_changed(self, request: web.Request) -> None:
        """Have the configuration as it is now, and see whose roles the request means: what any xacctctl asks, none's.

        Raises:
            Temporary: it can't be read in time, and the request would be answered by what is no longer so.
        """
        anybody = request.path in wire.EVERY_API
        files, around = (None, None) if anybody else (views.meant(request), views.around(request))
        # guard: lock-waits-for-no-disk
        in_time = request.path in _AT_ONCE or await self._daemon.read_changed(files)
        # guard: nothing-given-by-what-can-t-be-read-in-time
        if not in_time and (files is not None or _gives(request)):
            raise errors.Temporary(
                "The AWS files or config.toml can't be read in time.", "Are they on a slow or lost network drive?"
            )
        request[views.KEY] = views.View(self._daemon.catalogues, self._keeper, files, around)

    @contextmanager
    def _under_way(self, request: web.Request) -> Iterator[None]:
        """Count what may change something: no successor takes over in the midst of it."""
        counts = request.method != "GET" and request.path not in (wire.SUCCEED, wire.STOP)
        self.changing += counts
        try:
            yield
        finally:
            self.changing -= counts

    def _check_pause(self, request: web.Request) -> None:
        # guard: hand-over-nothing-is-changed-meanwhile
        if self._daemon.paused() and request.method != "GET" and request.path != wire.STOP:
            raise errors.Temporary("A new xacctd is taking over.", "Try again in a moment.")

    @web.middleware
    async def _well_behaved(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Fresh configuration before, our header and our errors after."""
        try:
            versions.check(request)  # guard: another-api-xacctd-does-nothing
            async with asyncio.timeout(BODY):
                # guard: hand-over-half-sent-change-is-none
                await request.read()  # first: who sends slowly changes nothing yet, and so keeps no successor waiting
            await self._read_changed(request)
            self._check_pause(request)
            with self._under_way(request):
                response = await handler(request)
        except errors.XacctError as error:
            response = failed(error, request)
        except web.HTTPException as error:
            response = failed(
                errors.BadInput(f"{request.method} {request.path}: {error.reason}.", "See docs/control-api.md."),
                request,
            )
            response.set_status(error.status)
        except TimeoutError:
            response = failed(
                errors.BadInput("The request's body did not come in time.", "See docs/control-api.md."), request
            )
        except ConnectionError:
            raise
        except OSError as error:
            response = failed(_out_of(error, request.path), request)
        except Exception as bug:  # noqa: BLE001 - the type only: a message may quote what it choked on
            log.error("request broke", path=request.path, kind=type(bug).__name__)  # noqa: TRY400
            # guard: error-quotes-nothing
            response = failed(errors.XacctError("xacctd itself failed at this request.", "Its log says more."), request)
        begun: web.StreamResponse | None = request.get(streams.STREAMED)
        if begun is not None and begun is not response:
            if request.transport is not None:
                request.transport.abort()  # in the middle of a stream there can be no other answer
            return begun
        if not response.prepared:
            # guard: answers-arent-to-be-cached
            response.headers.update({**versions.headers(), "Cache-Control": "no-store"})
        return response


_AT_ONCE = (wire.LOCK, wire.STOP)
"""What waits for no disk."""


def _gives(request: web.Request) -> bool:
    """Whether it may give somebody something: what takes away, or only tells, is done by what was read before."""
    return request.method == "POST" and request.path not in (wire.LOGOUT, wire.LOCK, wire.RELOAD, wire.STOP)
