"""RegisterClient, and the check of a client's secret. Source: the IAM Identity Center OIDC API Reference."""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from xacct.sandbox.identity_center import members, refusals
from xacct.sandbox.identity_center.state import Client

if TYPE_CHECKING:
    from xacct.sandbox.identity_center.members import Members
    from xacct.sandbox.identity_center.state import State

DEVICE_CODE: Final = "urn:ietf:params:oauth:grant-type:device_code"
AUTHORIZATION_CODE: Final = "authorization_code"
REFRESH_TOKEN: Final = "refresh_token"  # noqa: S105 (the name of a grant type)
GRANTS: Final = frozenset({DEVICE_CODE, AUTHORIZATION_CODE, REFRESH_TOKEN})

ACCESS_SCOPE: Final = "sso:account:access"
"""The scope without which there is no refresh token ("sso_registration_scopes" in the SDKs' reference guide)."""
_SCOPES: Final = frozenset({
    ACCESS_SCOPE, "codewhisperer:analysis", "codewhisperer:completions", "codewhisperer:conversations",
    "codewhisperer:taskassist", "codewhisperer:transformations", "verified_access:application:connect",
    "openid", "aws", "sts:identity_context",
})  # fmt: skip
REGISTRATION_SECONDS: Final = 90 * 86400


def register_client(state: State, given: Members, now: float) -> dict[str, object]:
    """Remember a client and return its id and secret.

    Raises:
        Refusal: For every rule that it breaks; InternalServerException where it wants both kinds of sign-in.
    """
    name = members.text(given, "clientName")
    if members.text(given, "clientType") != "public":
        raise refusals.invalid_client_metadata("clientType is not public")
    if not name.isascii():
        raise refusals.invalid_client_metadata("clientName is not valid")
    scopes = members.texts(given, "scopes") or ()
    if not _SCOPES.issuperset(scopes):
        raise refusals.invalid_scope("A scope is not known")
    grants = _grants(given)
    redirect_uris = members.texts(given, "redirectUris") or ()
    if not all(is_callback(each) for each in redirect_uris):
        raise refusals.invalid_redirect_uri("Only http://127.0.0.1/oauth/callback, with any port")
    issuer = _issuer(state, given)
    if grants and AUTHORIZATION_CODE in grants and not (redirect_uris and issuer and scopes):
        raise refusals.invalid_request("authorization_code needs redirectUris, issuerUrl and scopes")
    client = Client(
        client_id=secrets.token_urlsafe(16),
        name=name,
        scopes=scopes,
        grants=grants,
        redirect_uris=redirect_uris,
        issuer=issuer,
        expires=now + REGISTRATION_SECONDS,
        secret=secrets.token_urlsafe(96),
    )
    state.clients.put(client.client_id, client)
    return {
        "clientId": client.client_id,
        "clientSecret": client.secret,
        "clientIdIssuedAt": int(now),
        "clientSecretExpiresAt": int(client.expires),
    }


def _grants(given: Members) -> frozenset[str] | None:
    named = members.texts(given, "grantTypes")
    if named is None:
        return None
    if not GRANTS.issuperset(named):
        raise refusals.unsupported_grant_type("A grant type is not supported")
    if {DEVICE_CODE, AUTHORIZATION_CODE}.issubset(named):
        raise refusals.server_error()
    return frozenset(named)


def _issuer(state: State, given: Members) -> str | None:
    issuer = members.optional_text(given, "issuerUrl")
    if issuer is None:
        return None
    instance = state.instance(issuer)
    if instance is None:
        raise refusals.invalid_request("issuerUrl is no instance of Identity Center")
    return instance.start_url


def is_callback(uri: str) -> bool:
    """Return whether AWS sends a browser there: 127.0.0.1 at any port, with one path and nothing else."""
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return False
    place = "127.0.0.1" if port is None else f"127.0.0.1:{port}"
    return uri == f"http://{place}/oauth/callback"


def client_of(state: State, given: Members, now: float) -> Client:
    """Return the client that a request names and proves to be.

    Raises:
        Refusal: InvalidClientException where it is unknown or over, or its secret is wrong.
    """
    client = state.clients.get(members.text(given, "clientId"))
    secret = members.text(given, "clientSecret")
    if client is None or not hmac.compare_digest(client.secret.encode(), secret.encode(errors="replace")):
        raise refusals.invalid_client("The client is not known")
    if now >= client.expires or state.faults.take("invalid-key", service="sso-oidc"):
        raise refusals.invalid_client("The client's registration is over")
    return client


def may(client: Client, grant: str) -> bool:
    """Return whether a client may use a grant type; who did not ask for any has what there was before PKCE came."""
    if client.grants is None:
        return grant != AUTHORIZATION_CODE
    if grant == DEVICE_CODE:
        # A registration with refresh_token alone is one for devices: clients that have always done so work.
        return AUTHORIZATION_CODE not in client.grants
    return grant in client.grants
