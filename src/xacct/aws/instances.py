"""The sso-sessions of AWS's config file as what accounts can be listed by, whether a profile uses them or not."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from xacct import errors
from xacct.aws import regions, targets
from xacct.aws.inifiles import plain
from xacct.model import Role, Source
from xacct.signin import LISTING, SCOPES, SignIn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from xacct.aws.inifiles import AwsFiles, Profile

_NO_PROFILE = "\0"
"""What no section is called: settings of profiles say nothing of a session that no profile uses."""


def found(files: AwsFiles, env: Mapping[str, str], whose: str) -> Iterator[Role]:
    """A role of no account for each sso-session that says where it is; one that does not is a profile's problem.

    Args:
        files: both files.
        env: as for profiles.
        whose: whose environment that is.
    """
    try:
        _, target = targets.of(_NO_PROFILE, files, env, whose)
    except errors.ConfigError:
        return
    for name, section in files.sign_ins.items():
        sign_in = _sign_in(name, section)
        if sign_in is not None:
            source = Source(name, "identity-center", sign_in=sign_in)
            yield Role(LISTING, source, region=sign_in.region, target=target)


def _sign_in(name: str, section: Profile) -> SignIn | None:
    url, region = plain(section.get("sso_start_url")), plain(section.get("sso_region"))
    if not (url and region and regions.is_region(region)):
        return None
    if urlsplit(url).scheme not in {"http", "https"} or targets.trouble(url) is not None:
        return None
    written = plain(section.get("sso_registration_scopes")) or ""
    scopes = tuple(scope.strip() for scope in written.split(",") if scope.strip())
    return SignIn(name, url, region, scopes or SCOPES)
