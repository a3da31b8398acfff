"""GET /v1/authorize, the browser's part: who asks, where the answer goes, and what a human says to it."""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode, urlsplit

from xacct.sandbox.console_login import refusals
from xacct.sandbox.console_login.state import CODE_SECONDS, Code, Login, Question
from xacct.sandbox.identity_center import members, pkce
from xacct.sandbox.identity_center.refusals import Refusal
from xacct.sandbox.sign_in_control import AnswerError

if TYPE_CHECKING:
    from xacct.sandbox.console_login.state import State
    from xacct.sandbox.identity_center.members import Members
    from xacct.sandbox.sign_ins import Pairs

SAME_DEVICE: Final = "arn:aws:signin:::devtools/same-device"
CROSS_DEVICE: Final = "arn:aws:signin:::devtools/cross-device"
AUTHORIZE_PATH: Final = "/v1/authorize"
CONFIRMATION_PATH: Final = "/v1/sessions/confirmation"
_CALLBACK: Final = "/oauth/callback"


def authorize(state: State, query: Pairs, origin: str, now: float) -> str:
    """Check what a browser asks for, and return the name of the question to its human.

    Args:
        state: What is known.
        query: The decoded pairs, in the order sent.
        origin: The address of the sandbox, as the browser knows it.
        now: Unix seconds.

    Raises:
        Refusal: For anything that is not as AWS wants it; the browser is sent nowhere.
    """
    given: Members = dict(query)
    if len(given) != len(query):
        raise refusals.invalid("A parameter is there twice")
    try:
        question = _question(given, origin, now)
    except Refusal as refusal:
        raise refusals.invalid(refusal.body.get("error_description") or refusal.body["message"]) from None
    name = secrets.token_urlsafe(24)
    state.questions.put(name, question)
    return name


def _question(given: Members, origin: str, now: float) -> Question:
    client, redirect_uri = members.text(given, "client_id"), members.text(given, "redirect_uri")
    if not _goes_with(client, redirect_uri, origin):
        raise refusals.invalid("The client is not known, or the redirect URI is not its own")
    wanted = {"response_type": "code", "code_challenge_method": "SHA-256", "scope": "openid"}
    for name, value in wanted.items():
        if members.text(given, name) != value:
            raise refusals.invalid(f"{name} is not {value}")
    challenge = pkce.challenge(given, refusals.invalid)
    return Question(client, redirect_uri, members.text(given, "state"), challenge, now + CODE_SECONDS)


def _goes_with(client: str, uri: str, origin: str) -> bool:
    if client == CROSS_DEVICE:
        return uri == f"{origin}{CONFIRMATION_PATH}"
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return False
    return client == SAME_DEVICE and uri == f"http://127.0.0.1:{port}{_CALLBACK}" and bool(port)


def answer(state: State, name: str, now: float, *, allow: bool, user: str | None = None) -> str:
    """Take a human's word on a question, and return where the browser goes with it.

    Args:
        state: What is known.
        name: What `authorize` returned; good once.
        now: Unix seconds.
        allow: Yes or no.
        user: The name of who says yes; None: the world's first user.

    Raises:
        AnswerError: If there is no such question (any more), or no such user.
    """
    question = state.questions.get(name)
    if question is None or now >= question.expires:
        raise AnswerError("This page is over. Start the sign-in anew.")
    if not allow:
        state.questions.drop(name)
        return f"{question.redirect_uri}?{urlencode({'error': 'access_denied', 'state': question.state})}"
    who = state.user(user)
    if who is None:
        raise AnswerError(f"There is no user {user!r}.")
    state.questions.drop(name)
    login = Login(who, now + state.session_seconds())
    state.logins.put(secrets.token_urlsafe(8), login)
    code = secrets.token_urlsafe(48)
    state.codes.put(code, Code(question, login, now + CODE_SECONDS))
    return f"{question.redirect_uri}?{urlencode({'code': code, 'state': question.state})}"


def shown(query: str) -> str:
    """Return what the confirmation page shows of the answer that a browser brings there."""
    return base64.b64encode(query.encode()).decode()
