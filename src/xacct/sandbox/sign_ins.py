"""What both kinds of sign-in are made of: calls answered and recorded, and pages on which a human says yes or no."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from email.utils import formatdate
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar
from urllib.parse import parse_qsl

from aiohttp import web

from xacct.sandbox.calls import Call
from xacct.sandbox.identity_center import pages
from xacct.sandbox.identity_center.refusals import Refusal
from xacct.sandbox.sign_in_control import AnswerError, SignInState, yes
from xacct.sandbox.strikes import cut, strike

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence


S = TypeVar("S", bound=SignInState)
Failures = Mapping[tuple[str, str], Callable[[], Refusal]]
Pairs = tuple[tuple[str, str], ...]


class SignInService(Generic[S]):
    """One kind of sign-in over HTTP.

    Args:
        state: Where it keeps what it issues.
        calls: Where each call is recorded.
        clock: Returns Unix seconds.
        sleep: Awaited with the seconds of a delay fault.

    Attributes:
        state: What was issued.
    """

    browsers: ClassVar[str]
    """The service that browsers come to."""

    failures: ClassVar[Failures]
    """What a fault answers, by service and kind."""

    def __init__(
        self,
        state: S,
        calls: list[Call],
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        self.state = state
        self._calls = calls
        self._clock = clock
        self._sleep = sleep

    def pages(self, path: str) -> list[web.RouteDef]:
        """Return the routes of the page at which a browser asks, and of a human's answer on it."""
        return [web.get(path, self._authorize, allow_head=False), web.post(path, self._consented)]

    async def _authorize(self, request: web.Request) -> web.StreamResponse:
        _, _, query = request.raw_path.partition("?")
        pairs = tuple(parse_qsl(query, keep_blank_values=True, errors="replace"))
        return await self._answer(
            request, self.browsers, "Authorize", lambda call: self._question(request, pairs, call)
        )

    def _question(self, request: web.Request, pairs: Pairs, call: Call) -> web.Response:
        """Check what a browser asks for, and ask its human.

        Args:
            request: The browser's.
            pairs: Its query, decoded, in the order sent.
            call: The record to fill in.

        Raises:
            Refusal: If the browser must not be sent anywhere.
        """
        raise NotImplementedError

    def _taken(self, name: str, *, allow: bool, user: str | None) -> str:
        """Take a human's word on a question, and return where the browser goes with it.

        Raises:
            AnswerError: If it can't be taken.
        """
        raise NotImplementedError

    def _asked(self, name: str, client: str, users: Sequence[str]) -> web.Response:
        """Show a question to its human, or answer it for who is not asked."""
        if self.state.consent != "ask":
            return self._decided(name, self.state.consent, self.state.consent_user)
        return html(pages.consent(client, users, name))

    async def _consented(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}
        return self._decided(form.get("request", ""), form.get("answer", ""), form.get("user") or None)

    def _decided(self, name: str, answer: str, user: str | None) -> web.Response:
        try:
            return see(self._taken(name, allow=yes(answer), user=user))
        except AnswerError as error:
            return html(pages.notice(str(error)), 400)

    async def _answer(
        self,
        request: web.Request,
        service: str,
        name: str,
        act: Callable[[Call], web.Response],
        *,
        says_when: bool = False,
    ) -> web.StreamResponse:
        """Answer one call and record it, whatever becomes of it.

        Args:
            request: The call.
            service: Whose faults strike it.
            name: The operation's.
            act: Makes the answer, or refuses.
            says_when: Whether a refusal says how many seconds the client is to wait.
        """
        call = Call(name, self._clock(), service=service)
        try:
            skew, failing, again = await strike(self.state.faults, self._sleep, service)
            if failing == "reset":
                cut(request)
                return web.Response(status=500)
            try:
                if failing:
                    raise self.failures[service, failing]()  # noqa: RSE102 (this calls a function, not a class)
                response = act(call)
            except Refusal as refusal:
                call.error = refusal.code
                response = _refused(refusal, again if says_when else 0.0)
            call.status = response.status
            response.headers["Date"] = formatdate(self._clock() + skew, usegmt=True)
            response.headers["x-amzn-RequestId"] = str(uuid.uuid4())
            return response
        finally:
            self._calls.append(call)


def _refused(refusal: Refusal, again: float) -> web.Response:
    headers = {"x-amzn-ErrorType": refusal.name}
    if again:
        headers["Retry-After"] = f"{again:g}"
    return web.json_response(refusal.body, status=refusal.status, headers=headers)


def html(text: str, status: int = 200) -> web.Response:
    """Return a page."""
    return web.Response(text=text, content_type="text/html", status=status)


def see(uri: str) -> web.Response:
    """Send a browser on: 303 has one that came with POST go on with GET, whatever it makes of 302."""
    return web.Response(status=303, headers={"Location": uri})
