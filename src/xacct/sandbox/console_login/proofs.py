"""Proofs of possession (DPoP, RFC 9449): a JWT for one method, address and moment, by one key, and good once."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from xacct.sandbox.console_login import refusals
from xacct.sandbox.identity_center.kept import Kept

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

HEADER: Final = "DPoP"
WINDOW: Final = 300.0
"""Seconds that `iat` may be off, either way."""

_LONGEST: Final = 4096
_SIZE: Final = 32
_SIGNATURE: Final = 2 * _SIZE


class Proofs:
    """Those that were seen."""

    def __init__(self) -> None:
        self._seen: Kept[float] = Kept()

    def check(self, given: str | None, method: str, url: str, now: float) -> str:
        """Return the thumbprint of the key that a request proves to have (RFC 7638).

        Args:
            given: Its header.
            method: Its method.
            url: Its address, without a query.
            now: Unix seconds.

        Raises:
            Refusal: For a proof that is none, or for another request, stale, or seen before.
        """
        if not given or len(given) > _LONGEST or given.count(".") != 2:  # noqa: PLR2004 - a JWT has three parts
            raise refusals.invalid("The DPoP header is missing or malformed")
        head, claims, signature = given.split(".")
        header, said = _object(head), _object(claims)
        if (header.get("typ"), header.get("alg")) != ("dpop+jwt", "ES256"):
            raise refusals.invalid("The DPoP proof is of another type")
        key, thumbprint = _key(header.get("jwk"))
        _verify(key, f"{head}.{claims}".encode(), _bytes(signature))
        if (said.get("htm"), said.get("htu")) != (method, url):
            raise refusals.invalid("The DPoP proof is for another request")
        issued, name = said.get("iat"), said.get("jti")
        if isinstance(issued, bool) or not isinstance(issued, int) or abs(issued - now) > WINDOW:
            raise refusals.invalid("The DPoP proof is of another time")
        if not isinstance(name, str) or not name or self._seen.get(name) is not None:
            raise refusals.invalid("The DPoP proof was used before")
        self._seen.put(name, now)
        return thumbprint


def _key(jwk: Any) -> tuple[EllipticCurvePublicKey, str]:
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - a sandbox without such logins needs none

    if not isinstance(jwk, dict) or (jwk.get("kty"), jwk.get("crv")) != ("EC", "P-256") or "d" in jwk:
        raise refusals.invalid("The DPoP proof's key is not a public key of P-256")
    x, y = (_bytes(jwk.get(name)) for name in ("x", "y"))
    try:
        numbers = ec.EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), ec.SECP256R1())
        key = numbers.public_key()
    except ValueError:
        raise refusals.invalid("The DPoP proof's key is no point of P-256") from None
    needed = {name: jwk[name] for name in ("crv", "kty", "x", "y")}
    digest = hashlib.sha256(json.dumps(needed, separators=(",", ":"), sort_keys=True).encode()).digest()
    return key, base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _verify(key: EllipticCurvePublicKey, signed: bytes, signature: bytes) -> None:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec, utils  # noqa: PLC0415

    if len(signature) != _SIGNATURE:
        raise refusals.invalid("The DPoP proof's signature is malformed")
    r, s = int.from_bytes(signature[:_SIZE]), int.from_bytes(signature[_SIZE:])
    try:
        key.verify(utils.encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise refusals.invalid("The DPoP proof's signature is wrong") from None


def _object(part: str) -> dict[str, Any]:
    try:
        found = json.loads(_bytes(part))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise refusals.invalid("The DPoP proof is malformed")
    return found


def _bytes(part: object) -> bytes:
    """What base64 for addresses says, without padding (RFC 7515, 2)."""
    if not isinstance(part, str) or "=" in part:
        raise refusals.invalid("The DPoP proof is malformed")
    try:
        return base64.b64decode(part.replace("-", "+").replace("_", "/") + "=" * (-len(part) % 4), validate=True)
    except ValueError:
        raise refusals.invalid("The DPoP proof is malformed") from None
