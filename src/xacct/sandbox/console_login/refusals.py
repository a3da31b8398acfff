"""What the sign-in refuses, in the names and statuses of botocore's model of `signin` (2023-01-01)."""

from __future__ import annotations

from functools import partial
from typing import Final

from xacct.sandbox.identity_center.refusals import Refusal


def _refusal(status: int, name: str, error: str, message: str) -> Refusal:
    return Refusal(status, name, {"error": error, "message": message}, error)


token_expired: Final = partial(_refusal, 401, "AccessDeniedException", "TOKEN_EXPIRED")
authcode_expired: Final = partial(_refusal, 401, "AccessDeniedException", "AUTHCODE_EXPIRED")
credentials_changed: Final = partial(
    _refusal, 403, "AccessDeniedException", "USER_CREDENTIALS_CHANGED", "The user's credentials have changed"
)
insufficient_permissions: Final = partial(
    _refusal, 403, "AccessDeniedException", "INSUFFICIENT_PERMISSIONS", "The user may not sign in for programs"
)
invalid: Final = partial(_refusal, 400, "ValidationException", "INVALID_REQUEST")
too_many: Final = partial(_refusal, 429, "TooManyRequestsError", "SERVER_ERROR", "Rate exceeded")
failure: Final = partial(_refusal, 500, "InternalServerException", "SERVER_ERROR", "An unexpected error has occurred")
unavailable: Final = partial(_refusal, 503, "ServiceUnavailableException", "SERVER_ERROR", "Service is unavailable")
