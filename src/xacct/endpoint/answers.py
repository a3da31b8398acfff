"""The bytes the endpoint answers with: credentials as SDKs want them, and refusals whose sentence they print.

Required by all: AccessKeyId, SecretAccessKey, Token, Expiration as strings, below 10,000 bytes (aws-c-auth). Code
is for minio-js and .NET, RoleArn for PHP, the misspelt AccessKeyID for minio-js. Errors are 403: a 404 hides
the sentence in Java, 429 and 5xx make Rust try for ten seconds.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from xacct.model import iso

if TYPE_CHECKING:
    from xacct.errors import XacctError
    from xacct.model import Credentials

_HEAD = (
    b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
)
_TEXT_HEAD = _HEAD.replace(b"application/json", b"text/plain")
OK = b"200 OK"
FORBIDDEN = b"403 Forbidden"


def whole(status: bytes, body: bytes, *, close: bool = False) -> bytes:
    """A complete answer."""
    return _answer(_HEAD % status, body, close=close)


def text(status: bytes, body: str, *, ttl: int | None = None, close: bool = False) -> bytes:
    """A complete answer in plain text, as EC2's metadata come.

    Args:
        status: HTTP's.
        body: the text.
        ttl: the seconds of the token in it.
        close: whether the connection ends with it.
    """
    named = b"" if ttl is None else b"X-Aws-Ec2-Metadata-Token-Ttl-Seconds: %d\r\n" % ttl
    return _answer(_TEXT_HEAD % status + named, body.encode(), close=close)


def _answer(head: bytes, body: bytes, *, close: bool) -> bytes:
    return head + b"%sContent-Length: %d\r\n\r\n" % (b"Connection: close\r\n" if close else b"", len(body)) + body


CHUNKED = _HEAD % OK + b"Transfer-Encoding: chunked\r\n\r\n"
"""Opens an answer that is held: white space follows until the credentials do."""

LAST_CHUNK = b"0\r\n\r\n"


def chunk(data: bytes) -> bytes:
    """One chunk of a held answer."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def last_words(sentence: str) -> bytes:
    """How a held answer ends without credentials: completely, since JS v2 takes a cut connection for success.

    At status 200 it must be no JSON either: Go would take an error object for empty credentials.
    """
    return chunk(f"xacct: {sentence}".encode()) + LAST_CHUNK


def credentials(held: Credentials, role_arn: str | None) -> bytes:
    """The container-credentials JSON (SDKs and Tools Reference Guide, Container credential provider)."""
    body = {
        "Code": "Success",
        "Type": "AWS-HMAC",
        "LastUpdated": iso(held.issued_at),
        "AccessKeyId": held.access_key_id,
        "AccessKeyID": held.access_key_id,
        "SecretAccessKey": held.secret_access_key,
        "Token": held.session_token or "",
        "Expiration": iso(held.expires_at or 0.0),
    }
    if held.account_id:
        body["AccountId"] = held.account_id
    if role_arn:
        body["RoleArn"] = role_arn
    return json.dumps(body).encode()


def refusal(code: str, sentence: str) -> bytes:
    """An error's JSON: the text first and short, under every key an SDK looks for."""
    return json.dumps({"message": sentence, "code": code, "Code": code, "Message": sentence}).encode()


def sentence_of(error: XacctError) -> str:
    """One line that says what is wrong and what to type."""
    return f"{error.sentence} {error.hint}".strip().replace("\n", " ")


NO_GRANT = whole(
    FORBIDDEN,
    refusal("not-granted", 'xacct: no valid grant in this environment. Start it with: eval "$(xacctctl env ROLE)"'),
    close=True,
)
"""The one answer to whoever has no grant, whatever was asked: it tells nothing about what exists."""

_FAILED = "xacctd itself failed at this request; its log says more."
BROKEN = whole(FORBIDDEN, refusal("internal", f"xacct: {_FAILED}"), close=True)
BROKEN_END = last_words(_FAILED)
"""What a held answer ends with if it breaks."""

_FULL = "xacct: too many connections at once; try again in a second."
FULL = whole(b"503 Service Unavailable\r\nRetry-After: 1", refusal("busy", _FULL), close=True)
"""To whoever finds no place. No 403: Go, Rust, JavaScript v2 and the CRT try again at a 5xx alone; Python at anything.
"""

FULL_END = last_words(_FULL.removeprefix("xacct: "))
"""What a held answer ends with if its place is needed."""

NOT_OURS = text(FORBIDDEN, "xacct: no SDK of this user and this machine sends such a request.", close=True)
"""To whoever is not let in, or gives itself away, at a port that speaks EC2's metadata protocol."""

UNAUTHORIZED = text(b"401 Unauthorized", "xacct: a metadata token first: PUT /latest/api/token", close=True)
BAD_TTL = text(b"400 Bad Request", "xacct: X-aws-ec2-metadata-token-ttl-seconds: 1 to 21600")
NOT_FOUND = text(b"404 Not Found", "xacct: there is no such metadata.")
"""EC2's own statuses: SDKs take a new token at a 401, and try the next path at a 404."""
