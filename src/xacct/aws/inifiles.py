"""AWS's two files, read by botocore's own parser as every AWS tool reads them, and what those tools would not read.

Values hold secrets: none is ever quoted in a sentence.
"""

from __future__ import annotations

import configparser
import io
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xacct import awsfiles, errors, fileio

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from xacct.model import Source

Profile = dict[str, Any]

TELLING = frozenset(
    {
        "aws_access_key_id", "aws_secret_access_key", "role_arn", "source_profile", "credential_source", "region",
        "mfa_serial", "credential_process", "sso_session", "sso_start_url", "sso_account_id", "output",
    }
)  # fmt: skip
"""Keys that only a profile has: a section with one of them is meant as a profile."""

LONGEST_NAME = 60

_QUOTING = frozenset("'\"\\")

MOST_BYTES = 8 * 1024 * 1024

MOST_SECTIONS = 20_000
"""Sections of a file, at most: each reading of so many takes seconds."""


@dataclass(slots=True)
class AwsFiles:
    """What both files say (secrets included: never log).

    Attributes:
        profiles: of both, merged as botocore does, the credentials file winning.
        config: of the config file alone.
        credentials: of the credentials file alone.
        services: the sections of that kind.
        sign_ins: likewise those named sso-session.
        ignored: sections that AWS's tools don't take for the profile they look like: the names that somebody may call
            it by, and why.
        in_keychain: profiles that have an access key in the keychain, each with the digest of its id.
    """

    config_file: Path
    credentials_file: Path
    config: dict[str, Profile] = field(default_factory=dict, repr=False)
    credentials: dict[str, Profile] = field(default_factory=dict, repr=False)
    profiles: dict[str, Profile] = field(default_factory=dict, repr=False)
    services: dict[str, Any] = field(default_factory=dict, repr=False)
    sign_ins: dict[str, Profile] = field(default_factory=dict, repr=False)
    ignored: list[tuple[tuple[str, ...], errors.ConfigError]] = field(default_factory=list)
    in_keychain: Mapping[str, str] = field(default_factory=dict)
    _sources: dict[tuple[Source, str], Source] = field(init=False, default_factory=dict, repr=False, compare=False)

    def shared(self, source: Source) -> Source:
        """The one that is equal and was asked for first, with the same key: thousands of roles may be of one source."""
        return self._sources.setdefault((source, source.key), source)

    def where(self, profile: str, setting: str) -> str:
        """Where a setting of a profile stands: the section and the file."""
        if setting in self.credentials.get(profile, {}):
            return f"[{profile}] in {self.credentials_file}"
        section = profile if profile == "default" else f"profile {profile}"
        return f"[{section}] in {self.config_file}"


def paths(env: Mapping[str, str]) -> tuple[Path, Path]:
    """The config and the credentials file, where AWS's tools find them."""
    found = awsfiles.named(env, awsfiles.directory())
    return Path(found.config), Path(found.credentials)


def plain(value: object) -> str | None:
    """A setting's value, unless it is an indented block."""
    return value if isinstance(value, str) else None


def read(config_file: Path, credentials_file: Path) -> AwsFiles:
    """Read both; a file that is not there is empty.

    Raises:
        ConfigError: one can't be read or parsed; which, and which line.
    """
    from botocore.configloader import build_profile_map  # noqa: PLC0415 - late: it costs 30 ms

    found = AwsFiles(config_file, credentials_file)
    sections = _parse(config_file)
    mapped = build_profile_map(sections)
    found.config = mapped["profiles"]
    found.services = mapped["services"]
    found.sign_ins = mapped["sso_sessions"]
    found.credentials = _parse(credentials_file)
    found.ignored += _ignored_in_config(sections, config_file)
    for name in [name for name in found.credentials if _looks_prefixed(name)]:
        del found.credentials[name]
        found.ignored.append(_prefixed(name, credentials_file))
    found.profiles = {name: dict(values) for name, values in found.config.items()}
    for name, values in found.credentials.items():
        found.profiles.setdefault(name, {}).update(values)
    return found


def _is_plain(section: str) -> bool:
    """Whether there is nothing in it but words: `shlex` takes it apart sign by sign, and there may be thousands."""
    return section.isascii() and section.isprintable() and _QUOTING.isdisjoint(section)


def _ignored_in_config(
    sections: Mapping[str, Profile], path: Path
) -> Iterator[tuple[tuple[str, ...], errors.ConfigError]]:
    for section, values in sections.items():
        if section == "default" or not TELLING & values.keys():
            continue
        try:
            words = section.split() if _is_plain(section) else shlex.split(section)
        except ValueError:
            words = [word.strip("'\"") for word in section.split()]  # an apostrophe within one is part of it
            read_by_aws = False
        else:
            read_by_aws = section.startswith(("profile", "sso-session", "services")) and len(words) == 2  # noqa: PLR2004
        if read_by_aws:
            continue
        meant = _name_meant(words) or section
        yield (
            (meant,),
            errors.ConfigError(
                f"AWS's tools ignore [{section[:LONGEST_NAME]}] in {path}: a profile's section there is called"
                " [profile NAME].",
                f"Write [{_heading(meant)}].",
            ),
        )


def _name_meant(words: list[str]) -> str:
    if len(words) > 1 and words[0].lower().startswith("profile"):
        return " ".join(words[1:])
    if len(words) == 1 and words[0].lower().startswith("profile"):
        return words[0][len("profile") :].lstrip(":-_./")
    return " ".join(words)


def _heading(name: str) -> str:
    if name.lower() == "default":
        return "default"
    return f'profile "{name[:LONGEST_NAME]}"' if " " in name or "'" in name else f"profile {name[:LONGEST_NAME]}"


def _looks_prefixed(section: str) -> bool:
    words = section.split()
    return section != section.strip() or (len(words) > 1 and words[0].lower() == "profile")


def _prefixed(section: str, path: Path) -> tuple[tuple[str, ...], errors.ConfigError]:
    words = section.replace('"', "").replace("'", "").split()
    meant = " ".join(words[1:] if len(words) > 1 and words[0].lower() == "profile" else words)
    return (meant, section), errors.ConfigError(
        f"AWS's tools take [{section[:LONGEST_NAME]}] in {path} for a profile called {section[:LONGEST_NAME]!r}.",
        f"In that file a section is called by the profile's name alone: [{meant[:LONGEST_NAME]}].",
    )


def _parse(path: Path) -> dict[str, Profile]:
    """What botocore's raw_config_parse makes of the file; its own opening of it could wait for ever."""
    try:
        content = fileio.read(path, MOST_BYTES)  # guard: awss-files-are-read-by-one-reader
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise errors.ConfigError(
            f"{path} can't be read ({error.strerror}).", "Check what it is, its owner and permissions."
        ) from None
    # guard: sections-have-limit
    if content.count(b"\n[") >= MOST_SECTIONS:  # looked at first: to parse a hundred thousand takes seconds
        raise errors.ConfigError(
            f"{path} has {MOST_SECTIONS} sections or more.", "Name a file with fewer in AWS_CONFIG_FILE."
        )
    try:
        return _sections(content)
    except (configparser.Error, ValueError) as error:
        # No quoting of the parser's words: they may hold the line, and the line a key.
        raise errors.ConfigError(
            f"{path} can't be read as an AWS file: {_why(error, content)}.", "Check its syntax and permissions."
        ) from None


def _sections(content: bytes) -> dict[str, Profile]:
    """As botocore/configloader.py does (raw_config_parse), which takes a path alone."""
    from botocore.configloader import _parse_nested  # noqa: PLC0415 - late: it costs 30 ms

    parser = configparser.RawConfigParser()
    parser.converters.clear()  # nobody asks a section for numbers, and what would answer is a dozen objects of each
    try:
        parser.read_file(io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))
        return {
            section: {
                option: _parse_nested(value) if value.startswith("\n") else value
                for option, value in parser.items(section)
            }
            for section in parser.sections()
        }
    finally:
        vars(parser).clear()  # its sections hold it: a large file's would lie there until all garbage is looked for


def _why(error: object, content: bytes) -> str:
    """What is wrong and in which line, and nothing of what a value says: that may be a key."""
    why = "its syntax"
    match error:
        case configparser.DuplicateSectionError(section=section, lineno=line):
            why = f"line {line} begins [{str(section)[:LONGEST_NAME]}] a second time"
        case configparser.DuplicateOptionError(section=section, option=option, lineno=line):
            why = f"line {line} sets {str(option)[:LONGEST_NAME]} of [{str(section)[:LONGEST_NAME]}] a second time"
        case configparser.MissingSectionHeaderError() if content[:3] == b"\xef\xbb\xbf":
            why = "line 1 begins with a byte order mark (save it as UTF-8 without one)"
        case configparser.MissingSectionHeaderError(lineno=line):
            why = f"line {line} stands before any [section]"
        case configparser.ParsingError():
            why = f"line {error.errors[0][0]} is no setting (NAME = VALUE)"
        case UnicodeDecodeError():
            why = f"line {_line_of_bad_utf8(content)} is not UTF-8"
        case ValueError():
            why = _bad_block(content)
    return why


def _line_of_bad_utf8(content: bytes) -> int:
    try:
        content.decode()
    except UnicodeDecodeError as error:
        return content[: error.start].count(b"\n") + 1
    return 1


def _bad_block(content: bytes) -> str:
    """Which indented block has a line without `=` (botocore/configloader.py: _parse_nested)."""
    parser = configparser.RawConfigParser()
    parser.read_file(io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))
    for section in parser.sections():
        for option, value in parser.items(section):
            if value.startswith("\n") and any("=" not in line for line in value.splitlines() if line.strip()):
                return f"a line below {option[:LONGEST_NAME]} of [{section[:LONGEST_NAME]}] has no ="
    return "an indented line has no ="
