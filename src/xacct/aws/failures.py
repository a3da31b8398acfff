"""What AWS's refusals mean: (error code, words) -> one of our errors, with a sentence a person can act on.

The rows are tried in order; docs/errors.md is made from them. The texts are AWS's own, as STS words them
("AWS STS API Reference", Common Errors and AssumeRole / GetSessionToken, and observed answers).
"""

from __future__ import annotations

import os
import re
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xacct import errors
from xacct.aws import regions

if TYPE_CHECKING:
    from xacct.model import Role

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


@dataclass(frozen=True, slots=True)
class SdkRow:
    """One reason why a call ends without an answer of STS's, by the name of the exception.

    Attributes:
        sentence: may use {target}, {where} (which STS), {kind} (the exception) and {what} (a setting).
        hint: likewise.
    """

    exceptions: tuple[str, ...]
    error: type[errors.XacctError]
    sentence: str
    hint: str = "Nothing held is lost; xacct tries again by itself."
    words: str = ""


UNKNOWN_REGION = "UnknownRegion"
UNSENDABLE = "UnsendableRequest"
OTHER = "OSError"
"""Names of our own: for what botocore has one name for, or none."""

SDK_ROWS: tuple[SdkRow, ...] = (
    SdkRow(
        ("SSLError",),
        errors.NetworkDown,
        "The connection to {where} is not trusted (TLS): perhaps a captive portal, or a proxy that opens TLS.",
        "Log in to the network in a browser, or set ca_bundle in the profile or AWS_CA_BUNDLE for xacctd.",
    ),
    SdkRow(
        ("ProxyConnectionError",),
        errors.ConfigError,
        "The proxy to {where} wants a name and a password (407).",
        "Set HTTPS_PROXY=http://NAME:PASSWORD@HOST:PORT in the daemon's environment, and restart xacctd.",
        words=r"\b407\b",
    ),
    SdkRow(
        ("ProxyConnectionError",),
        errors.NetworkDown,
        "The proxy does not let xacct through to {where}.",
        "Check HTTPS_PROXY and NO_PROXY in the daemon's environment.",
        words=r"\b[45]\d\d\b",
    ),
    SdkRow(
        ("ProxyConnectionError",),
        errors.NetworkDown,
        "The proxy to {where} does not answer.",
        "Check HTTPS_PROXY and NO_PROXY in the daemon's environment.",
    ),
    SdkRow(
        (UNKNOWN_REGION,),
        errors.ConfigError,
        "There is no STS in the region {what} of {target}: its name is not known to DNS, nor the region to xacct.",
        "Check region of its profile: xacctctl explain {target}",
    ),
    SdkRow(
        ("EndpointConnectionError",),
        errors.NetworkDown,
        "The name of {where} can't be resolved: the network is down, or DNS is.",
        words=r"name resolution|Name or service|nodename|getaddrinfo|DNS|resolve",
    ),
    SdkRow(
        (
            "ReadTimeoutError",
            "ConnectionClosedError",
            "HTTPClientError",
            "ResponseStreamingError",
            "IncompleteReadError",
        ),
        errors.NetworkLost,
        "The connection to {where} ended before the answer came.",
    ),
    SdkRow(
        ("ResponseParserError", "ChecksumError"),
        errors.NetworkLost,
        "Something other than {where} answered: perhaps a captive portal or a proxy.",
        "Log in to the network in a browser.",
    ),
    SdkRow(
        ("EndpointConnectionError", "ConnectTimeoutError", "ConnectionError", OTHER),
        errors.NetworkDown,
        "{where} can't be reached.",
    ),
    SdkRow(
        ("ParamValidationError",),
        errors.ConfigError,
        "AWS can't be asked for {target}: {what} is not of the form that AWS takes.",
        "Check it in the profile or in config.toml: xacctctl explain {target}",
    ),
    SdkRow(
        (UNSENDABLE, "InvalidProxiesConfigError"),
        errors.ConfigError,
        "No request can be sent to {where} as configured ({kind}).",
        "Check HTTPS_PROXY in the daemon's environment, and the profile's endpoint_url, ca_bundle and proxy_*.",
    ),
    SdkRow(
        ("EndpointProviderError", "EndpointResolutionError", "UnknownEndpointError", "EndpointVariantError"),
        errors.ConfigError,
        "AWS has no STS for {target} as configured: region {what}.",
        "Check region, use_fips_endpoint and use_dualstack_endpoint of its profile.",
    ),
    SdkRow(
        ("*",),
        errors.ConfigError,
        "{target} can't be asked for as configured ({kind}).",
        "Check the settings of its profile: xacctctl explain {target}",
    ),
)
"""What passes by itself is listed; what is not is somebody's to mend, and is not tried again and again."""

_SETTINGS = {
    "RoleArn": "role_arn",
    "RoleSessionName": "role_session_name",
    "ExternalId": "external_id",
    "SerialNumber": "mfa_serial",
    "TokenCode": "the MFA code",
    "DurationSeconds": "duration_seconds",
    "SourceIdentity": "source_identity",
    "Policy": "policy",
    "PolicyArns": "policy_arns",
    "Tags": "tags",
    "TransitiveTagKeys": "transitive_tag_keys",
}


def of_sdk(error: BaseException, role: Role, *, signed: bool, asked: str = "") -> errors.XacctError:
    """What kept the SDK from bringing an answer of STS's, as one of our errors.

    Args:
        error: what it raised.
        role: what was wanted.
        signed: whether a request had been signed: what is odd after that is the answer.
        asked: who was asked, in words, if it was not STS.
    """
    if isinstance(error, errors.XacctError):
        return error
    region = role.region or regions.of_arn(role.role_arn or role.mfa_serial)
    kind, original = _kind(error, signed=signed), _original(error)
    what = _setting(str(error)) if kind == "ParamValidationError" else region
    if kind == "EndpointConnectionError":
        if not _before_sending(original):
            kind = "ConnectionClosedError"  # aiobotocore gives a later reset the same name
        elif _no_such_name(original) and role.target.endpoint_url is None and not regions.is_known(region):
            kind = UNKNOWN_REGION
    return failed(kind, f"{error} {original!r}", target=role.name, where=asked or where(role), what=what)


def failed(kind: str, words: str, *, target: str, where: str = "AWS STS", what: str = "") -> errors.XacctError:
    """The row of an exception's name, filled in.

    Args:
        kind: the name.
        words: what it says, which is not repeated.
        target: what was wanted.
        where: which STS.
        what: the setting or region that a row may name.
    """
    row = next(
        row
        for row in SDK_ROWS
        if ("*" in row.exceptions or kind in row.exceptions) and re.search(row.words, words, re.IGNORECASE)
    )
    names = {"target": target, "where": where, "kind": kind, "what": what}
    sentence = row.sentence.format_map(names)
    if row.sentence.startswith("{where}"):
        sentence = sentence[:1].upper() + sentence[1:]
    return row.error(sentence, row.hint.format_map(names))


def without_the_sdk(error: OSError, role: Role) -> errors.XacctError:
    """The SDK's files can't be read just now, for lack of a descriptor as a rule: nothing has been sent."""
    why = os.strerror(error.errno) if error.errno else type(error).__name__
    return errors.NetworkDown(
        f"{role.name} can't be asked for: the system refuses xacctd what that takes ({why}).",
        "Nothing held is lost; xacct tries again by itself.",
    )


def not_sts() -> errors.XacctError:
    """An answer that has no credentials in it, whatever its status."""
    return failed("ResponseParserError", "", target="")


def where(role: Role) -> str:
    """Which STS is asked for a role, in words."""
    url = role.target.address
    return "AWS STS" if url is None else f"the STS at {url} ({role.target.origin('endpoint_url')})"


def _kind(error: BaseException, *, signed: bool) -> str:
    """The name under which an exception is in SDK_ROWS."""
    from botocore.exceptions import BotoCoreError, HTTPClientError  # noqa: PLC0415 - late: the caller has it by now
    from botocore.parsers import ResponseParserError  # noqa: PLC0415

    if type(error) is HTTPClientError and _unsendable(_original(error)):
        return UNSENDABLE
    if isinstance(error, BotoCoreError | ResponseParserError):
        return type(error).__name__
    if isinstance(error, OSError):
        return OTHER
    return "ResponseParserError" if signed else type(error).__name__


def _original(error: BaseException) -> Any:
    return getattr(error, "kwargs", {}).get("error")


def _unsendable(original: object) -> bool:
    """Whether what aiobotocore wraps says that the request could not be sent: an address, a proxy, a file."""
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415

    if isinstance(original, UnicodeError):
        return False  # a header of the answer
    return isinstance(original, ValueError | TypeError | BotoCoreError | FileNotFoundError | PermissionError)


def _before_sending(original: object) -> bool:
    """Whether the connection failed before a request was on it."""
    from aiohttp import ClientConnectorError  # noqa: PLC0415

    return isinstance(original, ClientConnectorError | socket.gaierror)


def _no_such_name(original: object) -> bool:
    """Whether DNS has answered that there is no such name, which it can't while the network is down."""
    cause = getattr(original, "os_error", original)
    return isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_NONAME


def _setting(report: str) -> str:
    """The settings that botocore's ParamValidationError names; its values are not repeated."""
    names = re.findall(r"parameter (\w+)|in input: \"(\w+)\"", report)
    found = dict.fromkeys(_SETTINGS.get(name or other, name or other) for name, other in names)
    return " and ".join(found) or "a setting"
