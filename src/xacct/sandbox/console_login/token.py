"""CreateOAuth2Token: a code or a refresh token becomes credentials of the user, a quarter of an hour each."""

from __future__ import annotations

import base64
import json
import secrets
from typing import TYPE_CHECKING, Final

from xacct.sandbox.console_login import refusals
from xacct.sandbox.console_login.authorize import CROSS_DEVICE, SAME_DEVICE
from xacct.sandbox.console_login.state import Refresh
from xacct.sandbox.identity_center import members, pkce
from xacct.sandbox.identity_center.refusals import Refusal
from xacct.sandbox.sessions import SessionContext, principal_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xacct.sandbox.calls import Call
    from xacct.sandbox.console_login.state import Login, State
    from xacct.sandbox.identity_center.members import Members

TOKEN_PATH: Final = "/v1/token"  # noqa: S105 - no secret


def create_token(state: State, body: bytes, thumbprint: str, now: float, call: Call) -> dict[str, object]:
    """Return credentials, the next refresh token and, for a code, who has signed in.

    Args:
        state: What is known.
        body: The request's.
        thumbprint: Of the key that the request proves to have.
        now: Unix seconds.
        call: The record to fill in.

    Raises:
        Refusal: For every rule of the grant type.
    """
    try:
        given = members.of(body)
        call.grant = members.text(given, "grantType")
        client = members.text(given, "clientId")
        if client not in {SAME_DEVICE, CROSS_DEVICE}:
            raise refusals.invalid("The client is not known")
        login, first = _redeemed(state, given, client, thumbprint, now), call.grant == "authorization_code"
    except Refusal as refusal:
        if "error_description" in refusal.body:  # of a member that Identity Center would not take either
            raise refusals.invalid(refusal.body["error_description"]) from None
        raise
    call.principal = login.user.arn
    answer = _issue(state, login, client, thumbprint, now)
    return answer | ({"idToken": _id_token(login, client, now)} if first else {})


def _redeemed(state: State, given: Members, client: str, thumbprint: str, now: float) -> Login:
    redeem = {"authorization_code": _redeem_code, "refresh_token": _redeem_refresh_token}.get(given["grantType"])
    if redeem is None:
        raise refusals.invalid("The grant type is not supported")
    login = redeem(state, given, client, thumbprint, now)
    if login.revoked:
        raise refusals.credentials_changed()
    if login.over(now):
        raise refusals.token_expired("The sign-in is over")
    return login


def _redeem_code(state: State, given: Members, client: str, _thumbprint: str, now: float) -> Login:
    found = state.codes.get(members.text(given, "code"))
    redirect_uri, verifier = members.text(given, "redirectUri"), pkce.verifier(given, refusals.invalid)
    if found is None or found.question.client_id != client or found.used:
        raise refusals.authcode_expired("The code is not valid")
    # One try for a code: whoever has stolen it must not go on guessing.
    found.used = True
    if now >= found.expires:
        raise refusals.authcode_expired("The code is over")
    if not pkce.proves(verifier, found.question.challenge) or redirect_uri != found.question.redirect_uri:
        raise refusals.invalid("The code was given for another verifier or redirect URI")
    return found.login


def _redeem_refresh_token(state: State, given: Members, client: str, thumbprint: str, _now: float) -> Login:
    value = members.text(given, "refreshToken")
    found = state.refresh.get(value)
    if found is None or found.client_id != client or state.faults.take("expired-token", service="signin"):
        raise refusals.token_expired("The refresh token is not valid")
    if found.thumbprint != thumbprint:
        raise refusals.invalid("The DPoP proof is by another key than the refresh token is bound to")
    state.refresh.drop(value)
    return found.login


def _issue(state: State, login: Login, client: str, thumbprint: str, now: float) -> dict[str, object]:
    ends = min(login.ends, now + state.token_seconds())
    session = state.sts.sessions.issue(principal_of(login.user), SessionContext(), ends)
    again = secrets.token_urlsafe(96)
    state.refresh.put(again, Refresh(login, client, thumbprint))
    return {
        "accessToken": {
            "accessKeyId": session.key_id,
            "secretAccessKey": session.secret,
            "sessionToken": session.token,
        },
        "tokenType": "aws_sigv4",
        "expiresIn": max(1, int(ends - now)),
        "refreshToken": again,
    }


def _id_token(login: Login, client: str, now: float) -> str:
    """Return a JWT that says who has signed in. Its signature is no signature: clients had it from us, over TLS."""
    said = {"sub": login.user.arn, "aud": client, "iat": int(now), "exp": int(login.ends)}
    parts: tuple[Mapping[str, object], ...] = ({"alg": "ES384", "typ": "JWT"}, said)
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, secrets.token_urlsafe(72)])
