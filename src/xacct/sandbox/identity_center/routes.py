"""Identity Center over HTTP: sso-oidc, the portal, and the pages for a human's browser, beside the sandbox's STS."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, ClassVar, Final

from aiohttp import web

from xacct.sandbox.identity_center import authorize, control, device, members, pages, refusals
from xacct.sandbox.identity_center.portal import BEARER, Portal
from xacct.sandbox.identity_center.registration import register_client
from xacct.sandbox.identity_center.state import State
from xacct.sandbox.identity_center.token import create_token
from xacct.sandbox.sign_in_control import AnswerError, yes
from xacct.sandbox.sign_ins import Failures, Pairs, SignInService, html, see

if TYPE_CHECKING:
    from xacct.sandbox.calls import Call
    from xacct.sandbox.identity_center.members import Members

OIDC: Final = "sso-oidc"
PORTAL: Final = "sso"

Answer = dict[str, object] | None
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class IdentityCenter(SignInService[State]):
    """All instances of a world, over HTTP."""

    browsers = OIDC
    failures: ClassVar[Failures] = {
        (OIDC, "throttling"): refusals.slow_down,
        (OIDC, "500"): refusals.server_error,
        (OIDC, "503"): refusals.oidc_unavailable,
        (PORTAL, "throttling"): refusals.too_many_requests,
        (PORTAL, "500"): refusals.portal_failure,
        (PORTAL, "503"): refusals.portal_unavailable,
    }

    # A human, for tests in the same event loop; `control` has the same over HTTP.

    def answer(self, user_code: str | None = None, *, allow: bool = True, user: str | None = None) -> None:
        """Answer a device authorization: the one of this code, or the only one that is open.

        Raises:
            AnswerError: If there is none, or no such user.
        """
        device.answer(self.state, user_code, self._clock(), allow=allow, user=user)

    def revoke(self, user: str | None = None) -> int:
        """End the sign-ins of a user, or all of them; return how many that were."""
        return control.revoke(self.state, user, self._clock())

    # HTTP.

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of both services, of the pages, and of the control."""
        return [
            web.post("/client/register", self._oidc("RegisterClient", self._register)),
            web.post("/device_authorization", self._oidc("StartDeviceAuthorization", self._start)),
            web.post("/token", self._oidc("CreateToken", self._token)),
            web.get("/federation/credentials", self._portal("GetRoleCredentials", Portal.get_role_credentials)),
            web.get("/assignment/accounts", self._portal("ListAccounts", Portal.list_accounts)),
            web.get("/assignment/roles", self._portal("ListAccountRoles", Portal.list_account_roles)),
            web.post("/logout", self._portal("Logout", Portal.logout)),
            *self.pages(authorize.AUTHORIZE_PATH),
            web.get(device.DEVICE_PATH, self._device_page),
            web.post(device.DEVICE_PATH, self._device_answered),
            *control.routes(self.state, self._clock),
        ]

    def _register(self, given: Members, _request: web.Request, _call: Call) -> Answer:
        return register_client(self.state, given, self._clock())

    def _start(self, given: Members, request: web.Request, _call: Call) -> Answer:
        origin = str(request.url.origin())
        return device.start_device_authorization(self.state, given, self._clock(), origin)

    def _token(self, given: Members, _request: web.Request, call: Call) -> Answer:
        return create_token(self.state, given, self._clock(), call)

    def _oidc(self, name: str, act: Callable[[Members, web.Request, Call], Answer]) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            body = await request.read()
            return await self._answer(request, OIDC, name, lambda call: _json(act(members.of(body), request, call)))

        return handle

    def _portal(self, name: str, act: Callable[[Portal], Answer]) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            token, query = request.headers.get(BEARER, ""), dict(request.query)

            def asked(call: Call) -> web.Response:
                return _json(act(Portal(self.state, token, query, self._clock(), call)))

            return await self._answer(request, PORTAL, name, asked, says_when=True)

        return handle

    # Pages.

    def _question(self, _request: web.Request, pairs: Pairs, call: Call) -> web.Response:
        try:
            name = authorize.authorize(self.state, pairs, self._clock())
        except authorize.RedirectError as wrong:
            call.error = wrong.error
            return see(wrong.uri)
        question = self.state.requests.get(name)
        instance = self.state.instance(question.start_url) if question else None
        return self._asked(name, question.client.name if question else "", instance.users if instance else ())

    def _taken(self, name: str, *, allow: bool, user: str | None) -> str:
        return authorize.answer(self.state, name, self._clock(), allow=allow, user=user)

    async def _device_page(self, request: web.Request) -> web.StreamResponse:
        return html(pages.device(request.query.get("user_code", "")))

    async def _device_answered(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}
        try:
            allow = yes(form.get("answer", ""))
            self.answer(form.get("user_code", ""), allow=allow, user=form.get("user") or None)
        except AnswerError as error:
            return html(pages.notice(str(error)), 400)
        return html(pages.notice("Done. You can close this page." if allow else "Denied."))


def _json(answer: Answer) -> web.Response:
    return web.Response(status=200) if answer is None else web.json_response(answer)
