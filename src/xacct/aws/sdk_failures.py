"""What keeps the SDK from bringing an answer of AWS's: (exception, words) -> one of our errors (docs/errors.md)."""

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


def something_else(target: str = "", where: str = "AWS STS") -> errors.XacctError:
    """An answer without what was asked for, whatever its status."""
    return failed("ResponseParserError", "", target=target, where=where)


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
