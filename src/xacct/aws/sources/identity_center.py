"""Profiles of IAM Identity Center (sso_*): found, and refused in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xacct import errors

if TYPE_CHECKING:
    from xacct.aws.inifiles import AwsFiles

SSO = ("sso_role_name", "sso_account_id")
"""One of them makes a profile one of IAM Identity Center (SSOProvider._PROFILE_REQUIRED_CONFIG_VARS)."""


def found(name: str, files: AwsFiles) -> None:
    """Refuse a profile that would get its credentials by this first.

    Raises:
        ConfigError: It is.
    """
    if any(key in files.profiles[name] for key in SSO):
        raise _unknown(name)


def left_over(name: str, files: AwsFiles) -> None:
    """Refuse a profile that has nothing but some settings of a sign-in.

    Raises:
        ConfigError: It has.
    """
    if any(key.startswith("sso_") for key in files.profiles[name]):
        raise _unknown(name)


def _unknown(name: str) -> errors.ConfigError:
    return errors.ConfigError(
        f"{name!r} signs in through IAM Identity Center (sso_*), which xacct does not do yet.",
        "Use a profile with role_arn and source_profile, or this one directly with AWS's tools.",
    )
