"""What AWS's refusals mean: (error code, words) -> one of our errors, with a sentence a person can act on.

The rows are tried in order; docs/errors.md is made from them. The texts are AWS's own, as STS words them
("AWS STS API Reference", Common Errors and AssumeRole / GetSessionToken, and observed answers).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from xacct import errors

LONGEST_SAID = 400
"""Characters of AWS's own words that a sentence repeats."""

LONGEST_CODE = 80


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of refusal.

    Attributes:
        sentence: may use {target} (what was wanted) and {said} (AWS's own words).
        words: a pattern of what AWS says.
        example: what it says, in full.
    """

    codes: tuple[str, ...]
    error: type[errors.XacctError]
    sentence: str
    hint: str | None = None
    words: str = ""
    example: str = ""

    def matches(self, code: str, message: str) -> bool:
        """Whether AWS's code and words are this row's."""
        return ("*" in self.codes or code in self.codes) and bool(re.search(self.words, message, re.IGNORECASE))


_DENIED = ("AccessDenied", "AccessDeniedException")

ROWS: tuple[Row, ...] = (
    Row(
        _DENIED,
        errors.WrongCode,
        "AWS did not accept the MFA code: it is wrong, or it was used before.",
        "Wait for the next code on the device and type that.",
        words=r"invalid MFA one time pass code",
        example="MultiFactorAuthentication failed with invalid MFA one time pass code.",
    ),
    Row(
        _DENIED,
        errors.WrongSerial,
        "AWS does not know the MFA device of {target} for this user.",
        words=r"unable to validate MFA code|verify your MFA serial",
        example=(
            "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA "
            "serial number is valid and associated with this user."
        ),
    ),
    Row(
        _DENIED,
        errors.CodeMissing,
        "AWS wants an MFA code for {target}.",
        words=r"must provide both MFA serial number and one time pass code",
        example="MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
    ),
    Row(
        _DENIED,
        errors.PolicyDenied,
        "A policy of the organization forbids {target}: {said}.",
        words=r"explicit deny in a service control policy|explicit deny in a resource control policy",
        example=(
            "User: arn:aws:iam::123456789012:user/U is not authorized to perform: sts:AssumeRole on "
            "resource: arn:aws:iam::234567890123:role/R with an explicit deny in a service control policy"
        ),
    ),
    Row(
        _DENIED,
        errors.PolicyDenied,
        "A policy on your side forbids {target}: {said}.",
        words=r"permissions boundary|session policy|explicit deny",
        example=(
            "User: arn:aws:iam::123456789012:user/U is not authorized to perform: sts:AssumeRole on "
            "resource: arn:aws:iam::234567890123:role/R because no permissions boundary allows the "
            "sts:AssumeRole action"
        ),
    ),
    Row(
        _DENIED,
        errors.SourceUnusable,
        "The source of {target} holds temporary keys, and AWS opens an MFA session only with long-term ones.",
        "Point source_profile at a profile with an IAM user's access key.",
        words=r"Cannot call GetSessionToken with session credentials",
        example="Cannot call GetSessionToken with session credentials",
    ),
    Row(
        _DENIED,
        errors.AccessDenied,
        "AWS refuses {target}: its trust policy, or a policy of yours, does not let you assume it.",
        "Check the role ARN, external_id and mfa_serial of the profile: xacctctl explain {target}",
        example=(
            "User: arn:aws:iam::123456789012:user/U is not authorized to perform: sts:AssumeRole on "
            "resource: arn:aws:iam::234567890123:role/R"
        ),
    ),
    Row(
        ("ExpiredToken", "ExpiredTokenException"),
        errors.ParentExpired,
        "The session that {target} is reached from has expired.",
        "xacctctl login {target}",
        example="The security token included in the request is expired",
    ),
    Row(
        ("InvalidClientTokenId", "UnrecognizedClientException"),
        errors.BadKey,
        "AWS does not know the access key that {target} starts from: deleted, inactive or mistyped.",
        "Check the source profile's aws_access_key_id in ~/.aws/credentials, or its key in the keychain: xacctctl keys",
        example="The security token included in the request is invalid.",
    ),
    Row(
        ("SignatureDoesNotMatch", "InvalidSignatureException", "RequestExpired"),
        errors.ClockSkew,
        "AWS refuses the signature because this machine's clock is {skew}.",
        words=r"Signature expired|Signature not yet current|is now earlier than|is still later than",
        example="Signature expired: 20160609T184512Z is now earlier than 20160610T013008Z (20160610T014508Z - 15 min.)",
    ),
    Row(
        ("SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature"),
        errors.BadSignature,
        "The secret access key that {target} starts from does not belong to its access key id.",
        "Check aws_secret_access_key of the source profile in ~/.aws/credentials, or its key in the keychain.",
        example="The request signature we calculated does not match the signature you provided.",
    ),
    Row(
        ("ValidationError",),
        errors.DurationTooLong,
        "{target} is reached by role chaining, which AWS limits to one hour.",
        'Set duration_seconds to 3600, or mfa = "direct" for the role in config.toml.',
        words=r"exceeds the 1 hour session limit for roles assumed by role chaining",
        example="The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
    ),
    Row(
        ("ValidationError",),
        errors.DurationTooLong,
        "{target} may not be held as long as duration_seconds asks.",
        "Lower duration_seconds, or raise the role's maximum session duration.",
        words=r"DurationSeconds exceeds the MaxSessionDuration",
        example="The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    ),
    Row(
        ("RegionDisabledException",),
        errors.RegionDisabled,
        "STS is switched off in the region of {target}.",
        example="STS is not activated in this region for account:123456789012.",
    ),
    Row(
        ("Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"),
        errors.Throttled,
        "AWS asks to slow down; xacct tries again by itself.",
        "",
        example="Rate exceeded",
    ),
    Row(
        ("InternalFailure", "InternalError", "ServiceUnavailable", "RequestTimeout", "500", "502", "503", "504"),
        errors.AwsUnavailable,
        "AWS STS has trouble of its own ({code}); xacct tries again by itself.",
        "",
        example="Service Unavailable",
    ),
    Row(
        ("*",),
        errors.Refusal,
        "AWS refuses {target} ({code}): {said}.",
        "xacctctl explain {target}",
        example="1 validation error detected: Value at 'roleArn' failed to satisfy constraint",
    ),
)


def refusal(
    code: str, message: str, *, target: str, status: int = 400, skew: float = 0.0, rows: tuple[Row, ...] = ROWS
) -> errors.XacctError:
    """AWS's answer as one of our errors.

    Args:
        code: AWS's error code.
        message: its words.
        target: the role or session that was wanted.
        status: the HTTP status; any 5xx is temporary, whatever its body says.
        skew: seconds this machine's clock is ahead of AWS's, for the sentence about clocks.
        rows: what the codes of the service mean that was asked.
    """
    row = next(row for row in rows if row.matches(code, message))
    if status >= 500 and not issubclass(row.error, errors.Temporary):  # noqa: PLR2004
        row = next(row for row in rows if row.error is errors.AwsUnavailable)
    # A ValidationError quotes the value it dislikes, and that may be an external id or a code.
    # guard: awss-quotes-arent-passed-on
    said = _cut(re.sub(r"[Vv]alue '.*?' at", "value at", message), LONGEST_SAID).rstrip(".")
    words = {"target": target, "said": said, "code": _cut(code, LONGEST_CODE), "skew": _skew(skew)}
    hint = None if row.hint is None else row.hint.format_map(words)
    return row.error(row.sentence.format_map(words), hint)  # guard: braces-of-awss-are-text


def _cut(words: str, longest: int) -> str:
    """Foreign words, no longer than a person would read."""
    return words if len(words) <= longest else f"{words[:longest]}…"


def _skew(seconds: float) -> str:
    if abs(seconds) < 1:
        return "off"
    direction = "ahead" if seconds > 0 else "behind"
    return f"about {abs(seconds) / 60:.0f} min {direction}"
