"""The federation endpoint and a console, for each partition: a sign-in token for credentials, and who one is then.

    GET /PARTITION/federation?Action=getSigninToken&Session=JSON[&SessionDuration=SECONDS]
    GET /PARTITION/federation?Action=login&Issuer=...&Destination=...&SigninToken=...
    GET /PARTITION/console/...         who is signed in
    GET /PARTITION/oauth?Action=logout signs out

Source: "Enable custom identity broker access to the AWS console" in the IAM User Guide.
"""

from __future__ import annotations

import json
import secrets
from html import escape
from typing import TYPE_CHECKING, Final

from aiohttp import web

from xacct.sandbox.calls import Call

if TYPE_CHECKING:
    from collections.abc import Callable

    from xacct.sandbox.actions import State
    from xacct.sandbox.sessions import Session

PARTITIONS: Final = ("aws", "aws-cn", "aws-us-gov")
_TOKEN_SECONDS: Final = 900
"""How long a sign-in token is good for."""

_SHORTEST, _LONGEST = 900, 43200
_COOKIE: Final = "xacct-sandbox-console"

_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body><h1>{title}</h1><dl>
<dt>Partition</dt><dd id="partition">{partition}</dd><dt>Account</dt><dd id="account">{account}</dd>
<dt>Role</dt><dd id="role">{role}</dd><dt>Page</dt><dd id="page">{page}</dd></dl></body></html>
"""


class Federation:
    """Signs browsers in.

    Args:
        state: The STS's: its sessions are what is signed in with.
        calls: The record of calls.
        clock: Gives Unix seconds.
    """

    def __init__(self, state: State, calls: list[Call], clock: Callable[[], float]) -> None:
        self._state = state
        self._calls = calls
        self._clock = clock
        self._tokens: dict[str, tuple[Session, float]] = {}
        self._signed_in: dict[str, Session] = {}

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of the endpoint and of the console."""
        return [
            web.get("/{partition}/federation", self._federation, allow_head=False),
            web.get("/{partition}/console/{page:.*}", self._console, allow_head=False),
            web.get("/{partition}/oauth", self._sign_out, allow_head=False),
        ]

    async def _federation(self, request: web.Request) -> web.Response:
        action = request.query.get("Action", "")
        answers = {"getSigninToken": self._token, "login": self._login}
        call = Call(action, self._clock(), service="federation")
        answer = answers[action](request, call) if action in answers else _refused("The Action is none.")
        call.status = answer.status
        self._calls.append(call)
        return answer

    def _token(self, request: web.Request, call: Call) -> web.Response:
        partition = request.match_info["partition"]
        found = self._session(request.query.get("Session", ""))
        if isinstance(found, str):
            return _refused(found)
        call.principal, call.role_arn = found.principal.arn, found.principal.role_arn
        if found.principal.role_arn is None:
            return _refused("Only a role, or a federated user, is signed in.")
        if partition not in PARTITIONS or found.principal.role_arn.split(":")[1] != partition:
            return _refused("These credentials are of another partition.")
        if (trouble := _trouble(request.query.get("SessionDuration"), chained=found.context.chained)) is not None:
            return _refused(trouble)
        token = secrets.token_urlsafe(48)
        self._tokens[token] = (found, self._clock() + _TOKEN_SECONDS)
        return web.json_response({"SigninToken": token})

    def _session(self, text: str) -> Session | str:
        """Return the session that these credentials are of, or why there is none."""
        try:
            given = json.loads(text)
            key, secret, token = (given[name] for name in ("sessionId", "sessionKey", "sessionToken"))
        except (ValueError, KeyError, TypeError):
            return "The Session is no JSON of sessionId, sessionKey and sessionToken."
        found = self._state.sessions.by_token(str(token))
        if found is None or (found.key_id, found.secret) != (key, secret):
            return "These are no credentials of a session."
        return found if self._clock() < found.expires else "The session is over."

    def _login(self, request: web.Request, call: Call) -> web.Response:
        session, until = self._tokens.pop(request.query.get("SigninToken", ""), (None, 0.0))
        partition, destination = request.match_info["partition"], request.query.get("Destination", "")
        here = f"{request.scheme}://{request.host}/{partition}/console/"
        if session is None or self._clock() >= until or not destination.startswith(here):
            return _refused("The SigninToken or the Destination is none of this partition.")
        call.principal, call.role_arn = session.principal.arn, session.principal.role_arn
        cookie = secrets.token_urlsafe(24)
        self._signed_in[cookie] = session
        answer = web.Response(status=302, headers={"Location": destination})
        answer.set_cookie(_COOKIE, cookie, path=f"/{partition}/", httponly=True, samesite="Lax")
        return answer

    async def _console(self, request: web.Request) -> web.Response:
        partition = request.match_info["partition"]
        session = self._signed_in.get(request.cookies.get(_COOKIE, ""))
        if session is None or self._clock() >= session.expires:
            return web.Response(status=401, text="Nobody is signed in.")
        said = {
            "title": "xacct-sandbox: the console",
            "partition": partition,
            "account": session.principal.account,
            "role": session.principal.arn.split(":")[5],
            "page": request.match_info["page"] + (f"?{request.query_string}" if request.query_string else ""),
        }
        return web.Response(
            text=_PAGE.format(**{name: escape(text) for name, text in said.items()}), content_type="text/html"
        )

    async def _sign_out(self, request: web.Request) -> web.Response:
        self._signed_in.pop(request.cookies.get(_COOKIE, ""), None)
        return web.Response(text="Signed out.")


def _trouble(duration: str | None, *, chained: bool) -> str | None:
    if duration is None:
        return None
    if chained:
        return "SessionDuration is not taken of chained roles."
    whole = int(duration) if duration.isascii() and duration.isdigit() else 0
    return None if _SHORTEST <= whole <= _LONGEST else "SessionDuration is from 900 to 43200 seconds."


def _refused(sentence: str) -> web.Response:
    return web.Response(status=400, text=sentence)
