"""What both kinds of sign-in are steered by: what a human says who is not asked, and what ends them.

`docs/sandbox.md` documents them for users.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from aiohttp import web

from xacct.sandbox.control import object_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from xacct.sandbox import actions
    from xacct.sandbox.faults import Faults

CONSENTS: Final = ("ask", "allow", "deny")


class AnswerError(Exception):
    """A human's answer that can't be taken; the message says why in one sentence."""


@dataclass(slots=True)
class SignInState:
    """What every kind has to know.

    Attributes:
        sts: The STS beside it: the world, and where credentials are issued.
        faults: What makes calls fail.
        consent: What a human answers who is not asked: "allow" or "deny"; "ask": nothing before somebody does.
        consent_user: Who signs in then; None: the first user.
    """

    sts: actions.State
    faults: Faults
    consent: str = "ask"
    consent_user: str | None = None


class Revocable(Protocol):
    """A sign-in that a human's yes has begun."""

    revoked: bool

    def over(self, now: float) -> bool:
        """Return whether nothing may be had by it any more."""


def revoke(sign_ins: Iterable[Revocable], now: float) -> int:
    """End those that are not over.

    Returns:
        How many that were.
    """
    found = [each for each in sign_ins if not each.over(now)]
    for each in found:
        each.revoked = True
    return len(found)


def routes(
    path: str,
    state: SignInState,
    user: str,
    show: Callable[[], dict[str, object]],
    revoke: Callable[[str | None], int],
) -> list[web.RouteDef]:
    """Return the routes that show and steer what is known.

    Args:
        path: Below which they are.
        state: What is known.
        user: One of its users, for an example.
        show: Returns what is shown of it.
        revoke: Ends the sign-ins of a user, or all of them, and returns how many that were.
    """

    async def shown(_request: web.Request) -> web.Response:
        return web.json_response(show())

    async def consent(request: web.Request) -> web.Response:
        given = texts(await request.text(), '{"answer": "ask"}', ("answer", "user"))
        if given.get("answer") not in CONSENTS:
            raise ValueError(f"answer must be one of: {', '.join(CONSENTS)}.")
        state.consent, state.consent_user = str(given["answer"]), given.get("user")
        return web.json_response({"answer": state.consent, "user": state.consent_user})

    async def revoked(request: web.Request) -> web.Response:
        given = texts(await request.text(), f'{{"user": "{user}"}}', ("user",))
        return web.json_response({"revoked": revoke(given.get("user"))})

    return [
        web.get(path, shown),
        web.post(f"{path}/consent", told(consent)),
        web.post(f"{path}/revoke", told(revoked)),
    ]


def told(handle: Callable[[web.Request], Any]) -> Callable[[web.Request], Any]:
    """Wrap a handler, so that what it refuses is told in a sentence."""

    async def handled(request: web.Request) -> web.Response:
        try:
            response: web.Response = await handle(request)
        except (ValueError, AnswerError) as error:
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
        raise AnswerError("An answer is allow or deny.")
    return answer == "allow"
