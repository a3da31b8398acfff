"""How a profile gets credentials, in the order in which AWS's command line looks (botocore/credentials.py).

A profile may have several means at once. The first one counts, as it does there, and what xacct can't use is refused.
"""

from __future__ import annotations

import shlex
from hashlib import sha256
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from xacct import errors
from xacct.model import Credentials, Source

if TYPE_CHECKING:
    from xacct.aws.inifiles import AwsFiles, Profile

ACCESS_KEY, SECRET_KEY = "aws_access_key_id", "aws_secret_access_key"
TOKENS = ("aws_security_token", "aws_session_token")
"""In botocore's order (SharedCredentialProvider.TOKENS)."""

SSO = ("sso_role_name", "sso_account_id")
"""One of them makes a profile one of IAM Identity Center (SSOProvider._PROFILE_REQUIRED_CONFIG_VARS)."""

ROLE_SETTINGS = ("role_arn", "source_profile", "credential_source", "mfa_serial", "external_id", "role_session_name")

CREDENTIAL_SOURCES = ("Environment", "Ec2InstanceMetadata", "EcsContainer")


def assumes_a_role(profile: Profile) -> bool:
    """Whether botocore takes a profile for a role to assume from another profile."""
    return "role_arn" in profile and "web_identity_token_file" not in profile


def parent_of(name: str, files: AwsFiles) -> tuple[Source | str, str | None]:
    """What a role is assumed from: a source, or the name of the profile that is a role too; and the profile in between.

    Raises:
        ConfigError: nothing, or what xacct can't use; why.
    """
    profile = files.profiles[name]
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
    return _source_of(name, via, files), via


def own(name: str, files: AwsFiles) -> Source | None:
    """The source that a profile is by itself, role_arn aside; None where it is none.

    Raises:
        ConfigError: it has one that xacct can't use, or half of one; which.
    """
    profile = files.profiles[name]
    if "web_identity_token_file" in profile:
        raise errors.ConfigError(f"{name!r} uses a web identity, which xacct does not hold.", "It needs no agent.")
    if any(key in profile for key in SSO):
        raise _identity_center(name)
    if ACCESS_KEY in files.credentials.get(name, {}):
        return _keys(name, files)
    if "login_session" in profile:
        raise errors.ConfigError(
            f"{name!r} signs in through `aws login` (login_session), which xacct does not do.",
            "Use that profile directly: it needs no agent.",
        )
    if (command := profile.get("credential_process")) is not None:
        return _process(name, command, profile, files)
    if ACCESS_KEY in files.config.get(name, {}):
        return _keys(name, files)
    if any(key.startswith("sso_") for key in profile):
        raise _identity_center(name)
    if SECRET_KEY in profile or any(token in profile for token in TOKENS):
        raise errors.ConfigError(f"{name!r} has no {ACCESS_KEY}.", f"Add it to {files.credentials_file}.")
    return None


def keys_of(name: str, files: AwsFiles) -> Credentials | None:
    """The access key of a profile, all of it from one file as botocore takes it; None where there is none."""
    for section in (files.credentials.get(name, {}), files.config.get(name, {})):
        if ACCESS_KEY in section:
            token = next((section[key] for key in TOKENS if key in section), None)
            return Credentials(section[ACCESS_KEY], section.get(SECRET_KEY, ""), token or None)
    return None


def asks_xacct(command: object) -> bool:
    """Whether a credential_process comes back to xacct, which would wait for itself."""
    try:
        words = shlex.split(command) if isinstance(command, str) else []
    except ValueError:
        return False
    return bool(words) and (PurePath(words[0]).name == "xacctctl" or "xacct.ctl" in words)


def _keys(name: str, files: AwsFiles) -> Source:
    keys = keys_of(name, files)
    where = files.where(name, ACCESS_KEY)
    if keys is None or not isinstance(keys.access_key_id, str) or not keys.access_key_id:
        raise errors.ConfigError(f"{ACCESS_KEY} of {where} is empty.", "Write the key there, or remove that line.")
    if not isinstance(keys.session_token, str | None):
        raise errors.ConfigError(f"The session token of {where} is an indented block.", "Write it in one line.")
    if not isinstance(keys.secret_access_key, str) or not keys.secret_access_key:
        raise errors.ConfigError(
            f"{where} has an {ACCESS_KEY} and no {SECRET_KEY}.", "AWS's tools want both in one section."
        )
    temporary = keys.session_token is not None  # whose keys are replaced by the hour: that makes no other source of it
    digest = "" if temporary else sha256(keys.access_key_id.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return Source(name, "profile", _plain(files.profiles[name].get("region")), temporary=temporary, key=digest)


def _process(name: str, command: Any, profile: Profile, files: AwsFiles) -> Source | None:
    if not isinstance(command, str) or not command.strip():
        raise errors.ConfigError(
            f"credential_process of {files.where(name, 'credential_process')} is empty.",
            "Write a command there, or remove that line.",
        )
    # guard: what-asks-xacct-is-no-source
    return None if asks_xacct(command) else Source(name, "process", _plain(profile.get("region")), command)


def _plain(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _source_of(name: str, via: str, files: AwsFiles) -> Source:
    """The source that another profile is for a role."""
    try:
        source = own(via, files)
    except errors.ConfigError as problem:
        raise errors.ConfigError(f"The source_profile of {name!r}: {problem.sentence}", problem.hint) from None
    if source is not None:
        return source
    if asks_xacct(files.profiles[via].get("credential_process")):
        raise errors.ConfigError(
            f"source_profile {via!r} of {name!r} asks xacct, which would wait for itself.",
            "Name the role's own profile, not the one that asks xacct for it.",
        )
    raise errors.ConfigError(
        f"source_profile {via!r} of {name!r} has neither keys nor a role.",
        f"Add its access key to {files.credentials_file}, or a credential_process.",
    )


def _credential_source(name: str, wanted: object, files: AwsFiles) -> Source:
    if wanted == "Environment":
        return Source("environment", "environment")
    if wanted is None:
        included = files.profiles[name].get("include_profile")
        raise errors.ConfigError(
            f"{name!r} has a role_arn and no source_profile.",
            "Add source_profile = PROFILE."
            + (" (include_profile is granted's own: AWS's tools and xacct don't read it.)" if included else ""),
        )
    if wanted in CREDENTIAL_SOURCES:
        raise errors.ConfigError(
            f"credential_source {wanted} of {name!r} is for machines inside AWS.", "Use source_profile on a laptop."
        )
    raise errors.ConfigError(
        f"credential_source of {files.where(name, 'credential_source')} is none of AWS's.",
        f"AWS's tools know {', '.join(CREDENTIAL_SOURCES)}: mind the capitals.",
    )


def _missing(via: str, files: AwsFiles) -> str:
    for names, why in files.ignored:
        if via in names:
            return f"{why.sentence} {why.hint}"
    return "Check the spelling."


def _identity_center(name: str) -> errors.ConfigError:
    return errors.ConfigError(
        f"{name!r} signs in through IAM Identity Center (sso_*), which xacct does not do yet.",
        "Use a profile with role_arn and source_profile, or this one directly with AWS's tools.",
    )
