"""`mfa_process`, as aws-vault knows it: a profile's shell command that prints a code of its MFA device.

AWS's own tools don't read it. It changes no identity, but only who is asked for a code; a device's program in
config.toml wins over it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xacct import errors
from xacct.aws import included
from xacct.model import Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from xacct.aws.inifiles import AwsFiles, Profile
    from xacct.model import Role

SETTING = "mfa_process"


def of_devices(roles: Mapping[str, Role], files: AwsFiles) -> dict[str, str]:
    """The commands of MFA devices, by their serials: of each the first that a profile names.

    Args:
        roles: those of the files.
        files: secrets included.
    """
    found: dict[str, str] = {}
    for name, role in roles.items():
        if role.mfa_serial is None or role.mfa_serial in found:
            continue
        said = next(_said(name, role, files), None)
        if said is not None:
            found[role.mfa_serial] = said
    return found


def _said(name: str, role: Role, files: AwsFiles) -> Iterator[str]:
    """What the profile says, and then its source's, as with the device itself."""
    above = role.parent.name if isinstance(role.parent, Source) else ""
    for profile in (_profile(name, files), files.profiles.get(above, {})):
        said = profile.get(SETTING)
        if isinstance(said, str) and said.strip():
            yield said


def _profile(name: str, files: AwsFiles) -> Profile:
    try:
        return included.completed(name, files)
    except errors.ConfigError:
        return files.profiles.get(name, {})
