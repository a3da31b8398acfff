"""What sso-oidc and the portal refuse, in the names and statuses of their service models.

A client finds the exception by the header x-amzn-ErrorType. The body is OAuth's for sso-oidc (`error` and
`error_description`, RFC 6749), and `message` with `__type` for the portal. ForbiddenException is in no model, but AWS
sends it: "An error occurred (ForbiddenException) when calling the GetRoleCredentials operation: No access".
"""

from __future__ import annotations

from functools import partial
from typing import Final


class Refusal(Exception):
    """A refusal as it goes over the wire.

    Attributes:
        status: HTTP status.
        name: The exception's name in the service model.
        body: The JSON body's members.
        code: What tells it from others in the record of calls: the name, unless something says more.
    """

    def __init__(self, status: int, name: str, body: dict[str, str], code: str | None = None) -> None:
        super().__init__(f"{name}: {body}")
        self.status = status
        self.name = name
        self.body = body
        self.code = code or name


def _oidc(status: int, name: str, error: str, description: str) -> Refusal:
    return Refusal(status, name, {"error": error, "error_description": description})


authorization_pending: Final = partial(
    _oidc, 400, "AuthorizationPendingException", "authorization_pending", "Nobody has answered yet"
)
slow_down: Final = partial(_oidc, 400, "SlowDownException", "slow_down", "Too many requests")
expired_token: Final = partial(_oidc, 400, "ExpiredTokenException", "expired_token")
access_denied: Final = partial(_oidc, 400, "AccessDeniedException", "access_denied", "The user has said no")
invalid_grant: Final = partial(_oidc, 400, "InvalidGrantException", "invalid_grant")
invalid_request: Final = partial(_oidc, 400, "InvalidRequestException", "invalid_request")
invalid_scope: Final = partial(_oidc, 400, "InvalidScopeException", "invalid_scope")
invalid_client_metadata: Final = partial(_oidc, 400, "InvalidClientMetadataException", "invalid_client_metadata")
invalid_redirect_uri: Final = partial(_oidc, 400, "InvalidRedirectUriException", "invalid_redirect_uri")
unauthorized_client: Final = partial(_oidc, 400, "UnauthorizedClientException", "unauthorized_client")
unsupported_grant_type: Final = partial(_oidc, 400, "UnsupportedGrantTypeException", "unsupported_grant_type")

invalid_client: Final = partial(_oidc, 401, "InvalidClientException", "invalid_client")
"""A registration is unknown or over, or its secret is wrong."""

server_error: Final = partial(_oidc, 500, "InternalServerException", "server_error", "An unexpected error has occurred")
"""A fault; and what AWS answers where one registration is to have both kinds of sign-in."""

oidc_unavailable: Final = partial(
    _oidc, 503, "ServiceUnavailableException", "temporarily_unavailable", "Service is unavailable"
)


def _portal(status: int, name: str, message: str) -> Refusal:
    return Refusal(status, name, {"message": message, "__type": f"com.amazonaws.switchboard.portal#{name}"})


unauthorized: Final = partial(_portal, 401, "UnauthorizedException", "Session token not found or invalid")
"""An access token is unknown, over or revoked."""

forbidden: Final = partial(_portal, 403, "ForbiddenException", "No access")
"""A user has no such role in an account."""

not_found: Final = partial(_portal, 404, "ResourceNotFoundException")
bad_request: Final = partial(_portal, 400, "InvalidRequestException")
too_many_requests: Final = partial(_portal, 429, "TooManyRequestsException", "HTTP 429 Unknown Code")
portal_failure: Final = partial(_portal, 500, "InternalFailure", "An unexpected error has occurred")
portal_unavailable: Final = partial(_portal, 503, "ServiceUnavailableException", "Service is unavailable")
