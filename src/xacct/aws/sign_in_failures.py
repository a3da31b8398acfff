"""What refusals of IAM Identity Center and of AWS's sign-in mean, as failures.py has it for STS's (docs/errors.md).

The codes are those of botocore's models (sso-oidc and sso, 2019-06-10). That a role which is not, or no more, assigned
gives ForbiddenException, which the model does not list, is as people report it. Those of the console login are the
values of AccessDeniedException's `error` (botocore's signin, 2023-01-01), where it has one.
"""

from __future__ import annotations

import math
from typing import Any

from xacct import errors
from xacct.aws.failures import Row

_SLOWER = Row(
    ("SlowDownException", "TooManyRequestsException"),
    errors.Throttled,
    "IAM Identity Center asks to slow down; xacct tries again by itself.",
    "",
)
_TROUBLE = Row(
    ("InternalServerException", "500", "502", "503", "504"),
    errors.AwsUnavailable,
    "IAM Identity Center has trouble of its own ({code}); xacct tries again by itself.",
    "",
)

OIDC_ROWS: tuple[Row, ...] = (
    Row(
        ("AuthorizationPendingException",),
        errors.SignInPending,
        "The sign-in to {target} waits for somebody in a browser.",
        "",
    ),
    _SLOWER,
    Row(("ExpiredTokenException",), errors.TimedOut, "Nobody confirmed the sign-in to {target} in time."),
    Row(("AccessDeniedException",), errors.Declined, "The sign-in to {target} was declined in the browser."),
    Row(("InvalidGrantException",), errors.SignInEnded, "The sign-in to {target} has ended."),
    Row(
        ("InvalidClientException", "UnauthorizedClientException"),
        errors.ClientUnknown,
        "{target} does not know xacct as a client any more.",
        "",
    ),
    Row(
        ("InvalidScopeException",),
        errors.ConfigError,
        "{target} does not give what sso_registration_scopes asks for.",
        "Write sso_registration_scopes = sso:account:access in its sso-session.",
    ),
    Row(
        ("InvalidRequestException",),
        errors.ConfigError,
        "{target} does not take this sign-in: its start URL or region is another.",
        "Compare sso_start_url and sso_region with what the access portal shows.",
    ),
    _TROUBLE,
    Row(
        ("*",),
        errors.Refusal,
        "IAM Identity Center refuses a sign-in to {target} ({code}): {said}.",
        "Check sso_start_url and sso_region.",
    ),
)
"""Of signing in; {target} is the sign-in."""

CODE_ROWS: tuple[Row, ...] = (
    Row(
        ("InvalidGrantException", "ExpiredTokenException"),
        errors.SignInNotTaken,
        "IAM Identity Center does not take what the browser has brought back from {target}.",
        "Sign in once more; xacctctl login ROLE --device-code does it by a code.",
    ),
    *OIDC_ROWS,
)
"""Of the exchange of an authorization code: nothing that has been is ended by a refusal of it."""

PORTAL_ROWS: tuple[Row, ...] = (
    Row(
        ("UnauthorizedException",),
        errors.ParentExpired,
        "The sign-in that {target} is reached from has ended.",
        "xacctctl login {target}",
    ),
    Row(
        ("ForbiddenException", "ResourceNotFoundException", "403"),
        errors.AccessDenied,
        "IAM Identity Center does not give you {target}: no such account or permission set is assigned to you.",
        "Check sso_account_id and sso_role_name of its profile.",
    ),
    _SLOWER,
    _TROUBLE,
    Row(
        ("*",),
        errors.Refusal,
        "IAM Identity Center refuses {target} ({code}): {said}.",
        "Check sso_account_id and sso_role_name of its profile.",
    ),
)
"""Of asking for a role's credentials; {target} is the role."""

LISTING_ROWS: tuple[Row, ...] = (
    Row(("UnauthorizedException",), errors.ParentExpired, "The sign-in that {target} are listed by has ended.", ""),
    Row(
        ("ForbiddenException", "ResourceNotFoundException", "403"),
        errors.AccessDenied,
        "IAM Identity Center does not list {target} for you.",
        "The account may be suspended, or assigned to you no more.",
    ),
    Row(
        ("TooManyRequestsException",),
        errors.Throttled,
        "IAM Identity Center asks to slow down, and has not listed {target}.",
        "Try again in some minutes.",
    ),
    Row(
        ("InternalServerException", "InternalFailure", "ServiceUnavailableException", "500", "502", "503", "504"),
        errors.AwsUnavailable,
        "IAM Identity Center has trouble of its own ({code}), and has not listed {target}.",
        "Try again in some minutes.",
    ),
    Row(
        ("*",),
        errors.Refusal,
        "IAM Identity Center refuses to list {target} ({code}): {said}.",
        "Check sso_start_url and sso_region.",
    ),
)
"""Of asking which accounts and permission sets there are; {target} is what is listed."""

CONSOLE_ROWS: tuple[Row, ...] = (
    Row(("TOKEN_EXPIRED", "USER_CREDENTIALS_CHANGED"), errors.SignInEnded, "The sign-in to AWS as {target} has ended."),
    Row(
        ("AUTHCODE_EXPIRED",),
        errors.SignInNotTaken,
        "AWS does not take what the browser has brought back from the sign-in of {target}.",
        "Sign in once more.",
    ),
    Row(
        ("INSUFFICIENT_PERMISSIONS", "AccessDeniedException", "403"),
        errors.AccessDenied,
        "AWS does not let {target} sign in for programs.",
        "Its policies have to allow signin:AuthorizeOAuth2Access and signin:CreateOAuth2Token.",
    ),
    Row(
        ("TooManyRequestsError", "TooManyRequestsException", "429"),
        errors.Throttled,
        "AWS's sign-in asks to slow down; xacct tries again by itself.",
        "",
    ),
    Row(
        ("InternalServerException", "500", "502", "503", "504"),
        errors.AwsUnavailable,
        "AWS's sign-in has trouble of its own ({code}); xacct tries again by itself.",
        "",
    ),
    Row(
        ("ValidationException",),
        errors.Refusal,
        "AWS does not take the sign-in of {target} as it was asked: {said}.",
        "Sign in anew: xacctctl logout --all, then login. Else check this machine's clock and the profile's region.",
    ),
    Row(
        ("*",),
        errors.Refusal,
        "AWS refuses the sign-in of {target} ({code}): {said}.",
        "Check login_session and the region of its profile.",
    ),
)
"""Of a console login; {target} is the ARN that has to sign in."""


def retry_after(response: dict[str, Any]) -> float | None:
    """Seconds after which to come again, as an answer's header says; None where it doesn't, or in another form."""
    said = response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("retry-after", "")
    try:
        seconds = float(said)
    except (TypeError, ValueError):
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
