"""Profiles that sign in through `aws login` (login_session): found, and refused in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xacct import errors

if TYPE_CHECKING:
    from xacct.aws.inifiles import AwsFiles


def found(name: str, files: AwsFiles) -> None:
    """Refuse such a profile.

    Raises:
        ConfigError: It is one.
    """
    if "login_session" in files.profiles[name]:
        raise errors.ConfigError(
            f"{name!r} signs in through `aws login` (login_session), which xacct does not do.",
            "Use that profile directly: it needs no agent.",
        )
