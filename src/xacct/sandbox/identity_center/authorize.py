"""GET /authorize, the browser's part of the authorization code grant with PKCE, and the code's exchange.

RFC 6749, RFC 7636, RFC 8252, as AWS has them: `scopes` in the plural, and one callback alone.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode, urlsplit

from xacct.sandbox.identity_center import members, pkce, refusals
from xacct.sandbox.identity_center.device import sign_in
from xacct.sandbox.identity_center.registration import AUTHORIZATION_CODE, is_callback, may
from xacct.sandbox.identity_center.state import AuthorizationCode, BrowserRequest
from xacct.sandbox.sign_in_control import AnswerError

if TYPE_CHECKING:
    from xacct.sandbox.identity_center.members import Members
    from xacct.sandbox.identity_center.state import Client, SignIn, State
    from xacct.sandbox.sign_ins import Pairs

AUTHORIZE_PATH: Final = "/authorize"


class RedirectError(Exception):
    """A fault that the client is told of through the browser; `uri` is where that goes."""

    def __init__(self, uri: str, error: str) -> None:
        super().__init__(error)
        self.uri = uri
        self.error = error


def authorize(state: State, query: Pairs, now: float) -> str:
    """Check what a browser asks for, and return the name of the question to its human.

    Args:
        state: What is known.
        query: The decoded pairs, in the order sent.
        now: Unix seconds.

    Returns:
        The name under which `answer` takes the human's word.

    Raises:
        Refusal: Where the browser must not be sent anywhere: the client or its redirect URI is wrong.
        RedirectError: Where the client's own page is to say what is wrong.
    """
    given: Members = dict(query)
    if len(given) != len(query):
        raise refusals.invalid_request("A parameter is there twice")
    client = state.clients.get(members.text(given, "client_id"))
    if client is None or now >= client.expires:
        raise refusals.invalid_client("The client is not known, or its registration is over")
    redirect_uri = members.text(given, "redirect_uri")
    if not _registered(client, redirect_uri):
        raise refusals.invalid_redirect_uri("The redirect URI is not the client's")
    try:
        request = _request(state, client, redirect_uri, given, now)
    except refusals.Refusal as refusal:
        told = {"error": refusal.body["error"], "error_description": refusal.body["error_description"]}
        came_with = given.get("state")
        if came_with:
            told["state"] = came_with
        raise RedirectError(_with(redirect_uri, told), refusal.name) from None
    name = secrets.token_urlsafe(24)
    state.requests.put(name, request)
    return name


def _registered(client: Client, uri: str) -> bool:
    """Whether a redirect URI is one of the client's; its port is free (RFC 8252, 7.3)."""
    return is_callback(uri) and _without_port(uri) in {_without_port(each) for each in client.redirect_uris}


def _without_port(uri: str) -> str:
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.hostname}{parts.path}"


def _request(state: State, client: Client, redirect_uri: str, given: Members, now: float) -> BrowserRequest:
    if not may(client, AUTHORIZATION_CODE):
        raise refusals.unauthorized_client("The client is registered for another grant type")
    if members.text(given, "response_type") != "code":
        raise refusals.invalid_request("response_type is not code")
    if members.text(given, "code_challenge_method") != "S256":
        raise refusals.invalid_request("code_challenge_method is not S256")
    challenge = pkce.challenge(given, refusals.invalid_request)
    if not set(members.text(given, "scopes").split(" ")).issubset(client.scopes):
        raise refusals.invalid_scope("A scope is not the client's")
    instance = state.instance(client.issuer or "")
    if instance is None:
        raise refusals.invalid_request("The client's instance of Identity Center is gone")
    expires = now + instance.code_seconds
    return BrowserRequest(client, instance.start_url, redirect_uri, members.text(given, "state"), challenge, expires)


def answer(state: State, name: str, now: float, *, allow: bool, user: str | None = None) -> str:
    """Take a human's word on a question, and return where the browser goes with it.

    Args:
        state: What is known.
        name: What `authorize` returned; good once.
        now: Unix seconds.
        allow: Yes or no.
        user: Who says yes; None: the instance's first user.

    Raises:
        AnswerError: If there is no such question (any more), or no such user.
    """
    request = state.requests.get(name)
    if request is None or now >= request.expires:
        raise AnswerError("This page is over. Start the sign-in anew.")
    if not allow:
        state.requests.drop(name)
        return _with(request.redirect_uri, {"error": "access_denied", "state": request.state})
    begun = sign_in(state, request.start_url, user, now)
    state.requests.drop(name)
    code = secrets.token_urlsafe(48)
    instance = state.instance(request.start_url)
    seconds = instance.code_seconds if instance else 0.0
    state.codes.put(code, AuthorizationCode(request, begun, now + seconds))
    return _with(request.redirect_uri, {"code": code, "state": request.state})


def _with(uri: str, query: dict[str, str]) -> str:
    return f"{uri}?{urlencode(query)}"


def redeem_code(state: State, client: Client, given: Members, now: float) -> SignIn:
    """Return the sign-in of an authorization code, once, to whoever has the verifier.

    Raises:
        Refusal: For codes that are wrong, used or over, another redirect URI, a wrong verifier.
    """
    found = state.codes.get(members.text(given, "code"))
    redirect_uri = members.text(given, "redirectUri")
    verifier = pkce.verifier(given, refusals.invalid_request)
    if found is None or found.request.client != client or found.used:
        raise refusals.invalid_grant("Invalid authorization code provided")
    # One try for a code: whoever has stolen it must not go on guessing.
    found.used = True
    if now >= found.expires:
        raise refusals.expired_token("The authorization code is over")
    if not pkce.proves(verifier, found.request.challenge) or redirect_uri != found.request.redirect_uri:
        raise refusals.invalid_grant("The code was given for another verifier or redirect URI")
    return found.sign_in
