"""What the sandbox refuses, in the codes and sentences AWS uses.

One exception class carries HTTP status, error code and message; one line per refusal keeps
each sentence in one place. Sources: "AWS STS API Reference: Common Errors", the error
lists of the single actions there, and "IAM User Guide: Troubleshoot Signature Version 4".
"""

from __future__ import annotations

from functools import partial
from typing import Final

UNPROVABLE: Final = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. "
    "Consult the service documentation for details."
)


class StsError(Exception):
    """A refusal as it goes over the wire: HTTP status, AWS error code, sentence."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message

    @property
    def fault(self) -> str:
        """Whose fault it was, as the XML's Type element says: Sender or Receiver."""
        return "Sender" if self.status < 500 else "Receiver"  # noqa: PLR2004 (HTTP's own border)


missing_authentication: Final = partial(
    StsError, 403, "MissingAuthenticationToken", "Request is missing Authentication Token"
)
"""A request carries no signature at all."""

incomplete_signature: Final = partial(StsError, 400, "IncompleteSignature")
"""A signature lacks a part; AWS has a sentence for each."""

invalid_token: Final = partial(
    StsError, 403, "InvalidClientTokenId", "The security token included in the request is invalid."
)
"""A key or session token doesn't exist (any more)."""

expired_token: Final = partial(StsError, 403, "ExpiredToken", "The security token included in the request is expired")
"""A session is past its end."""

signature_mismatch: Final = partial(StsError, 403, "SignatureDoesNotMatch")
"""A signature, scope or signing time is wrong; UNPROVABLE where no other sentence fits."""

access_denied: Final = partial(StsError, 403, "AccessDenied")

invalid_web_token: Final = partial(StsError, 400, "InvalidIdentityToken")
"""A web identity's token is none, or nobody's that is known; AWS has a sentence for each."""


def expired_web_token(now: str, end: str) -> StsError:
    """Return the refusal of a web identity's token that is over."""
    return StsError(
        400,
        "ExpiredTokenException",
        f"Token expired: current date/time {now} must be before the expiration date/time {end}",
    )


def not_authorized(principal: str, action: str, resource: str) -> StsError:
    """Return the denial of an action on a resource; both ARNs are spelled out as AWS does."""
    return access_denied(f"User: {principal} is not authorized to perform: {action} on resource: {resource}")


def session_credentials(action: str) -> StsError:
    """Return the refusal of an action that only long-term credentials may call."""
    return access_denied(f"Cannot call {action} with session credentials")


mfa_incomplete: Final = partial(
    access_denied, "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
)
"""A serial without a code, or a code without a serial."""

mfa_wrong_serial: Final = partial(
    access_denied,
    # The two blanks are AWS's own.
    "MultiFactorAuthentication failed, unable to validate MFA code.  "
    "Please verify your MFA serial number is valid and associated with this user.",
)
"""A serial isn't one of the caller's devices."""

mfa_wrong_code: Final = partial(access_denied, "MultiFactorAuthentication failed with invalid MFA one time pass code.")
"""A code is wrong or, indistinguishably, used."""

validation_error: Final = partial(StsError, 400, "ValidationError")

limit_exceeded: Final = partial(StsError, 409, "LimitExceeded")
"""IAM has as many of something as it takes."""

no_such_entity: Final = partial(StsError, 404, "NoSuchEntity")
"""IAM has no such user or key."""

malformed_input: Final = partial(StsError, 400, "MalformedInput")
"""A parameter can't be read as its type."""

invalid_parameter: Final = partial(StsError, 400, "InvalidParameterValue")

malformed_policy: Final = partial(StsError, 400, "MalformedPolicyDocument")
"""A session policy is no policy."""

insufficient_lifetime: Final = partial(StsError, 400, "InsufficientSessionLifetime")
"""A scoped session would outlive the one that it is of."""

packed_policy_too_large: Final = partial(StsError, 400, "PackedPolicyTooLarge")
"""Session policies and tags are too long together."""


def invalid_action(action: str, version: str | None) -> StsError:
    """Return the refusal of an action this STS (or this API version) doesn't have."""
    said = version or "NO_VERSION_SPECIFIED"
    return StsError(400, "InvalidAction", f"Could not find operation {action} for version {said}")


missing_action: Final = partial(StsError, 400, "MissingAction", "The request must contain the parameter Action.")

throttling: Final = partial(StsError, 400, "Throttling", "Rate exceeded")

internal_failure: Final = partial(
    StsError,
    500,
    "InternalFailure",
    "The request processing has failed because of an unknown error, exception or failure.",
)

service_unavailable: Final = partial(
    StsError, 503, "ServiceUnavailable", "The request has failed due to a temporary failure of the server."
)
