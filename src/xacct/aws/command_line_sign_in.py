"""The sign-in that the AWS CLI keeps below ~/.aws/sso/cache: who has signed in there needs not do so here.

Its access token is read and used for as long as it lives. Its refresh token is left alone, unless the file is shared
(shared_cache.py): each is good for one use, and whoever uses one without putting the next in its place ends the CLI's
own sign-in. File and fields are as botocore
has them (utils.py, SSOTokenLoader; tokens.py, SSOTokenProvider).
"""

from __future__ import annotations

import json
from hashlib import sha1
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xacct import errors, fileio
from xacct.signin import KeptSignIn, Registration, Tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xacct.signin import SignIn

MOST_BYTES = 256 * 1024


def path_of(sign_in: SignIn, env: Mapping[str, str]) -> Path:
    """The file that a sign-in is in."""
    named = sha1((sign_in.name or sign_in.start_url).encode(), usedforsecurity=False).hexdigest()
    return Path(env.get("HOME") or Path.home(), ".aws", "sso", "cache", f"{named}.json")


def read(sign_in: SignIn, env: Mapping[str, str]) -> tuple[str, float]:
    """The access token, and when it ends by what the file says (Unix seconds).

    Raises:
        SourceUnusable: there is none that could be used.
    """
    tokens = read_all(sign_in, env).tokens
    return tokens.access_token, tokens.expires_at


def read_all(sign_in: SignIn, env: Mapping[str, str]) -> KeptSignIn:
    """The same with what renews it: for who shares that file with the AWS CLI (shared_cache.py), and nobody else.

    Raises:
        SourceUnusable: there is none that could be used.
    """
    try:
        return _kept(sign_in, json.loads(fileio.read(path_of(sign_in, env), MOST_BYTES)))
    except (OSError, ValueError, RecursionError):
        raise errors.SourceUnusable(
            f"The AWS CLI has no sign-in to {sign_in.label} that could be used.", "Sign in: xacctctl login ROLE"
        ) from None


def holds(sign_in: SignIn, env: Mapping[str, str], now: float) -> bool:
    """Whether there is one that has not ended at `now` (Unix seconds)."""
    try:
        return read(sign_in, env)[1] > now
    except errors.SourceUnusable:
        return False


def _kept(sign_in: SignIn, kept: Any) -> KeptSignIn:
    """What a file says.

    Raises:
        ValueError: it is another instance's, or has no token.
    """
    said = kept if isinstance(kept, dict) else {}
    # A session of the same name in other files may be one of another instance.
    instance = (said.get("startUrl", sign_in.start_url), said.get("region", sign_in.region))
    if instance != (sign_in.start_url, sign_in.region):  # guard: sign-in-of-another-instance-is-not-taken
        raise ValueError
    token, refresh_token = _text(said, "accessToken"), None
    ends, client = _instant(said, "expiresAt"), None
    try:
        refresh_token = _text(said, "refreshToken")
        registered_until = _instant(said, "registrationExpiresAt")
        client = Registration(_text(said, "clientId"), _text(said, "clientSecret"), registered_until)
    except ValueError:
        pass  # what can't be renewed is good for its time
    return KeptSignIn(Tokens(token, ends, refresh_token), client)


def _text(said: dict[str, Any], key: str) -> str:
    value = said.get(key)
    if not (isinstance(value, str) and value.isascii() and value.isprintable()):
        raise ValueError
    return value


def _instant(said: dict[str, Any], key: str) -> float:
    from dateutil import parser  # noqa: PLC0415 - late: it is seldom needed

    try:
        end = parser.parse(_text(said, key))
    except OverflowError:
        raise ValueError from None
    if end.tzinfo is None:
        raise ValueError
    return float(end.timestamp())
