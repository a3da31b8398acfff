"""The control's routes for the sign-in: they play the human who says yes or no, and the administrator who revokes.

`docs/sandbox.md` documents them for users.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from xacct.sandbox.identity_center.control import CONSENTS, texts, told

if TYPE_CHECKING:
    from collections.abc import Callable

    from xacct.sandbox.console_login.state import State

STATE_PATH: Final = "/_sandbox/console-login"
CONSENT_PATH: Final = f"{STATE_PATH}/consent"
REVOKE_PATH: Final = f"{STATE_PATH}/revoke"


def routes(state: State, clock: Callable[[], float]) -> list[web.RouteDef]:
    """Return the routes that show and steer what is known."""

    async def show(_request: web.Request) -> web.Response:
        now = clock()
        sign_ins = [{"user": each.user.arn, "ends": each.ends, "over": each.over(now)} for each in state.logins]
        return web.json_response({"consent": state.consent, "sign_ins": sign_ins})

    async def consent(request: web.Request) -> web.Response:
        given = texts(await request.text(), '{"answer": "ask"}', ("answer", "user"))
        if given.get("answer") not in CONSENTS:
            raise ValueError(f"answer must be one of: {', '.join(CONSENTS)}.")
        state.consent, state.consent_user = str(given["answer"]), given.get("user")
        return web.json_response({"answer": state.consent, "user": state.consent_user})

    async def revoked(request: web.Request) -> web.Response:
        given = texts(await request.text(), '{"user": "MyIAMUsername"}', ("user",))
        return web.json_response({"revoked": revoke(state, given.get("user"), clock())})

    return [
        web.get(STATE_PATH, show),
        web.post(CONSENT_PATH, told(consent)),
        web.post(REVOKE_PATH, told(revoked)),
    ]


def revoke(state: State, user: str | None, now: float) -> int:
    """End the sign-ins of a user, or all of them, as a change of the password does.

    Returns:
        How many that were.
    """
    found = [each for each in state.logins if not each.over(now) and user in {None, each.user.name}]
    for each in found:
        each.revoked = True
    return len(found)
