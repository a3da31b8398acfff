"""What the sandbox refuses, in the codes and sentences AWS uses.

One exception class carries HTTP status, error code and message; one small function per refusal
keeps each sentence in one place. Sources: "AWS STS API Reference: Common Errors", the error
lists of the single actions there, and "IAM User Guide: Troubleshoot Signature Version 4".
"""

from __future__ import annotations

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


def missing_authentication() -> StsError:
    """Return the refusal of a request that carries no signature at all."""
    return StsError(403, "MissingAuthenticationToken", "Request is missing Authentication Token")


def incomplete_signature(message: str) -> StsError:
    """Return the refusal of a signature that lacks a part, with AWS's sentence for the part."""
    return StsError(400, "IncompleteSignature", message)


def invalid_token() -> StsError:
    """Return the refusal of a key or session token that doesn't exist (any more)."""
    message = "The security token included in the request is invalid."
    return StsError(403, "InvalidClientTokenId", message)


def expired_token() -> StsError:
    """Return the refusal of a session past its end."""
    return StsError(403, "ExpiredToken", "The security token included in the request is expired")


def signature_mismatch(message: str = UNPROVABLE) -> StsError:
    """Return the refusal of a wrong signature, scope or signing time."""
    return StsError(403, "SignatureDoesNotMatch", message)


def access_denied(message: str) -> StsError:
    """Return an AccessDenied with the given sentence."""
    return StsError(403, "AccessDenied", message)


def not_authorized(principal: str, action: str, resource: str) -> StsError:
    """Return the denial of an action on a resource; both ARNs are spelled out as AWS does."""
    return access_denied(f"User: {principal} is not authorized to perform: {action} on resource: {resource}")


def session_credentials(action: str) -> StsError:
    """Return the refusal of an action that only long-term credentials may call."""
    return access_denied(f"Cannot call {action} with session credentials")


def mfa_incomplete() -> StsError:
    """Return the refusal of a serial without a code, or a code without a serial."""
    return access_denied(
        "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
    )


def mfa_wrong_serial() -> StsError:
    """Return the refusal of a serial that isn't one of the caller's devices."""
    # The two blanks are AWS's own.
    return access_denied(
        "MultiFactorAuthentication failed, unable to validate MFA code.  "
        "Please verify your MFA serial number is valid and associated with this user."
    )


def mfa_wrong_code() -> StsError:
    """Return the refusal of a wrong code and, indistinguishably, of a used one."""
    return access_denied("MultiFactorAuthentication failed with invalid MFA one time pass code.")


def validation_error(message: str) -> StsError:
    """Return a ValidationError with the given sentence."""
    return StsError(400, "ValidationError", message)


def malformed_input(message: str) -> StsError:
    """Return the refusal of a parameter that can't be read as its type."""
    return StsError(400, "MalformedInput", message)


def invalid_parameter(message: str) -> StsError:
    """Return an InvalidParameterValue with the given sentence."""
    return StsError(400, "InvalidParameterValue", message)


def malformed_policy(message: str) -> StsError:
    """Return the refusal of a session policy that is no policy."""
    return StsError(400, "MalformedPolicyDocument", message)


def packed_policy_too_large(message: str) -> StsError:
    """Return the refusal of session policies and tags that are too long together."""
    return StsError(400, "PackedPolicyTooLarge", message)


def invalid_action(action: str, version: str | None) -> StsError:
    """Return the refusal of an action this STS (or this API version) doesn't have."""
    said = version or "NO_VERSION_SPECIFIED"
    return StsError(400, "InvalidAction", f"Could not find operation {action} for version {said}")


def missing_action() -> StsError:
    """Return the refusal of a request that names no action."""
    return StsError(400, "MissingAction", "The request must contain the parameter Action.")


def throttling() -> StsError:
    """Return the refusal of a caller who asks too often."""
    return StsError(400, "Throttling", "Rate exceeded")


def internal_failure() -> StsError:
    """Return an error inside AWS."""
    message = "The request processing has failed because of an unknown error, exception or failure."
    return StsError(500, "InternalFailure", message)


def service_unavailable() -> StsError:
    """Return AWS being out of order for a while."""
    message = "The request has failed due to a temporary failure of the server."
    return StsError(503, "ServiceUnavailable", message)
