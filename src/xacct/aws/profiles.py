"""Roles out of ~/.aws/config and ~/.aws/credentials, read by botocore's own parser as every AWS tool reads them.

A user with working profiles configures nothing. A profile that can't be used is a problem with a sentence, and
takes nothing else down with it.
"""

from __future__ import annotations

import shlex
import stat
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from xacct import awsfiles, errors
from xacct.model import Role, Source

if TYPE_CHECKING:
    from collections.abc import Mapping

Profile = dict[str, Any]


@dataclass(slots=True)
class Profiles:
    """What the AWS files say: raw profiles (secrets included: never log), roles, and what can't be used."""

    raw: dict[str, Profile] = field(default_factory=dict, repr=False)
    roles: dict[str, Role] = field(default_factory=dict)
    problems: list[errors.XacctError] = field(default_factory=list)


def files(env: Mapping[str, str]) -> tuple[Path, Path]:
    """The config and the credentials file, as AWS tools find them."""
    found = awsfiles.named(env, awsfiles.directory())
    return Path(found.config), Path(found.credentials)


def read(env: Mapping[str, str]) -> Profiles:
    """Read both files.

    Raises:
        ConfigError: one can't be read or parsed; which, and where.
    """
    config_file, credentials_file = files(env)
    found = Profiles(raw=_raw(config_file, credentials_file))
    region = env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION")
    for name, profile in found.raw.items():
        try:
            role = _role(name, profile, found.raw, region)
        except errors.ConfigError as problem:
            found.problems.append(problem)
        else:
            if role is not None:
                found.roles[name] = role
    without_loose_ends(found)
    return found


def without_loose_ends(found: Profiles) -> None:
    """Take out roles whose chain of parents ends nowhere or in a circle, each with a problem in its place."""
    for name in list(found.roles):
        seen = [name]
        parent = found.roles[name].parent
        while isinstance(parent, str) and parent in found.roles and parent not in seen:
            seen.append(parent)
            parent = found.roles[parent].parent
        if isinstance(parent, str):
            trouble = "comes back to itself" if parent in seen else f"ends at {parent!r}, which can't be used"
            found.problems.append(errors.ConfigError(f"The chain of {name!r} {trouble}.", "Check its source_profile."))
            del found.roles[name]


def _raw(config_file: Path, credentials_file: Path) -> dict[str, Profile]:
    from botocore.configloader import load_config, raw_config_parse  # noqa: PLC0415 - late: it costs 30 ms

    def parse(reader: Any, path: Path) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415

        try:
            if not stat.S_ISREG(path.stat().st_mode) and not path.is_dir():
                return {}  # a device or a pipe: AWS's tools read none, and it might never end
            path.open("rb").close()  # botocore's parser takes a file it can't open for an empty one
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise errors.ConfigError(
                f"{path} can't be read ({error.strerror}).", "Check its owner and permissions."
            ) from None
        try:
            parsed: dict[str, Any] = reader(str(path))
        except (BotoCoreError, OSError, UnicodeDecodeError):
            # No quoting of the parser's words: they may hold the line, and the line a key.
            raise errors.ConfigError(
                f"{path} can't be read as an AWS file.", "Check its syntax and permissions."
            ) from None
        return parsed

    profiles: dict[str, Profile] = {
        name: dict(values) for name, values in parse(load_config, config_file).get("profiles", {}).items()
    }
    for name, values in parse(raw_config_parse, credentials_file).items():
        profiles.setdefault(name, {}).update(values)
    return profiles


def _role(name: str, profile: Profile, profiles: Mapping[str, Profile], region: str | None) -> Role | None:
    if "role_arn" not in profile:
        return _own_keys(name, profile, profiles, region)
    parent, via = _parent(name, profile, profiles)
    duration = profile.get("duration_seconds")
    if duration is not None and not str(duration).isdigit():
        raise errors.ConfigError(f"duration_seconds of {name!r} is no number.", "Seconds, for example 3600.")
    return Role(
        name=name,
        parent=parent,
        role_arn=profile["role_arn"],
        mfa_serial=profile.get("mfa_serial") or via.get("mfa_serial"),
        external_id=profile.get("external_id"),
        session_name=profile.get("role_session_name"),
        duration=int(duration) if duration else None,
        region=_region(profile, via, profiles, region),
    )


def _own_keys(name: str, profile: Profile, profiles: Mapping[str, Profile], region: str | None) -> Role | None:
    """A profile without a role: to log in to it is to hold the MFA session's own credentials."""
    if any(key.startswith("sso_") for key in profile):
        raise errors.ConfigError(
            f"{name!r} signs in through IAM Identity Center, which xacct does not do yet.",
            "Use a profile with role_arn and source_profile.",
        )
    source = _source(name, profile)
    if source is None:
        return None
    return Role(
        name=name,
        parent=source,
        mfa_serial=profile.get("mfa_serial"),
        region=_region(profile, {}, profiles, region),
    )


def _parent(name: str, profile: Profile, profiles: Mapping[str, Profile]) -> tuple[Source | str, Profile]:
    """Where a role's chain goes next, and the profile it goes through."""
    if profile.get("web_identity_token_file"):
        raise errors.ConfigError(f"{name!r} uses a web identity, which xacct does not hold.", "It needs no agent.")
    via_name = profile.get("source_profile")
    if via_name is None:
        return _credential_source(name, profile), {}
    via = profiles.get(via_name)
    if via is None:
        raise errors.ConfigError(f"source_profile {via_name!r} of {name!r} does not exist.", "Check the spelling.")
    if (source := _source(via_name, via)) is not None:
        return source, via
    if "role_arn" in via:
        return via_name, {}
    if _is_ours(via.get("credential_process", "")):
        raise errors.ConfigError(
            f"source_profile {via_name!r} of {name!r} asks xacct, which would wait for itself.",
            "Name the role's own profile, not the one that asks xacct for it.",
        )
    raise errors.ConfigError(
        f"source_profile {via_name!r} of {name!r} has neither keys nor a role.",
        "Add its access key to ~/.aws/credentials, or a credential_process.",
    )


def _credential_source(name: str, profile: Profile) -> Source:
    wanted = profile.get("credential_source")
    if wanted == "Environment":
        return Source("environment", "environment")
    if wanted:
        raise errors.ConfigError(
            f"credential_source {wanted} of {name!r} is for machines inside AWS.",
            "Use source_profile on a laptop.",
        )
    raise errors.ConfigError(f"{name!r} has a role_arn and no source_profile.", "Add source_profile = PROFILE.")


def _source(name: str, profile: Profile) -> Source | None:
    if profile.get("aws_access_key_id") and profile.get("aws_secret_access_key"):
        return Source(name, "profile", profile.get("region"))
    command = profile.get("credential_process")
    if command and not _is_ours(command):
        return Source(name, "process", profile.get("region"), command)
    return None


def _is_ours(command: str) -> bool:
    """A credential_process that comes back to xacct would wait for itself."""
    try:
        words = shlex.split(command)
    except ValueError:
        return False
    return bool(words) and (PurePath(words[0]).name == "xacctctl" or "xacct.ctl" in words)


def _region(profile: Profile, via: Profile, profiles: Mapping[str, Profile], fallback: str | None) -> str | None:
    return profile.get("region") or via.get("region") or profiles.get("default", {}).get("region") or fallback
