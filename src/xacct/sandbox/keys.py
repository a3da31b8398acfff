"""Random values in AWS's shapes: access key ids, secrets, session tokens, unique ids.

Everything here is fake and made anew by each caller; the shapes matter because clients look at
them (a temporary key starts with ASIA; an account id can be read out of a key id).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Final

# A key id is a four letter prefix and 80 bits in base32. The first 48 of these are one set bit,
# 40 bits of account id and 7 bits of something else.
_ACCOUNT_SHIFT: Final = 7
_ACCOUNT_MASK: Final = (1 << 40) - 1
_TOP_BIT: Final = 1 << 47
_KEY_BODY_CHARS: Final = 16
_SECRET_BYTES: Final = 30
_TOKEN_BYTES: Final = 264


def access_key_id(prefix: str, account: str) -> str:
    """Return a new access key id that holds the account id where AWS keeps it.

    Args:
        prefix: AKIA for long-term keys, ASIA for temporary ones.
        account: Twelve digits.
    """
    noise = secrets.token_bytes(5)
    head = _TOP_BIT | (int(account) << _ACCOUNT_SHIFT) | (noise[0] & 0x7F)
    return prefix + base64.b32encode(head.to_bytes(6) + noise[1:]).decode()


def account_of(key_id: str) -> str | None:
    """Return the account id an access key id belongs to, or None where it holds none."""
    try:
        head = base64.b32decode(key_id[4:20].upper())[:6]
    except ValueError:
        return None
    if len(key_id) != len("AKIA") + _KEY_BODY_CHARS:
        return None
    account = (int.from_bytes(head) >> _ACCOUNT_SHIFT) & _ACCOUNT_MASK
    return f"{account:012d}"


def secret_access_key() -> str:
    """Return a new secret of 40 characters."""
    return base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def session_token() -> str:
    """Return a new session token: as long as AWS's, but only a name for what memory holds."""
    return "IQoJ" + base64.b64encode(secrets.token_bytes(_TOKEN_BYTES)).decode()


def unique_id(prefix: str, arn: str) -> str:
    """Return the unique id (AIDA... of a user, AROA... of a role) of this ARN, always the same."""
    digest = hashlib.sha256(arn.encode()).digest()
    return prefix + base64.b32encode(digest).decode()[:17]
