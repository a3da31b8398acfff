"""AWS's two files as botocore would read them, without their secrets: of a key only its kind is kept."""

import configparser
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from xacct import awsfiles, fileio

Profile = dict[str, str]

SECRETS: Final = ("aws_secret_access_key", "aws_session_token", "aws_security_token")
KIND: Final = 4
"""So many letters of a key id say what it is: AKIA for long-lived, ASIA for temporary."""


@dataclass(frozen=True)
class AwsFiles:
    """Where the files are, the profiles of both by name, and what could not be read (sentences)."""

    config: Path
    credentials: Path
    profiles: dict[str, Profile] = field(default_factory=dict)
    stored: dict[str, Path] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def read(environ: Mapping[str, str], home: Path) -> AwsFiles:
    """Read both files; a file that is not there is empty."""
    where = awsfiles.named({**environ, "HOME": str(home)}, awsfiles.directory())
    found = AwsFiles(Path(where.config), Path(where.credentials))
    for name, profile in _sections(found.config, found.problems).items():
        if (own := _profile_name(name)) is not None:
            _take(found, own, profile, found.config)
    for name, profile in _sections(found.credentials, found.problems).items():
        _take(found, name, profile, found.credentials)
    return found


def has_credentials(profile: Profile) -> bool:
    """Say whether a profile leads to credentials by itself."""
    ways = ("aws_access_key_id", "role_arn", "credential_process", "web_identity_token_file", "login_session")
    return any(way in profile for way in ways) or any(key.startswith("sso_") for key in profile)


def _take(found: AwsFiles, name: str, profile: Profile, file: Path) -> None:
    found.profiles.setdefault(name, {}).update(profile)
    if "aws_access_key_id" in profile:
        found.stored[name] = file


def _sections(file: Path, problems: list[str]) -> dict[str, Profile]:
    parser = configparser.RawConfigParser(default_section="\0", interpolation=None)
    try:
        parser.read_string(fileio.read_text(file))
    except FileNotFoundError:
        return {}
    except OSError as error:
        problems.append(f"{file} can't be read ({error.strerror})")
        return {}
    except (configparser.Error, UnicodeDecodeError) as error:
        problems.append(f"{file} is not what AWS tools can read{_line_of(error)}")
        return {}
    return {name: {key: _without_secret(key, value) for key, value in parser.items(name)} for name in parser.sections()}


def _line_of(error: Exception) -> str:
    """Say which line, and nothing of what it says: that may be a key."""
    line = getattr(error, "lineno", None)
    if line is None and isinstance(error, configparser.ParsingError):
        line = error.errors[0][0]
    return "" if line is None else f" (line {line})"


def _without_secret(key: str, value: str) -> str:
    if key in SECRETS:
        return ""  # guard: doctor-keeps-no-secrets
    return value[:KIND] if key == "aws_access_key_id" else value  # guard: doctor-keeps-no-keys


def _profile_name(section: str) -> str | None:
    """Return the profile of a section of the config file, None for sso-session, services and the like."""
    try:
        words = shlex.split(section)
    except ValueError:
        return None
    if words == ["default"]:
        return "default"
    return words[1] if len(words) == 2 and words[0] == "profile" else None  # noqa: PLR2004 - `profile NAME`
