"""Signature Version 4 as the server sees it: read, date, recompute, compare.

The recomputation is botocore's own SigV4Auth, told exactly which headers were signed. Sentences
are AWS's: "Troubleshoot Signature Version 4 signing for AWS API requests" in the IAM User Guide.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import quote

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from xacct.sandbox import errors

WINDOW: Final = timedelta(minutes=5)
_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_STAMP: Final = "%Y%m%dT%H%M%SZ"
_SCOPE_PARTS: Final = 5
_PARTS: Final = ("Credential", "Signature", "SignedHeaders")


@dataclass(frozen=True, slots=True)
class WireRequest:
    """An HTTP request reduced to what a signature covers.

    Attributes:
        method: GET or POST.
        path: As sent, still percent-encoded.
        query: Decoded pairs, in the order sent.
        headers: Pairs with lower-case names, in the order sent.
        body: As sent.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)

    def header(self, name: str) -> str | None:
        """Return the first header of this (lower-case) name, or None."""
        return next((value for key, value in self.headers if key == name), None)

    def parameter(self, name: str) -> str | None:
        """Return the first query parameter of this name, or None."""
        return next((value for key, value in self.query if key == name), None)


@dataclass(frozen=True, slots=True)
class Signed:
    """What a request claims about its signature; nothing here is proven yet."""

    key_id: str
    scope: tuple[str, str, str, str]  # date, region, service, aws4_request
    headers: frozenset[str]
    stamp: str
    signature: str = field(repr=False)
    token: str | None = field(repr=False)


def read(request: WireRequest) -> Signed:
    """Return the claims of a signed request, from its Authorization header or its query.

    Raises:
        StsError: MissingAuthenticationToken, or IncompleteSignature.
    """
    authorization = request.header("authorization")
    if authorization is not None:
        parts = _header_parts(authorization)
        stamp = _header_stamp(request)
        _require_parts(parts, stamp, authorization)
        token = request.header("x-amz-security-token")
    elif request.parameter("X-Amz-Signature") or request.parameter("X-Amz-Algorithm"):
        parts = {name: request.parameter(f"X-Amz-{name}") or "" for name in _PARTS}
        stamp = request.parameter("X-Amz-Date")
        _require_query_parts(parts, stamp)
        token = request.parameter("X-Amz-Security-Token")
    else:
        raise errors.missing_authentication()
    key_id, scope = _credential(parts["Credential"])
    return Signed(
        key_id=key_id,
        scope=scope,
        headers=frozenset(parts["SignedHeaders"].lower().split(";")),
        stamp=_checked_stamp(stamp or ""),
        signature=parts["Signature"],
        token=token,
    )


def verify(request: WireRequest, signed: Signed, secret: str, now: datetime, service: str = "sts") -> None:
    """Check scope, time and signature of a request against the secret of its key.

    Args:
        request: As it arrived.
        signed: What `read` returned for it.
        secret: The secret of `signed.key_id`.
        now: The STS's clock, aware UTC.
        service: What the signature has to be for.
        service: Whom it has to be signed for.

    Raises:
        StsError: SignatureDoesNotMatch, with AWS's sentence for the reason.
    """
    _check_scope(signed, service)
    _check_time(signed.stamp, now)
    _check_headers(request, signed)
    wanted = _signature(request, signed, secret)
    if not hmac.compare_digest(wanted.encode(), signed.signature.encode()):
        raise errors.signature_mismatch(errors.UNPROVABLE)


def _header_parts(authorization: str) -> dict[str, str]:
    algorithm, _, rest = authorization.partition(" ")
    if algorithm != _ALGORITHM:
        return {}
    parts: dict[str, str] = {}
    for item in re.split(r"[,\s]+", rest.strip()):
        name, equals, value = item.partition("=")
        if not equals:
            # AWS gives the hash, so that a mangled header doesn't end up in logs in the clear.
            raise errors.incomplete_signature(
                "Invalid key=value pair (missing equal-sign) in Authorization header "
                f"(hashed with SHA-256 and encoded with Base64): '{_hashed(authorization)}'."
            )
        parts[name] = value
    return parts


def _header_stamp(request: WireRequest) -> str | None:
    stamp = request.header("x-amz-date")
    if stamp is not None:
        return stamp
    date = request.header("date")
    if date is None:
        return None
    try:
        return parsedate_to_datetime(date).astimezone(UTC).strftime(_STAMP)
    except ValueError:
        return date


def _require_parts(parts: dict[str, str], stamp: str | None, authorization: str) -> None:
    missing = [f"Authorization header requires '{n}' parameter." for n in _PARTS if n not in parts]
    if not stamp:
        missing.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if missing:
        missing.append(f"(Hashed with SHA-256 and encoded with Base64) Authorization={_hashed(authorization)}")
        raise errors.incomplete_signature(" ".join(missing))


def _require_query_parts(parts: dict[str, str], stamp: str | None) -> None:
    given = {**parts, "Date": stamp or ""}
    missing = [name for name, value in given.items() if not value]
    if missing:
        raise errors.incomplete_signature(
            " ".join(f"AWS query-string parameters must include 'X-Amz-{n}'." for n in missing)
        )


def _hashed(authorization: str) -> str:
    return base64.b64encode(hashlib.sha256(authorization.encode()).digest()).decode()


def _credential(credential: str) -> tuple[str, tuple[str, str, str, str]]:
    elements = credential.split("/")
    if len(elements) != _SCOPE_PARTS:
        raise errors.incomplete_signature(
            "Credential must have exactly 5 slash-delimited elements, "
            f"e.g. keyid/date/region/service/term, got '{credential}'"
        )
    key_id, date, region, service, term = elements
    return key_id, (date, region, service, term)


def _checked_stamp(stamp: str) -> str:
    try:
        datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
    except ValueError:
        raise errors.incomplete_signature(
            f"Date must be in ISO-8601 'basic format'. Got '{stamp}'. See http://en.wikipedia.org/wiki/ISO_8601"
        ) from None
    return stamp


def _check_scope(signed: Signed, wanted: str) -> None:
    date, region, service, term = signed.scope
    wrong = []
    if date != signed.stamp[:8]:
        wrong.append(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date "
            f"from HTTP: '{date}' != '{signed.stamp[:8]}', from '{signed.stamp}'."
        )
    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d+", region):
        wrong.append(f"Credential should be scoped to a valid region, not '{region}'.")
    if service != wanted:
        wrong.append(f"Credential should be scoped to correct service: '{wanted}'.")
    if term != "aws4_request":
        wrong.append(f"Credential should be scoped with a valid terminator: 'aws4_request', not '{term}'.")
    if wrong:
        raise errors.signature_mismatch(" ".join(wrong))


def _check_time(stamp: str, now: datetime) -> None:
    signed_at = datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
    here = now.replace(microsecond=0)
    minutes = int(WINDOW.total_seconds() // 60)
    earliest, latest = here - WINDOW, here + WINDOW
    if signed_at < earliest:
        raise errors.signature_mismatch(
            f"Signature expired: {stamp} is now earlier than {earliest.strftime(_STAMP)} "
            f"({here.strftime(_STAMP)} - {minutes} min.)"
        )
    if signed_at > latest:
        raise errors.signature_mismatch(
            f"Signature not yet current: {stamp} is still later than {latest.strftime(_STAMP)} "
            f"({here.strftime(_STAMP)} + {minutes} min.)"
        )


def _check_headers(request: WireRequest, signed: Signed) -> None:
    if "host" not in signed.headers:
        raise errors.signature_mismatch("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
    claimed = request.header("x-amz-content-sha256")
    if claimed is not None and claimed != hashlib.sha256(request.body).hexdigest():
        # SigV4Auth believes this header, so it has to be true before we ask it.
        raise errors.signature_mismatch(errors.UNPROVABLE)


def _signature(request: WireRequest, signed: Signed, secret: str) -> str:
    """Return the signature the request should have."""
    signer = SigV4Auth(Credentials(signed.key_id, secret), signed.scope[2], signed.scope[1])
    covered = HTTPHeaders()
    for name, value in request.headers:
        if name in signed.headers:
            covered[name] = value
    # botocore would choose the headers itself; other SDKs sign a few more or fewer.
    signer.headers_to_sign = lambda _request: covered
    path = quote(request.path, safe="/%~-_.")
    again = AWSRequest(
        method=request.method,
        url=f"http://{request.header('host')}{path}",
        headers={k: v for k, v in request.headers if k == "x-amz-content-sha256"},
        params=[(k, v) for k, v in request.query if k != "X-Amz-Signature"],
        data=request.body,
    )
    again.context["timestamp"] = signed.stamp
    text = signer.string_to_sign(again, signer.canonical_request(again))
    return str(signer.signature(text, again))
