"""Proofs that whoever asks has the key a sign-in was begun with (DPoP, RFC 9449), as AWS's console login wants them.

Each is a JWT signed by a P-256 key: for one method, address and moment, and good once. A key is a text here: the SDK
gets it by no argument, and no exception of the SDK's can quote it.
"""

from __future__ import annotations

import base64
import json
import secrets
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

HEADER = "DPoP"

_SIZE = 32
"""Bytes of one coordinate of P-256, and of each half of a signature (RFC 7518, 3.4 and 6.2.1)."""

_prove: ContextVar[Callable[[str, str], str]] = ContextVar("prove")


def new_key() -> str:
    """A new private key."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - late: few sign in so
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    der = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return base64.b64encode(der).decode()


def proof(key: str, method: str, url: str, now: float) -> str:
    """The proof for one request.

    Args:
        key: what `new_key` gave.
        method: of the request.
        url: its address.
        now: AWS's time (Unix seconds).
    """
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.asymmetric import ec, utils  # noqa: PLC0415

    private = _loaded(key)
    public = private.public_key().public_numbers()
    jwk = {"kty": "EC", "crv": "P-256", "x": _number(public.x), "y": _number(public.y)}
    claims = {
        "htm": method,
        "htu": url,
        "iat": int(now),
        "jti": secrets.token_urlsafe(24),  # guard: each-proof-is-good-once
    }
    signed = f"{_part({'typ': 'dpop+jwt', 'alg': 'ES256', 'jwk': jwk})}.{_part(claims)}"
    r, s = utils.decode_dss_signature(private.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{signed}.{_plain(r.to_bytes(_SIZE, 'big') + s.to_bytes(_SIZE, 'big'))}"


@contextmanager
def proving(prove: Callable[[str, str], str]) -> Iterator[None]:
    """Have `prove` give the proof for a method and an address to requests that are sent meanwhile, by this task."""
    before = _prove.set(prove)
    try:
        yield
    finally:
        _prove.reset(before)


def add_proof(params: dict[str, Any], **_: object) -> None:
    """Botocore's before-call: one proof for each request."""
    params["headers"][HEADER] = _prove.get()(params["method"], params["url"])


def _loaded(key: str) -> EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey  # noqa: PLC0415

    private = serialization.load_der_private_key(base64.b64decode(key), None)
    assert isinstance(private, EllipticCurvePrivateKey)  # noqa: S101 - `new_key` makes no others
    return private


def _number(value: int) -> str:
    return _plain(value.to_bytes(_SIZE, "big"))


def _part(said: dict[str, Any]) -> str:
    return _plain(json.dumps(said, separators=(",", ":")).encode())


def _plain(data: bytes) -> str:
    """As base64 for addresses, without padding (RFC 7515, 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
