"""What AWS's refusals mean: (error code, words) -> one of our errors, with a sentence a person can act on.

The rows are tried in order; docs/errors.md is made from them. The texts are AWS's own, as STS words them
("AWS STS API Reference", Common Errors and AssumeRole / GetSessionToken, and observed answers).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from xacct import errors


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of refusal. `sentence` may use {target} (what was wanted) and {said} (AWS's own words)."""

    codes: tuple[str, ...]
    words: str
    error: type[errors.XacctError]
    sentence: str
    hint: str | None = None
    example: str = ""

    def matches(self, code: str, message: str) -> bool:
        """Whether AWS's code and words are this row's."""
        return ("*" in self.codes or code in self.codes) and bool(re.search(self.words, message, re.IGNORECASE))


_DENIED = ("AccessDenied", "AccessDeniedException")

ROWS: tuple[Row, ...] = (
    Row(
        _DENIED,
        r"invalid MFA one time pass code",
        errors.WrongCode,
        "AWS did not accept the MFA code: it is wrong, or it was used before.",
        "Wait for the next code on the device and type that.",
        "MultiFactorAuthentication failed with invalid MFA one time pass code.",
    ),
    Row(
        _DENIED,
        r"unable to validate MFA code|verify your MFA serial",
        errors.WrongSerial,
        "AWS does not know the MFA device of {target} for this user.",
        None,
        "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA "
        "serial number is valid and associated with this user.",
    ),
    Row(
        _DENIED,
        r"must provide both MFA serial number and one time pass code",
        errors.CodeMissing,
        "AWS wants an MFA code for {target}.",
        None,
        "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
    ),
    Row(
        _DENIED,
        r"explicit deny in a service control policy|explicit deny in a resource control policy",
        errors.PolicyDenied,
        "A policy of the organization forbids {target}: {said}.",
        None,
        "User: arn:aws:iam::123456789012:user/U is not authorized to perform: sts:AssumeRole on "
        "resource: arn:aws:iam::234567890123:role/R with an explicit deny in a service control policy",
    ),
    Row(
        _DENIED,
        r"permissions boundary|session policy|explicit deny",
        errors.PolicyDenied,
        "A policy on your side forbids {target}: {said}.",
        None,
        "User: arn:aws:iam::123456789012:user/U is not authorized to perform: sts:AssumeRole on "
        "resource: arn:aws:iam::234567890123:role/R because no permissions boundary allows the "
        "sts:AssumeRole action",
    ),
    Row(
        _DENIED,
        r"Cannot call GetSessionToken with session credentials",
        errors.SourceUnusable,
        "The source of {target} holds temporary keys, and AWS opens an MFA session only with long-term ones.",
        "Point source_profile at a profile with an IAM user's access key.",
        "Cannot call GetSessionToken with session credentials",
    ),
    Row(
        _DENIED,
        r"",
        errors.AccessDenied,
        "AWS refuses {target}: its trust policy, or a policy of yours, does not let you assume it.",
        "Check the role ARN, external_id and mfa_serial of the profile: xacctctl explain {target}",
        "User: arn:aws:iam::123456789012:user/U is not authorized to perform: sts:AssumeRole on "
        "resource: arn:aws:iam::234567890123:role/R",
    ),
    Row(
        ("ExpiredToken", "ExpiredTokenException"),
        r"",
        errors.ParentExpired,
        "The session that {target} is reached from has expired.",
        "xacctctl login {target}",
        "The security token included in the request is expired",
    ),
    Row(
        ("InvalidClientTokenId", "UnrecognizedClientException"),
        r"",
        errors.BadKey,
        "AWS does not know the access key that {target} starts from: deleted, inactive or mistyped.",
        "Check the source profile's aws_access_key_id in ~/.aws/credentials.",
        "The security token included in the request is invalid.",
    ),
    Row(
        ("SignatureDoesNotMatch", "InvalidSignatureException", "RequestExpired"),
        r"Signature expired|Signature not yet current|is now earlier than|is still later than",
        errors.ClockSkew,
        "AWS refuses the signature because this machine's clock is {skew}.",
        None,
        "Signature expired: 20160609T184512Z is now earlier than 20160610T013008Z (20160610T014508Z - 15 min.)",
    ),
    Row(
        ("SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature"),
        r"",
        errors.BadSignature,
        "The secret access key that {target} starts from does not belong to its access key id.",
        "Check aws_secret_access_key of the source profile in ~/.aws/credentials.",
        "The request signature we calculated does not match the signature you provided.",
    ),
    Row(
        ("ValidationError",),
        r"exceeds the 1 hour session limit for roles assumed by role chaining",
        errors.DurationTooLong,
        "{target} is reached by role chaining, which AWS limits to one hour.",
        'Set duration_seconds to 3600, or mfa = "direct" for the role in config.toml.',
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
    ),
    Row(
        ("ValidationError",),
        r"DurationSeconds exceeds the MaxSessionDuration",
        errors.DurationTooLong,
        "{target} may not be held as long as duration_seconds asks.",
        "Lower duration_seconds, or raise the role's maximum session duration.",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    ),
    Row(
        ("RegionDisabledException",),
        r"",
        errors.RegionDisabled,
        "STS is switched off in the region of {target}.",
        None,
        "STS is not activated in this region for account:123456789012.",
    ),
    Row(
        ("Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"),
        r"",
        errors.Throttled,
        "AWS asks to slow down; xacct tries again by itself.",
        "",
        "Rate exceeded",
    ),
    Row(
        (
            "InternalFailure",
            "InternalError",
            "ServiceUnavailable",
            "RequestTimeout",
            "500",
            "502",
            "503",
            "504",
        ),
        r"",
        errors.AwsUnavailable,
        "AWS STS has trouble of its own ({code}); xacct tries again by itself.",
        "",
        "Service Unavailable",
    ),
    Row(
        ("*",),
        r"",
        errors.Refusal,
        "AWS refuses {target} ({code}): {said}.",
        "xacctctl explain {target}",
        "1 validation error detected: Value at 'roleArn' failed to satisfy constraint",
    ),
)


def refusal(code: str, message: str, *, target: str, status: int = 400, skew: float = 0.0) -> errors.XacctError:
    """AWS's answer as one of our errors.

    Args:
        code: AWS's error code. message: its words. target: the role or session that was wanted.
        status: the HTTP status; any 5xx is temporary, whatever its body says.
        skew: seconds this machine's clock is ahead of AWS's, for the sentence about clocks.
    """
    row = next(row for row in ROWS if row.matches(code, message))
    if status >= 500 and not issubclass(row.error, errors.Temporary):  # noqa: PLR2004
        row = next(row for row in ROWS if row.error is errors.AwsUnavailable)
    # A ValidationError quotes the value it dislikes, and that may be an external id or a code.
    said = re.sub(r"[Vv]alue '.*?' at", "value at", message).rstrip(".")
    words = {"target": target, "said": said, "code": code, "skew": _skew(skew)}
    hint = None if row.hint is None else row.hint.format_map(words)
    return row.error(row.sentence.format_map(words), hint)


def _skew(seconds: float) -> str:
    if abs(seconds) < 1:
        return "off"
    direction = "ahead" if seconds > 0 else "behind"
    return f"about {abs(seconds) / 60:.0f} min {direction}"


@dataclass(frozen=True, slots=True)
class NetworkRow:
    """One way STS can be out of reach, by the name of botocore's exception."""

    exceptions: tuple[str, ...]
    words: str
    error: type[errors.NetworkDown]
    sentence: str
    hint: str


NETWORK_ROWS: tuple[NetworkRow, ...] = (
    NetworkRow(
        ("SSLError",),
        r"",
        errors.NetworkDown,
        "The connection to AWS STS is not trusted (TLS): perhaps a captive portal, or a proxy that opens TLS.",
        "Log in to the network in a browser, or set AWS_CA_BUNDLE for your company's proxy.",
    ),
    NetworkRow(
        ("ProxyConnectionError",),
        r"",
        errors.NetworkDown,
        "The proxy to AWS STS does not answer.",
        "Check HTTPS_PROXY and NO_PROXY in the daemon's environment.",
    ),
    NetworkRow(
        ("EndpointConnectionError",),
        r"name resolution|Name or service|nodename|getaddrinfo|DNS|resolve",
        errors.NetworkDown,
        "The name of AWS STS can't be resolved: the network is down, or DNS is.",
        "Nothing held is lost; xacct tries again by itself.",
    ),
    NetworkRow(
        ("ReadTimeoutError", "ConnectionClosedError", "HTTPClientError", "ResponseStreamingError"),
        r"",
        errors.NetworkLost,
        "The connection to AWS STS ended before the answer came.",
        "Nothing held is lost; xacct tries again by itself.",
    ),
    NetworkRow(
        ("ResponseParserError",),
        r"",
        errors.NetworkLost,
        "Something other than AWS STS answered: perhaps a captive portal or a proxy.",
        "Log in to the network in a browser.",
    ),
    NetworkRow(
        ("*",),
        r"",
        errors.NetworkDown,
        "AWS STS can't be reached.",
        "Nothing held is lost; xacct tries again by itself.",
    ),
)


def unreachable(kind: str, words: str) -> errors.NetworkDown:
    """A failed connection as one of our errors. `kind` is the exception's class name."""
    row = next(
        row
        for row in NETWORK_ROWS
        if ("*" in row.exceptions or kind in row.exceptions) and re.search(row.words, words, re.IGNORECASE)
    )
    return row.error(row.sentence, row.hint)
