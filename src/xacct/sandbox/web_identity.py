"""AssumeRoleWithWebIdentity: a token of an identity provider's, and no signature; then credentials of a role.

Tokens are JSON Web Tokens signed with HS256 by a key that the world has (real providers use public keys). Sources:
"AssumeRoleWithWebIdentity" in the AWS STS API Reference, RFC 7519.
"""

from __future__ import annotations

import base64
import hmac
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from xacct.sandbox import errors, parameters, session_policies, trust
from xacct.sandbox.actions import Result, State, credentials_of
from xacct.sandbox.sessions import Principal, SessionContext

if TYPE_CHECKING:
    from xacct.sandbox.calls import Call
    from xacct.sandbox.parameters import Parameters
    from xacct.sandbox.world import IdentityProvider, Role

ASSUME_ROLE_WITH_WEB_IDENTITY: Final = "sts:AssumeRoleWithWebIdentity"
_SECONDS: Final = 3600


def token(provider: IdentityProvider, subject: str, expires: float, audience: str | None = None) -> str:
    """Return a token of a provider's.

    Args:
        provider: Who signs it.
        subject: Whom it is about.
        expires: Unix seconds.
        audience: Whom it is for; None: the provider's own.
    """
    claims = {"iss": provider.issuer, "sub": subject, "aud": audience or provider.audience, "exp": int(expires)}
    head = _packed(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    signed = f"{head}.{_packed(json.dumps(claims).encode())}"
    return f"{signed}.{_packed(_signature(provider, signed))}"


def assume_role_with_web_identity(state: State, given: Parameters, now: float, call: Call) -> Result:
    """Issue credentials of a role to the subject of a token, if the role trusts the token's provider.

    Raises:
        StsError: The token is none, nobody's we know, for somebody else, or over; or the role does not trust it.
    """
    parameters.check(
        given, parameters.ROLE_ARN, parameters.SESSION_NAME, parameters.ROLE_DURATION, parameters.WEB_TOKEN
    )
    provider, claims = _read(state, given["WebIdentityToken"])
    expires = int(claims["exp"])
    if now >= expires:
        raise errors.expired_web_token(_date(now), _date(expires))
    if claims.get("aud") != provider.audience:
        raise errors.invalid_web_token("Incorrect token audience")
    role = _authorize(state, given, provider, str(claims["sub"]))
    seconds = parameters.integer(given, "DurationSeconds") or min(_SECONDS, role.max_session)
    if seconds > role.max_session:
        raise errors.validation_error("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    name = given["RoleSessionName"]
    who = Principal(
        arn=f"arn:aws:sts::{role.account}:assumed-role/{role.name}/{name}",
        account=role.account,
        user_id=f"{role.role_id}:{name}",
        role_arn=role.arn,
    )
    call.principal = who.arn
    cap = state.caps.role
    end = now + (seconds if cap is None else min(seconds, cap))
    session = state.sessions.issue(who, SessionContext(), end, session_policies.limits_of(given))
    return {
        "Credentials": credentials_of(session),
        "SubjectFromWebIdentityToken": str(claims["sub"]),
        "AssumedRoleUser": {"AssumedRoleId": who.user_id, "Arn": who.arn},
        "Provider": provider.arn,
        "Audience": provider.audience,
    }


def _read(state: State, text: str) -> tuple[IdentityProvider, dict[str, Any]]:
    signed, _, signature = text.rpartition(".")
    try:
        claims = json.loads(_unpacked(signed.partition(".")[2]))
        issuer = claims["iss"]
        claims["sub"], int(claims["exp"])
    except (ValueError, KeyError, TypeError):
        raise errors.invalid_web_token("The ID Token provided is not a valid JWT.") from None
    provider = next((each for each in state.world.providers if each.issuer == issuer), None)
    if provider is None:
        raise errors.invalid_web_token(f"No OpenIDConnect provider found in your account for {issuer}")
    if not hmac.compare_digest(_packed(_signature(provider, signed)), signature):
        raise errors.invalid_web_token("Token signature is invalid")
    return provider, claims


def _authorize(state: State, given: Parameters, provider: IdentityProvider, subject: str) -> Role:
    """The role, if its trust policy lets the provider's subject in; an unknown role is refused alike."""
    role = state.world.role(given["RoleArn"])
    host = provider.issuer.removeprefix("https://")
    context = {f"{host}:aud": provider.audience, f"{host}:sub": subject}
    names = frozenset({provider.arn})
    if role is None or not trust.allows(role.trust, names, ASSUME_ROLE_WITH_WEB_IDENTITY, context):
        raise errors.access_denied(f"Not authorized to perform {ASSUME_ROLE_WITH_WEB_IDENTITY}")
    return role


def _signature(provider: IdentityProvider, signed: str) -> bytes:
    return hmac.digest(provider.key.encode(), signed.encode(), "sha256")


def _packed(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unpacked(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _date(instant: float) -> str:
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
