"""The control's routes for Identity Center: they play the human who says yes or no, and the administrator who revokes.

`docs/sandbox.md` documents them for users.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from xacct.sandbox import sign_in_control
from xacct.sandbox.identity_center import device
from xacct.sandbox.sign_in_control import texts, told, yes

if TYPE_CHECKING:
    from collections.abc import Callable

    from xacct.sandbox.identity_center.state import State

STATE_PATH: Final = "/_sandbox/identity-center"
ANSWER_PATH: Final = f"{STATE_PATH}/answer"


def routes(state: State, clock: Callable[[], float]) -> list[web.RouteDef]:
    """Return the routes that show and steer what is known."""

    async def answer(request: web.Request) -> web.Response:
        given = texts(await request.text(), '{"answer": "allow"}', ("user_code", "answer", "user"))
        allow = yes(given.get("answer") or "allow")
        answered = device.answer(state, given.get("user_code"), clock(), allow=allow, user=given.get("user"))
        return web.json_response({"user_code": answered.user_code, "client_name": answered.client.name})

    return [
        web.post(ANSWER_PATH, told(answer)),
        *sign_in_control.routes(
            STATE_PATH,
            state,
            "me@example.com",
            lambda: _shown(state, clock()),
            lambda user: revoke(state, user, clock()),
        ),
    ]


def revoke(state: State, user: str | None, now: float) -> int:
    """End the sign-ins of a user, or all of them; return how many that were."""
    return sign_in_control.revoke((each for each in state.sign_ins if user in {None, each.user}), now)


def _shown(state: State, now: float) -> dict[str, object]:
    return {
        "consent": state.consent,
        "devices": [
            {
                "user_code": each.user_code,
                "client_name": each.client.name,
                "start_url": each.start_url,
                "expires": each.expires,
            }
            for each in state.devices
            if each.open(now)
        ],
        "sign_ins": [
            {"user": each.user, "start_url": each.start_url, "ends": each.ends, "over": each.over(now)}
            for each in state.sign_ins
        ],
    }
