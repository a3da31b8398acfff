"""Where the chain of a role goes next: to a source, or to another role, as AWS's command line follows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xacct import errors
from xacct.aws import included, sources
from xacct.aws.sources.ec2_metadata import EC2
from xacct.aws.sources.ecs_container import ECS_CONTAINER
from xacct.aws.sources.environment import ENVIRONMENT
from xacct.aws.sources.process import asks_xacct
from xacct.aws.sources.profile_keys import ACCESS_KEY, SECRET_KEY

if TYPE_CHECKING:
    from xacct.aws.inifiles import AwsFiles, Profile
    from xacct.model import Source

ROLE_SETTINGS = ("role_arn", "source_profile", "credential_source", "mfa_serial", "external_id", "role_session_name")

CREDENTIAL_SOURCES = {"Environment": ENVIRONMENT, "Ec2InstanceMetadata": EC2, "EcsContainer": ECS_CONTAINER}


def assumes_a_role(profile: Profile) -> bool:
    """Whether botocore takes a profile for a role to assume from another profile."""
    return "role_arn" in profile and "web_identity_token_file" not in profile


def parent_of(name: str, files: AwsFiles) -> tuple[Source | str, str | None]:
    """Where a role's chain goes next: a source, or the profile that is a role too; and the profile it goes through.

    Raises:
        ConfigError: nowhere, or where xacct can't go; why.
    """
    profile = included.completed(name, files)
    via, wanted = profile.get("source_profile"), profile.get("credential_source")
    if via is not None and wanted is not None:
        raise errors.ConfigError(
            f"{name!r} has both source_profile and credential_source.", "AWS's tools refuse that: remove one of them."
        )
    if via is None:
        return _credential_source(name, wanted, files), None
    if via not in files.profiles:
        raise errors.ConfigError(f"source_profile {via!r} of {name!r} does not exist.", _missing(via, files))
    above = files.profiles[via]
    has_keys = ACCESS_KEY in above or SECRET_KEY in above
    if not has_keys and assumes_a_role(above):
        return via, via
    source = _source_of(name, via, files)
    return (via if source.is_role else source), via


def _source_of(name: str, via: str, files: AwsFiles) -> Source:
    """The source that another profile is for a role."""
    try:
        source = sources.own(via, files)
    except errors.ConfigError as problem:
        raise errors.ConfigError(f"The source_profile of {name!r}: {problem.sentence}", problem.hint) from None
    if source is not None:
        return source
    if asks_xacct(files.profiles[via].get("credential_process")):
        raise errors.ConfigError(
            f"source_profile {via!r} of {name!r} asks xacct, which would wait for itself.",
            "Name the role's own profile, not the one that asks xacct for it. If its access key was in the keychain:"
            f" xacctctl keys add {via}",
        )
    raise errors.ConfigError(
        f"source_profile {via!r} of {name!r} has neither keys nor a role.",
        f"Add its access key to {files.credentials_file}, or a credential_process.",
    )


def _credential_source(name: str, wanted: object, files: AwsFiles) -> Source:
    if isinstance(wanted, str) and wanted in CREDENTIAL_SOURCES:
        if wanted == "Ec2InstanceMetadata":
            _demand_one_metadata_service(name, files)
        return CREDENTIAL_SOURCES[wanted]
    if wanted is None:
        raise errors.ConfigError(f"{name!r} has a role_arn and no source_profile.", "Add source_profile = PROFILE.")
    raise errors.ConfigError(
        f"credential_source of {files.where(name, 'credential_source')} is none of AWS's.",
        f"AWS's tools know {', '.join(CREDENTIAL_SOURCES)}: mind the capitals.",
    )


def _demand_one_metadata_service(name: str, files: AwsFiles) -> None:
    """Refuse a profile that names a metadata service of its own: all roles share the one of the environment."""
    for setting in ("ec2_metadata_service_endpoint", "ec2_metadata_service_endpoint_mode"):
        if setting in files.profiles[name]:  # guard: one-metadata-service-for-all-roles
            raise errors.ConfigError(
                f"{setting} of {files.where(name, setting)} is not honoured.",
                f"Set {setting.upper().replace('EC2', 'AWS_EC2', 1)} in the daemon's environment instead.",
            )


def _missing(via: str, files: AwsFiles) -> str:
    for names, why in files.ignored:
        if via in names:
            return f"{why.sentence} {why.hint}"
    return "Check the spelling."
