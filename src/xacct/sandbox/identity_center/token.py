"""CreateToken: three grant types, one answer."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from xacct.sandbox.identity_center import members, refusals
from xacct.sandbox.identity_center.authorize import redeem_code
from xacct.sandbox.identity_center.device import redeem_device_code
from xacct.sandbox.identity_center.registration import (
    ACCESS_SCOPE,
    AUTHORIZATION_CODE,
    DEVICE_CODE,
    REFRESH_TOKEN,
    client_of,
    may,
)
from xacct.sandbox.identity_center.state import Token

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from xacct.sandbox.calls import Call
    from xacct.sandbox.identity_center.members import Members
    from xacct.sandbox.identity_center.state import Client, SignIn, State


def _redeem_refresh_token(state: State, client: Client, given: Members, _now: float) -> SignIn:
    """Return the sign-in of a refresh token, which is used up by it.

    Raises:
        Refusal: InvalidGrantException for tokens that are wrong or used.
    """
    value = members.text(given, "refreshToken")
    token = state.refresh.get(value)
    if token is None or token.client != client:
        raise refusals.invalid_grant("Invalid refresh token provided")
    state.refresh.drop(value)
    return token.sign_in


_REDEEM: Final[Mapping[str, Callable[[State, Client, Members, float], SignIn]]] = {
    DEVICE_CODE: redeem_device_code,
    AUTHORIZATION_CODE: redeem_code,
    REFRESH_TOKEN: _redeem_refresh_token,
}


def create_token(state: State, given: Members, now: float, call: Call) -> dict[str, object]:
    """Return an access token, and a refresh token where the client's scope brings one.

    Raises:
        Refusal: For every rule of the grant type.
    """
    grant = members.text(given, "grantType")
    if grant not in _REDEEM:
        raise refusals.unsupported_grant_type("The grant type is not supported")
    call.grant = grant
    client = client_of(state, given, now)
    if not may(client, grant):
        raise refusals.unauthorized_client("The client is registered for another grant type")
    if grant == REFRESH_TOKEN and state.faults.take("expired-token", service="sso-oidc"):
        raise refusals.invalid_grant("Invalid refresh token provided")
    sign_in = _REDEEM[grant](state, client, given, now)
    if sign_in.over(now):
        raise refusals.invalid_grant("The sign-in is over")
    call.principal = sign_in.user
    return _issue(state, client, sign_in, now)


def _issue(state: State, client: Client, sign_in: SignIn, now: float) -> dict[str, object]:
    refreshable = ACCESS_SCOPE in client.scopes and may(client, REFRESH_TOKEN)
    ends = sign_in.ends
    if refreshable:
        ends = min(ends, now + _token_seconds(state, sign_in))
    access = f"aoa{secrets.token_urlsafe(96)}"
    state.access.put(access, Token(sign_in, client, ends))
    answer: dict[str, object] = {"accessToken": access, "tokenType": "Bearer", "expiresIn": max(1, int(ends - now))}
    if refreshable:
        again = f"aor{secrets.token_urlsafe(96)}"
        state.refresh.put(again, Token(sign_in, client, sign_in.ends))
        answer["refreshToken"] = again
    return answer


def _token_seconds(state: State, sign_in: SignIn) -> float:
    instance, cap = state.instance(sign_in.start_url), state.sts.caps.token
    seconds = instance.token_seconds if instance else 0.0
    return seconds if cap is None else min(cap, seconds)
