"""PKCE (RFC 7636): a code is good for whoever has the verifier of the challenge that it was asked for with."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import TYPE_CHECKING

from xacct.sandbox.identity_center import members

if TYPE_CHECKING:
    from collections.abc import Callable

    from xacct.sandbox.identity_center.members import Members
    from xacct.sandbox.identity_center.refusals import Refusal

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def challenge(given: Members, invalid: Callable[[str], Refusal]) -> str:
    """Return the challenge that a browser was sent with; refuse what is none."""
    said = members.text(given, "code_challenge")
    if not _CHALLENGE.fullmatch(said):
        raise invalid("code_challenge is no SHA-256 in base64url without padding")
    return said


def verifier(given: Members, invalid: Callable[[str], Refusal]) -> str:
    """Return the verifier that a code comes with; refuse what is none."""
    said = members.text(given, "codeVerifier")
    if not _VERIFIER.fullmatch(said):
        raise invalid("codeVerifier is not valid")
    return said


def proves(verifier: str, challenge: str) -> bool:
    """Return whether a verifier is the challenge's."""
    hashed = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return hmac.compare_digest(hashed, challenge)
