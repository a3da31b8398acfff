"""The sandbox as a server: STS and IAM on `/`, both kinds of sign-in beside it, controls below `/_sandbox`.

`Sandbox` is also the API for tests that run it in their own event loop:

    sandbox = Sandbox(default_world(), clock=lambda: now)
    async with sandbox.serve() as url:
        ...
"""

from __future__ import annotations

import asyncio
import time
import uuid
from contextlib import asynccontextmanager
from email.utils import formatdate
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from aiohttp import web

from xacct.sandbox import answers, control, errors
from xacct.sandbox.calls import Call
from xacct.sandbox.console_login.routes import ConsoleLogin
from xacct.sandbox.console_login.state import State as ConsoleLoginState
from xacct.sandbox.errors import StsError
from xacct.sandbox.faults import Faults
from xacct.sandbox.federation import Federation
from xacct.sandbox.iam import service as iam
from xacct.sandbox.identity_center.routes import IdentityCenter
from xacct.sandbox.identity_center.state import State as IdentityCenterState
from xacct.sandbox.sessions import Caps
from xacct.sandbox.signature import WireRequest
from xacct.sandbox.strikes import cut, strike
from xacct.sandbox.sts import Sts, service_of
from xacct.sandbox.tables import Tables

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from xacct.sandbox.world import MfaDevice, World

_SHUTDOWN_SECONDS: Final = 0.2
_FAILURES: Final[Mapping[str, Callable[[], StsError]]] = {
    "throttling": errors.throttling,
    "500": errors.internal_failure,
    "503": errors.service_unavailable,
}


class Sandbox:
    """A local STS, Identity Center and AWS sign-in over HTTP; of IAM a user's own keys and devices.

    Args:
        world: What exists.
        clock: Returns Unix seconds; every decision and every Date header goes by it.
        caps: Limits on the life of what is issued. Requests are still validated against the real ranges.
        sleep: Awaited with the seconds of a delay fault.
    """

    def __init__(
        self,
        world: World,
        clock: Callable[[], float] = time.time,
        caps: Caps | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.clock = clock
        self.calls: list[Call] = []
        self.faults = Faults(clock)
        self.sts = Sts(world, self.faults, caps or Caps())
        self._sleep = sleep
        beside = self.sts.state, self.faults
        self.identity_center = IdentityCenter(IdentityCenterState(*beside), self.calls, clock, sleep)
        self.console_login = ConsoleLogin(ConsoleLoginState(*beside), self.calls, clock, sleep)
        self.federation = Federation(self.sts.state, self.calls, clock)
        self.tables = Tables(self.sts, self.calls, clock, _wire)

    @property
    def world(self) -> World:
        """What exists; assign another world to delete a key, say."""
        return self.sts.state.world

    @world.setter
    def world(self, world: World) -> None:
        self.sts.state.world = world

    @property
    def device(self) -> MfaDevice:
        """The MFA device of the first user who has one.

        Raises:
            LookupError: If nobody has one.
        """
        for user in self.world.users:
            if user.mfa is not None:
                return user.mfa
        raise LookupError("No user of this world has an MFA device.")

    def code(self) -> str:
        """Return a currently valid, unused code of `device`.

        Raises:
            CodeUsedUpError: If this step's code has been used; `.seconds` says how long to wait.
        """
        return self.sts.state.history.code(self.device, self.clock())

    def next_code_in(self) -> float:
        """Return the seconds until an unused code exists; 0.0 if one does now."""
        return self.sts.state.history.next_code_in(self.device, self.clock())

    def used_steps(self) -> list[int]:
        """Return the time steps whose codes `device` has used, oldest first."""
        return self.sts.state.history.used_steps(self.device)

    @asynccontextmanager
    async def serve(self, port: int = 0) -> AsyncIterator[str]:
        """Listen on 127.0.0.1 in this event loop while the context lasts; yield the URL.

        Raises:
            OSError: If the port (0 for any free one) can't be had.
        """
        runner = web.AppRunner(self.app(), access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()

    def app(self) -> web.Application:
        """Return the aiohttp application."""
        app = web.Application()
        app.on_response_prepare.append(self._date)
        app.add_routes([web.get("/", self._answer), web.post("/", self._answer)])
        app.add_routes(self.identity_center.routes())
        app.add_routes(self.console_login.routes())
        app.add_routes(self.federation.routes())
        app.add_routes(self.tables.routes())
        app.add_routes(control.routes(self))
        return app

    async def _date(self, _request: web.Request, response: web.StreamResponse) -> None:
        # aiohttp would write its own clock's time.
        response.headers.setdefault("Date", formatdate(self.clock(), usegmt=True))

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        wire = await _wire(request)
        given = dict(wire.query) | dict(_form(wire.body))
        call = Call(given.get("Action", ""), self.clock(), given.get("RoleArn"), service=service_of(given))
        try:
            return await self._respond(request, wire, given, call)
        finally:
            self.calls.append(call)

    async def _respond(
        self, request: web.Request, wire: WireRequest, given: dict[str, str], call: Call
    ) -> web.StreamResponse:
        skew, failing, _ = await strike(self.faults, self._sleep, call.service)
        if failing == "reset":
            cut(request)
            return web.Response(status=500)
        request_id = str(uuid.uuid4())
        try:
            if failing:
                raise _FAILURES[failing]()  # noqa: RSE102 (this calls a function, not a class)
            result = self.sts.answer(wire, given, call, self.clock(), skew, request.remote or "")
            namespace = iam.NAMESPACE if call.service == "iam" else answers.NAMESPACE
            call.status, text = 200, answers.success(call.action, result, request_id, namespace)
        except StsError as error:
            call.status, call.error = error.status, error.code
            text = answers.failure(error, request_id)
        date = formatdate(self.clock() + skew, usegmt=True)
        return web.Response(
            status=call.status,
            text=text,
            content_type="text/xml",
            headers={"Date": date, "x-amzn-RequestId": request_id},
        )


async def _wire(request: web.Request) -> WireRequest:
    path, _, query = request.raw_path.partition("?")
    return WireRequest(
        method=request.method,
        path=path,
        query=_pairs(query),
        headers=tuple((name.lower(), value) for name, value in request.headers.items()),
        body=await request.read(),
    )


def _form(body: bytes) -> tuple[tuple[str, str], ...]:
    return _pairs(body.decode(errors="replace"))


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple(parse_qsl(text, keep_blank_values=True, errors="replace"))
