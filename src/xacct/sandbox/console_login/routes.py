"""The sign-in over HTTP: /v1/token for programs, /v1/authorize and the confirmation page for a human's browser."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, ClassVar, Final

from aiohttp import web

from xacct.sandbox.console_login import authorize, control, refusals
from xacct.sandbox.console_login.proofs import HEADER
from xacct.sandbox.console_login.state import State
from xacct.sandbox.console_login.token import TOKEN_PATH, create_token
from xacct.sandbox.sign_ins import Failures, Pairs, SignInService, html

if TYPE_CHECKING:
    from xacct.sandbox.calls import Call

SERVICE: Final = "signin"


class ConsoleLogin(SignInService[State]):
    """The sign-in of all users of a world."""

    browsers = SERVICE
    failures: ClassVar[Failures] = {
        (SERVICE, "throttling"): refusals.too_many,
        (SERVICE, "500"): refusals.failure,
        (SERVICE, "503"): refusals.unavailable,
    }

    def revoke(self, user: str | None = None) -> int:
        """End the sign-ins of a user, or all of them; return how many that were."""
        return control.revoke(self.state, user, self._clock())

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of the service, of its pages, and of the control."""
        return [
            web.post(TOKEN_PATH, self._token),
            *self.pages(authorize.AUTHORIZE_PATH),
            web.get(authorize.CONFIRMATION_PATH, self._confirmation, allow_head=False),
            *control.routes(self.state, self._clock),
        ]

    async def _token(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()

        def act(call: Call) -> web.Response:
            self._check_allowed()
            url = f"{request.url.origin()}{request.path}"
            now = self._clock()
            thumbprint = self.state.proofs.check(request.headers.get(HEADER), request.method, url, now)
            if request.content_type != "application/json":
                raise refusals.invalid("The body is no JSON")
            return web.json_response(create_token(self.state, body, thumbprint, now, call))

        return await self._answer(request, SERVICE, "CreateOAuth2Token", act)

    def _question(self, request: web.Request, pairs: Pairs, _call: Call) -> web.Response:
        self._check_allowed()
        name = authorize.authorize(self.state, pairs, str(request.url.origin()), self._clock())
        return self._asked(name, "A program on your computer", [user.name for user in self.state.sts.world.users])

    async def _confirmation(self, request: web.Request) -> web.StreamResponse:
        _, _, query = request.raw_path.partition("?")
        return html(f'<!doctype html><title>Sign in</title><code id="shown">{escape(authorize.shown(query))}</code>')

    def _taken(self, name: str, *, allow: bool, user: str | None) -> str:
        return authorize.answer(self.state, name, self._clock(), allow=allow, user=user)

    def _check_allowed(self) -> None:
        if self.state.faults.take("invalid-key", service=SERVICE) is not None:
            raise refusals.insufficient_permissions()
