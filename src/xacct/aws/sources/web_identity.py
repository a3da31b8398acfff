"""A web identity: the token of an identity provider in a file, which STS changes for credentials of a role.

As botocore does it (AssumeRoleWithWebIdentityProvider): role_arn, web_identity_token_file and role_session_name count;
duration_seconds and mfa_serial don't. The file is read each time: whoever gives the token puts new ones there.
"""

from __future__ import annotations

import os
from hashlib import sha256
from typing import TYPE_CHECKING

from xacct import errors, fileio
from xacct.aws import inifiles
from xacct.model import Credentials, Source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xacct.aws.inifiles import AwsFiles

SETTING = "web_identity_token_file"

MOST_BYTES = 20_000
"""The longest token that AWS takes (AWS STS API Reference, AssumeRoleWithWebIdentity, WebIdentityToken)."""


class WebIdentity:
    """The token that a file has."""

    def describe(self, _source: Source) -> str:
        """As SourceKind says."""
        return f"the token in its {SETTING}"

    def needs_human(self, _source: Source, _env: Mapping[str, str], _now: float) -> bool:
        """Whoever writes the file is no human to wait for."""
        return False

    async def load(self, source: Source, env: Mapping[str, str]) -> Credentials:
        """As SourceKind says."""
        files = inifiles.read(*inifiles.paths(env))
        if source.name not in files.profiles or found(source.name, files) is None:
            raise errors.SourceUnusable(f"The profile {source.name!r} has no {SETTING} any more.", "Try again.")
        return Credentials("", "", _token(source.name, files.profiles[source.name][SETTING]))


def found(name: str, files: AwsFiles) -> Source | None:
    """The source that a profile is by its web identity, which comes before all else.

    Raises:
        ConfigError: It is half of one, or its file has no whole path.
    """
    profile = files.profiles[name]
    if SETTING not in profile:
        return None
    path, arn = profile[SETTING], profile.get("role_arn")
    if not isinstance(arn, str) or not arn:
        raise errors.ConfigError(f"{name!r} uses a web identity and has no role_arn.", "Add the role's ARN.")
    if not isinstance(path, str) or not os.path.isabs(path):  # noqa: PTH117 - a string, not a path yet
        raise errors.ConfigError(
            f"{SETTING} of {files.where(name, SETTING)} is no whole path.",
            "Write it from / on: another path means another file in each directory.",
        )
    digest = sha256(path.encode("utf-8", "surrogateescape")).hexdigest()[:16]  # what another one has given is let go
    return Source(name, "web-identity", inifiles.plain(profile.get("region")), key=digest)


def _token(name: str, path: str) -> str:
    """What the file has.

    Raises:
        SourceUnusable: It can't be read, or has no token.
    """
    try:
        token = fileio.read(path, MOST_BYTES).decode("ascii").strip()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "it is no token"
        raise errors.SourceUnusable(
            f"The web identity's token of {name!r} can't be read ({why}).", f"Look at {path}."
        ) from None
    if not token:
        raise errors.SourceUnusable(f"The web identity's token file of {name!r} is empty.", f"Look at {path}.")
    return token
