"""The control's routes for Identity Center: they play the human who says yes or no, and the administrator who revokes.

`docs/sandbox.md` documents them for users.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from xacct.sandbox.control import object_of
from xacct.sandbox.identity_center import device

if TYPE_CHECKING:
    from collections.abc import Callable

    from xacct.sandbox.identity_center.state import State

STATE_PATH: Final = "/_sandbox/identity-center"
ANSWER_PATH: Final = f"{STATE_PATH}/answer"
CONSENT_PATH: Final = f"{STATE_PATH}/consent"
REVOKE_PATH: Final = f"{STATE_PATH}/revoke"
CONSENTS: Final = ("ask", "allow", "deny")


def routes(state: State, clock: Callable[[], float]) -> list[web.RouteDef]:
    """Return the routes that show and steer what is known."""

    async def show(_request: web.Request) -> web.Response:
        return web.json_response(_shown(state, clock()))

    async def answer(request: web.Request) -> web.Response:
        given = texts(await request.text(), '{"answer": "allow"}', ("user_code", "answer", "user"))
        allow = yes(given.get("answer") or "allow")
        answered = device.answer(state, given.get("user_code"), clock(), allow=allow, user=given.get("user"))
        return web.json_response({"user_code": answered.user_code, "client_name": answered.client.name})

    async def consent(request: web.Request) -> web.Response:
        given = texts(await request.text(), '{"answer": "ask"}', ("answer", "user"))
        if given.get("answer") not in CONSENTS:
            raise ValueError(f"answer must be one of: {', '.join(CONSENTS)}.")
        state.consent, state.consent_user = str(given["answer"]), given.get("user")
        return web.json_response({"answer": state.consent, "user": state.consent_user})

    async def revoked(request: web.Request) -> web.Response:
        given = texts(await request.text(), '{"user": "me@example.com"}', ("user",))
        return web.json_response({"revoked": revoke(state, given.get("user"), clock())})

    return [
        web.get(STATE_PATH, show),
        web.post(ANSWER_PATH, told(answer)),
        web.post(CONSENT_PATH, told(consent)),
        web.post(REVOKE_PATH, told(revoked)),
    ]


def told(handle: Callable[[web.Request], Any]) -> Callable[[web.Request], Any]:
    """Wrap a handler, so that what it refuses is told in a sentence."""

    async def handled(request: web.Request) -> web.Response:
        try:
            response: web.Response = await handle(request)
        except (ValueError, device.AnswerError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return response

    return handled


def texts(text: str, example: str, known: tuple[str, ...]) -> dict[str, str]:
    """Return the members of a request's body, each of them a text.

    Raises:
        ValueError: For a member that is not known, or is no text.
    """
    body = object_of(text, example) if text else {}
    for name, value in body.items():
        if name not in known:
            raise ValueError(f"Unknown field {name!r}. Use {', '.join(known)}.")
        if value is not None and not isinstance(value, str):
            raise ValueError(f"Field {name!r} can't be {value!r}.")
    return {name: value for name, value in body.items() if value is not None}


def yes(answer: str) -> bool:
    """Return whether an answer is a yes.

    Raises:
        AnswerError: If it is neither allow nor deny.
    """
    if answer not in CONSENTS[1:]:
        raise device.AnswerError("An answer is allow or deny.")
    return answer == "allow"


def revoke(state: State, user: str | None, now: float) -> int:
    """End the sign-ins of a user, or all of them.

    Returns:
        How many that were.
    """
    found = [each for each in state.sign_ins if not each.over(now) and user in {None, each.user}]
    for each in found:
        each.revoked = True
    return len(found)


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
