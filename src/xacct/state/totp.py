"""A TOTP seed as AWS's virtual MFA devices have them: read from what people paste, and turned into codes by pyotp."""

from __future__ import annotations

import re

import msgspec

from xacct import errors
from xacct.policy import TOTP_STEP

DIGITS = 6
SHORTEST = 23
"""Characters of base32: pyotp takes no fewer than 112 bits, RFC 4226 wants 128, and AWS gives 64 characters."""

LONGEST = 256
MOST_TYPED = 2048

_HINT = "Paste the secret that AWS shows beside the QR code (Show secret key), or the otpauth:// address in it."


class Seed(msgspec.Struct, frozen=True):
    """A secret in base32, six digits every thirty seconds. Its repr shows nothing."""

    secret: str

    def __repr__(self) -> str:
        return "Seed(…)"  # guard: seed-shows-nothing

    def code(self, now: float) -> str:
        """The code at `now` (AWS's time)."""
        import pyotp  # noqa: PLC0415 - of use where a seed is stored

        return pyotp.TOTP(self.secret, digits=DIGITS, interval=int(TOTP_STEP)).generate_otp(int(now // TOTP_STEP))


def read(typed: str) -> Seed:
    """The seed of a secret in base32, with spaces or hyphens in it perhaps, or of an otpauth:// address.

    Raises:
        BadInput: it is none, or one whose codes AWS does not take. The sentence repeats nothing of it.
    """
    typed = typed.strip()
    if len(typed) > MOST_TYPED:
        raise _no_seed()
    secret = _of_address(typed) if typed.lower().startswith("otpauth:") else re.sub(r"[\s-]", "", typed)
    secret = secret.upper().rstrip("=")
    if not re.fullmatch(rf"[A-Z2-7]{{{SHORTEST},{LONGEST}}}", secret):
        raise _no_seed()
    seed = Seed(secret)
    try:
        seed.code(0.0)
    except ValueError:
        raise _no_seed() from None
    return seed


def _of_address(address: str) -> str:
    import pyotp  # noqa: PLC0415

    try:
        found = pyotp.parse_uri(address)
    except (ValueError, TypeError, KeyError):
        raise _no_seed() from None
    if not isinstance(found, pyotp.TOTP):
        raise errors.BadInput("That secret gives codes by a counter; AWS takes those of a clock (TOTP).", _HINT)
    # guard: seed-is-as-awss
    if found.digits != DIGITS or found.interval != TOTP_STEP or found.digest().name != "sha1":
        raise errors.BadInput(
            "AWS takes codes of six digits every 30 seconds (SHA-1), and that secret's are others.", _HINT
        )
    return found.secret


def _no_seed() -> errors.BadInput:
    return errors.BadInput("That is no secret of an MFA device: it has letters A to Z and digits 2 to 7.", _HINT)
