"""Profiles of IAM Identity Center (sso_*): one permission set in one account, had with a sign-in that many share.

As botocore finds them (SSOProvider): sso_account_id and sso_role_name, with the start URL and region of an sso_session,
or, as profiles had it before there were such sections, of their own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from xacct import errors
from xacct.aws import command_line_sign_in, regions, targets
from xacct.model import Credentials, Source
from xacct.signin import SCOPES, SignIn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from xacct.aws.inifiles import AwsFiles, Profile

PERMISSION_SET = ("sso_role_name", "sso_account_id")
"""One of them makes a profile one of IAM Identity Center (SSOProvider._PROFILE_REQUIRED_CONFIG_VARS)."""

INSTANCE = ("sso_start_url", "sso_region")

_ACCOUNT = re.compile(r"[0-9]{12}")
_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
"""A permission set's, which has up to 32 (IAM Identity Center API Reference, CreatePermissionSet)."""


class IdentityCenter:
    """A permission set; what is loaded of it is the sign-in that the AWS CLI has, if it has one."""

    def describe(self, source: Source) -> str:
        """As SourceKind says."""
        return f"the sign-in to IAM Identity Center ({source.identity_center.label})"

    def needs_human(self, source: Source, env: Mapping[str, str], now: float) -> bool:
        """Whether the AWS CLI has no sign-in that still holds by what its file says."""
        return not command_line_sign_in.holds(source.identity_center, env, now)

    async def load(self, source: Source, env: Mapping[str, str]) -> Credentials:
        """As SourceKind says: the access token alone, as a session token."""
        token, expires_at = command_line_sign_in.read(source.identity_center, env)
        return Credentials("", "", token, expires_at)


def found(name: str, files: AwsFiles) -> Source | None:
    """The permission set that a profile is; None where it is none.

    Raises:
        ConfigError: It is half of one, or says two things; which.
    """
    profile = files.profiles[name]
    if not any(key in profile for key in PERMISSION_SET):
        return None
    said = _with_session(name, profile, files)
    if missing := [key for key in (*PERMISSION_SET, *INSTANCE) if key not in said]:
        raise errors.ConfigError(
            f"{name!r} signs in through IAM Identity Center and has no {' and no '.join(missing)}.",
            "aws configure sso writes all of them." if "sso_session" not in profile else "Add it to the sso-session.",
        )
    for key in (*PERMISSION_SET, *INSTANCE):
        _check(key, said[key], name, files)
    sign_in = SignIn(
        str(profile.get("sso_session", "")),
        said["sso_start_url"],
        said["sso_region"],
        _scopes(name, said),
        oidc_url=targets.of_service("sso_oidc", name, files),
        portal_url=targets.of_service("sso", name, files),
    )
    region = profile.get("region")
    return Source(
        name,
        "identity-center",
        region if isinstance(region, str) else None,
        sign_in=sign_in,
        account=said["sso_account_id"],
        permission_set=said["sso_role_name"],
    )


def left_over(name: str, files: AwsFiles) -> None:
    """Refuse a profile that has nothing but some settings of a sign-in.

    Raises:
        ConfigError: It has.
    """
    if any(key.startswith("sso_") for key in files.profiles[name]):
        raise errors.ConfigError(
            f"{name!r} signs in through IAM Identity Center and has no {' and no '.join(PERMISSION_SET)}.",
            "aws configure sso writes both.",
        )


def _with_session(name: str, profile: Profile, files: AwsFiles) -> Profile:
    """A profile's settings with those of its sso-session.

    Raises:
        ConfigError: there is no such section, or it says otherwise.
    """
    if "sso_session" not in profile:
        return profile
    session = profile["sso_session"]
    if not isinstance(session, str) or session not in files.sign_ins:
        raise errors.ConfigError(
            f"sso_session of {files.where(name, 'sso_session')} names no sso-session that {files.config_file} has.",
            _hint(session, files) if isinstance(session, str) else "Write it in one line.",
        )
    section = files.sign_ins[session]
    for key, value in section.items():
        if profile.get(key, value) != value:
            raise errors.ConfigError(
                f"{key} of {files.where(name, key)} is another than that of [sso-session {session[:60]}].",
                "AWS's tools refuse that: remove one of them.",
            )
    return {**profile, **section}


def _hint(session: str, files: AwsFiles) -> str:
    """What to do about a session that there is not; the word before a comment may be one that there is."""
    meant = session.partition(" ")[0].strip("'\"")
    if meant in files.sign_ins:
        return f"Write sso_session = {meant[:60]} and nothing else in that line."
    return f"Add [sso-session {session[:60]}] there."


def _check(key: str, value: object, name: str, files: AwsFiles) -> None:
    """Refuse a value that can't be meant.

    Raises:
        ConfigError: it can't.
    """
    right: dict[str, Callable[[str], object]] = {
        "sso_account_id": _ACCOUNT.fullmatch,
        "sso_role_name": _NAME.fullmatch,
        "sso_region": regions.is_region,
        "sso_start_url": lambda text: urlsplit(text).scheme in {"http", "https"} and targets.trouble(text) is None,
    }
    if not isinstance(value, str) or not right[key](value):
        meant = {
            "sso_account_id": "twelve digits",
            "sso_role_name": "a permission set's name",
            "sso_region": "a region of AWS's",
            "sso_start_url": "an address",
        }
        raise errors.ConfigError(
            f"{key} of {name!r} is not {meant[key]}.",
            f"Look at [profile {name}] or its sso-session in {files.config_file}.",
        )


def _scopes(name: str, said: Profile) -> tuple[str, ...]:
    """What is asked for: a list with commas (AWS CLI User Guide, sso_registration_scopes)."""
    written = said.get("sso_registration_scopes")
    if written is None or "sso_session" not in said:
        return SCOPES if "sso_session" in said else ()
    if not isinstance(written, str):
        raise errors.ConfigError(f"sso_registration_scopes of {name!r} is an indented block.", "Write it in one line.")
    return tuple(scope.strip() for scope in written.split(",") if scope.strip()) or SCOPES
