"""`include_profile`, as aws-vault knows it: settings that a profile has from another one.

AWS's own tools don't read it, and what they get for `--profile X` is who X is. So it counts only where they refuse the
profile: it has a role_arn, and nothing that says where the role's first credentials come from. Then nobody else has an
answer that could differ. Where STS is asked (region, endpoint_url, certificates) is never taken from another profile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xacct import errors

if TYPE_CHECKING:
    from xacct.aws.inifiles import AwsFiles, Profile

SETTING = "include_profile"

TAKEN = ("source_profile", "mfa_serial", "mfa_process", "external_id", "role_session_name", "duration_seconds")
"""What is had from an included profile, each from the first that has it."""


def counts(profile: Profile) -> bool:
    """Whether a profile's include_profile counts: AWS's tools refuse the profile without it."""
    # guard: include-profile-changes-no-identity-of-aws
    leads = any(name in profile for name in ("source_profile", "credential_source", "web_identity_token_file"))
    return SETTING in profile and "role_arn" in profile and not leads


def completed(name: str, files: AwsFiles) -> Profile:
    """A profile with the settings that it lacks and includes.

    Raises:
        ConfigError: what it includes is not there, is a circle, or says nothing of where credentials come from.
    """
    profile = files.profiles[name]
    if not counts(profile):
        return profile
    found, at, seen = dict(profile), name, {name}
    while (included := files.profiles[at].get(SETTING)) is not None:
        if not isinstance(included, str) or included not in files.profiles:
            raise errors.ConfigError(
                f"{SETTING} of {files.where(at, SETTING)} names a profile that does not exist.", "Check the spelling."
            )
        if included in seen:
            raise errors.ConfigError(f"{SETTING} of {name!r} comes back to itself.", f"Add source_profile to {name!r}.")
        seen.add(included)
        at = included
        above = files.profiles[at]
        found = {**{key: above[key] for key in TAKEN if key in above}, **found}
    if "source_profile" not in found:
        raise errors.ConfigError(
            f"{name!r} has a role_arn and no source_profile, and nor has what it includes ({SETTING}).",
            "Add source_profile = PROFILE.",
        )
    return found
