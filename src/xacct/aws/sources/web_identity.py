"""A web identity: the token of an identity provider in a file, changed for credentials of a role without any key.

As botocore does it (AssumeRoleWithWebIdentityProvider): role_arn, web_identity_token_file and role_session_name count;
duration_seconds and mfa_serial don't. The file is read each time: whoever gives the token puts new ones there.
"""

from __future__ import annotations

import os
from hashlib import sha256
from typing import TYPE_CHECKING

from xacct import errors, fileio
from xacct.aws import inifiles, targets
from xacct.model import Role, Source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xacct.aws.inifiles import AwsFiles
    from xacct.aws.sources.kind import WebIdentitySts
    from xacct.model import Credentials

SETTING = "web_identity_token_file"

MOST_BYTES = 20_000
"""The longest token that AWS takes (AWS STS API Reference, AssumeRoleWithWebIdentity, WebIdentityToken)."""

SESSION_NAME = "xacct"
"""What CloudTrail shows where the profile has no role_session_name."""


class WebIdentity:
    """A role by the token that a file has."""

    def describe(self, _source: Source) -> str:
        """As SourceKind says."""
        return f"the token in its {SETTING} (AssumeRoleWithWebIdentity)"

    def needs_human(self, _source: Source) -> bool:
        """Whoever writes the file is no human's to wait for."""
        return False

    async def load(self, source: Source, env: Mapping[str, str], sts: WebIdentitySts) -> Credentials:
        """As SourceKind says."""
        files = inifiles.read(*inifiles.paths(env))
        found(source.name, files)  # it may be another by now
        profile = files.profiles[source.name]
        region, target = targets.of(source.name, files, env)
        role = Role(source.name, source, profile["role_arn"], region=region, target=target)
        token = _token(source.name, profile[SETTING])
        try:
            return await sts.assume_role_with_web_identity(
                role, token, session_name=inifiles.plain(profile.get("role_session_name")) or SESSION_NAME
            )
        except errors.Temporary:
            raise
        except errors.XacctError as error:
            raise errors.SourceUnusable(
                f"AWS does not take the web identity of {source.name!r}: {error.sentence}",
                f"Look whether {profile[SETTING]} has a fresh token, and at the role's trust policy.",
            ) from None

    def place(self, source: Source) -> str:
        """As SourceKind says."""
        return f"the web identity of {source.name!r}"


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
    session = profile.get("role_session_name")
    if session is not None and not inifiles.plain(session):
        raise errors.ConfigError(
            f"role_session_name of {files.where(name, 'role_session_name')} "
            f"{'is an indented block' if session else 'is empty'}.",
            "Give it a value, or remove that line.",
        )
    # Whose identity it is: what was had for another one is let go, and does not come back after a restart.
    digest = sha256("\n".join((arn, path, session or "")).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return Source(name, "web-identity", inifiles.plain(profile.get("region")), temporary=True, key=digest)


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
