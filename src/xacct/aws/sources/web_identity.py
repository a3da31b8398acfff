"""Profiles of a web identity (web_identity_token_file): found, and refused in a sentence."""

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
    if "web_identity_token_file" in files.profiles[name]:
        raise errors.ConfigError(f"{name!r} uses a web identity, which xacct does not hold.", "It needs no agent.")
