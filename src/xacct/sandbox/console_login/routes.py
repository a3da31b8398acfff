"""The sign-in over HTTP: /v1/token for programs, /v1/authorize and the confirmation page for a human's browser."""

from __future__ import annotations

import uuid
from email.utils import formatdate
from html import escape
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from aiohttp import web

from xacct.sandbox.calls import Call
from xacct.sandbox.console_login import authorize, control, refusals
from xacct.sandbox.console_login.proofs import HEADER
from xacct.sandbox.console_login.state import State
from xacct.sandbox.console_login.token import TOKEN_PATH, create_token
from xacct.sandbox.identity_center import pages
from xacct.sandbox.identity_center.control import yes
from xacct.sandbox.identity_center.device import AnswerError
from xacct.sandbox.identity_center.refusals import Refusal
from xacct.sandbox.strikes import cut, strike

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from xacct.sandbox import actions
    from xacct.sandbox.faults import Faults

SERVICE: Final = "signin"

_FAILURES: Final[Mapping[str, Callable[[], Refusal]]] = {
    "throttling": refusals.too_many,
    "500": refusals.failure,
    "503": refusals.unavailable,
    "invalid-key": refusals.insufficient_permissions,
}


class ConsoleLogin:
    """The sign-in of all users of a world.

    Args:
        sts: The STS beside it, which takes the credentials that are issued here.
        faults: What makes calls fail.
        calls: Where each call is recorded.
        clock: Returns Unix seconds.
        sleep: Awaited with the seconds of a delay fault.

    Attributes:
        state: What was issued.
    """

    def __init__(
        self,
        sts: actions.State,
        faults: Faults,
        calls: list[Call],
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        self.state = State(sts, faults)
        self._calls = calls
        self._clock = clock
        self._sleep = sleep

    def revoke(self, user: str | None = None) -> int:
        """End the sign-ins of a user, or all of them; return how many that were."""
        return control.revoke(self.state, user, self._clock())

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of the service, of its pages, and of the control."""
        return [
            web.post(TOKEN_PATH, self._token),
            web.get(authorize.AUTHORIZE_PATH, self._authorize, allow_head=False),
            web.post(authorize.AUTHORIZE_PATH, self._consented),
            web.get(authorize.CONFIRMATION_PATH, self._confirmation, allow_head=False),
            *control.routes(self.state, self._clock),
        ]

    async def _token(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()

        def act(call: Call) -> web.Response:
            url = f"{request.url.origin()}{request.path}"
            now = self._clock()
            thumbprint = self.state.proofs.check(request.headers.get(HEADER), request.method, url, now)
            if request.content_type != "application/json":
                raise refusals.invalid("The body is no JSON")
            return web.json_response(create_token(self.state, body, thumbprint, now, call))

        return await self._answer(request, "CreateOAuth2Token", act)

    async def _authorize(self, request: web.Request) -> web.StreamResponse:
        _, _, query = request.raw_path.partition("?")
        pairs = tuple(parse_qsl(query, keep_blank_values=True, errors="replace"))

        def act(_call: Call) -> web.Response:
            name = authorize.authorize(self.state, pairs, str(request.url.origin()), self._clock())
            if self.state.consent != "ask":
                return self._decided(name, self.state.consent, self.state.consent_user)
            users = [user.name for user in self.state.sts.world.users]
            return _html(pages.consent("A program on your computer", users, name))

        return await self._answer(request, "Authorize", act)

    async def _consented(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}
        return self._decided(form.get("request", ""), form.get("answer", ""), form.get("user") or None)

    async def _confirmation(self, request: web.Request) -> web.StreamResponse:
        _, _, query = request.raw_path.partition("?")
        return _html(f'<!doctype html><title>Sign in</title><code id="shown">{escape(authorize.shown(query))}</code>')

    def _decided(self, name: str, answer: str, user: str | None) -> web.Response:
        try:
            place = authorize.answer(self.state, name, self._clock(), allow=yes(answer), user=user)
        except AnswerError as error:
            return _html(pages.notice(str(error)), 400)
        # 303 has a browser that came with POST go on with GET, whatever it makes of 302.
        return web.Response(status=303, headers={"Location": place})

    async def _answer(self, request: web.Request, name: str, act: Callable[[Call], web.Response]) -> web.StreamResponse:
        """Answer one call and record it, whatever becomes of it."""
        call = Call(name, self._clock(), service=SERVICE)
        try:
            skew, failing, _ = await strike(self.state.faults, self._sleep, SERVICE)
            if failing == "reset":
                cut(request)
                return web.Response(status=500)
            try:
                failing = failing or ("invalid-key" if self._forbidden() else None)
                if failing:
                    raise _FAILURES[failing]()  # noqa: RSE102 (this calls a function, not a class)
                response = act(call)
            except Refusal as refusal:
                call.error = refusal.body["error"]
                kind = {"x-amzn-ErrorType": refusal.name}
                response = web.json_response(refusal.body, status=refusal.status, headers=kind)
            call.status = response.status
            response.headers["Date"] = formatdate(self._clock() + skew, usegmt=True)
            response.headers["x-amzn-RequestId"] = str(uuid.uuid4())
            return response
        finally:
            self._calls.append(call)

    def _forbidden(self) -> bool:
        return self.state.faults.take("invalid-key", service=SERVICE) is not None


def _html(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, content_type="text/html", status=status)
