"""Profiles of `aws login` (login_session): one identity, signed in to by a human in a browser.

As botocore finds them (LoginProvider). The AWS CLI's own cache, below ~/.aws/login, is neither read nor written: its
refresh token is good once, and the CLI's sign-in would end if anybody else used it up.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from xacct import errors
from xacct.aws import inifiles, regions, targets
from xacct.model import Source
from xacct.signin import ConsoleLogin as SignIn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xacct.aws.inifiles import AwsFiles
    from xacct.model import Credentials

SETTING = "login_session"

_IDENTITY = re.compile(r"arn:[a-z0-9-]{3,32}:(?:iam|sts)::([0-9]{12}):[!-~]{1,1000}")
"""A user, the root of an account, or a role's session."""


class ConsoleLogin:
    """What somebody has to sign in for; there is nothing to load."""

    def describe(self, source: Source) -> str:
        """As SourceKind says."""
        who = source.console.session if source.console is not None else source.name
        return f"a sign-in to AWS as {who}"

    def needs_human(self, _source: Source, _env: Mapping[str, str], _now: float) -> bool:
        """What xacct itself holds of it, SignIns knows."""
        return True

    async def load(self, source: Source, _env: Mapping[str, str]) -> Credentials:
        """As SourceKind says."""
        raise errors.SourceUnusable(f"{source.name!r} has no keys before somebody signs in.", "xacctctl login ROLE")


def found(name: str, files: AwsFiles) -> Source | None:
    """The sign-in that a profile is; None where it is none.

    Raises:
        ConfigError: It is one, and names nobody.
    """
    profile = files.profiles[name]
    if SETTING not in profile:
        return None
    session = profile[SETTING]
    identity = _IDENTITY.fullmatch(session) if isinstance(session, str) else None
    if identity is None:
        raise errors.ConfigError(
            f"{SETTING} of {files.where(name, SETTING)} is no ARN of an identity.",
            "`aws login` writes it; for example arn:aws:iam::123456789012:user/me",
        )
    region, _ = targets.of(name, files, {})
    sign_in = SignIn(session, region or regions.of_arn(session), targets.of_service("signin", name, files))
    plain = inifiles.plain(profile.get("region"))
    return Source(name, "console-login", plain, account=identity[1], console=sign_in)
