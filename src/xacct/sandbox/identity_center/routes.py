"""Identity Center over HTTP: sso-oidc, the portal, and the pages for a human's browser, beside the sandbox's STS."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from email.utils import formatdate
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from aiohttp import web

from xacct.sandbox.calls import Call
from xacct.sandbox.identity_center import authorize, control, device, members, pages, refusals
from xacct.sandbox.identity_center.portal import BEARER, Portal
from xacct.sandbox.identity_center.refusals import Refusal
from xacct.sandbox.identity_center.registration import register_client
from xacct.sandbox.identity_center.state import State
from xacct.sandbox.identity_center.token import create_token
from xacct.sandbox.strikes import cut, strike

if TYPE_CHECKING:
    from xacct.sandbox import actions
    from xacct.sandbox.faults import Faults
    from xacct.sandbox.identity_center.members import Members

OIDC: Final = "sso-oidc"
PORTAL: Final = "sso"

Answer = dict[str, object] | None
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_FAILURES: Final[Mapping[tuple[str, str], Callable[[], Refusal]]] = {
    (OIDC, "throttling"): refusals.slow_down,
    (OIDC, "500"): refusals.server_error,
    (OIDC, "503"): refusals.oidc_unavailable,
    (PORTAL, "throttling"): refusals.too_many_requests,
    (PORTAL, "500"): refusals.portal_failure,
    (PORTAL, "503"): refusals.portal_unavailable,
}


class IdentityCenter:
    """All instances of a world, over HTTP.

    Args:
        sts: The STS beside it, whose world has the instances, and which takes the credentials that are issued here.
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
            web.get(authorize.AUTHORIZE_PATH, self._authorize, allow_head=False),
            web.post(authorize.AUTHORIZE_PATH, self._consented),
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
            return await self._answer(
                request, PORTAL, name, lambda call: _json(act(Portal(self.state, token, query, self._clock(), call)))
            )

        return handle

    async def _answer(
        self, request: web.Request, service: str, name: str, act: Callable[[Call], web.Response]
    ) -> web.StreamResponse:
        """Answer one call and record it, whatever becomes of it."""
        call = Call(name, self._clock(), service=service)
        try:
            skew, failing, again = await strike(self.state.faults, self._sleep, service)
            if failing == "reset":
                cut(request)
                return web.Response(status=500)
            try:
                if failing:
                    raise _FAILURES[service, failing]()  # noqa: RSE102 (this calls a function, not a class)
                response = act(call)
            except Refusal as refusal:
                call.error = refusal.name
                response = _refused(refusal, again if service == PORTAL else 0.0)
            call.status = response.status
            response.headers["Date"] = formatdate(self._clock() + skew, usegmt=True)
            response.headers["x-amzn-RequestId"] = str(uuid.uuid4())
            return response
        finally:
            self._calls.append(call)

    # Pages.

    async def _authorize(self, request: web.Request) -> web.StreamResponse:
        _, _, query = request.raw_path.partition("?")
        pairs = tuple(parse_qsl(query, keep_blank_values=True, errors="replace"))
        return await self._answer(request, OIDC, "Authorize", lambda call: self._asked(pairs, call))

    def _asked(self, pairs: authorize.Pairs, call: Call) -> web.Response:
        try:
            name = authorize.authorize(self.state, pairs, self._clock())
        except authorize.RedirectError as wrong:
            call.error = wrong.error
            return _see(wrong.uri)
        if self.state.consent != "ask":
            return self._decided(name, self.state.consent, self.state.consent_user)
        question = self.state.requests.get(name)
        instance = self.state.instance(question.start_url) if question else None
        users = instance.users if instance else ()
        return _html(pages.consent(question.client.name if question else "", users, name))

    async def _consented(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}
        return self._decided(form.get("request", ""), form.get("answer", ""), form.get("user") or None)

    def _decided(self, name: str, answer: str, user: str | None) -> web.Response:
        try:
            allow = control.yes(answer)
            return _see(authorize.answer(self.state, name, self._clock(), allow=allow, user=user))
        except device.AnswerError as error:
            return _html(pages.notice(str(error)), 400)

    async def _device_page(self, request: web.Request) -> web.StreamResponse:
        return _html(pages.device(request.query.get("user_code", "")))

    async def _device_answered(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}
        try:
            allow = control.yes(form.get("answer", ""))
            self.answer(form.get("user_code", ""), allow=allow, user=form.get("user") or None)
        except device.AnswerError as error:
            return _html(pages.notice(str(error)), 400)
        return _html(pages.notice("Done. You can close this page." if allow else "Denied."))


def _json(answer: Answer) -> web.Response:
    return web.Response(status=200) if answer is None else web.json_response(answer)


def _refused(refusal: Refusal, again: float) -> web.Response:
    """A refusal over HTTP, with how many seconds the client is to wait, unless that is 0."""
    headers = {"x-amzn-ErrorType": refusal.name}
    if again:
        headers["Retry-After"] = f"{again:g}"
    return web.json_response(refusal.body, status=refusal.status, headers=headers)


def _html(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, content_type="text/html", status=status)


def _see(uri: str) -> web.Response:
    # 303 has a browser that came with POST go on with GET, whatever it makes of 302.
    return web.Response(status=303, headers={"Location": uri})
