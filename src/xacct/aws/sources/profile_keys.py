"""Access keys in a profile, in the credentials or the config file, as botocore takes them (credentials.py)."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from typing import TYPE_CHECKING

from xacct import errors
from xacct.aws import inifiles
from xacct.aws.sources.kind import KEYS_GO_THERE
from xacct.model import Credentials, Source

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from xacct.aws.inifiles import AwsFiles

    Where = tuple[Path, Path]
    """The config and the credentials file."""

ACCESS_KEY, SECRET_KEY = "aws_access_key_id", "aws_secret_access_key"
KEY = (ACCESS_KEY, SECRET_KEY)
TOKENS = ("aws_security_token", "aws_session_token")
"""In botocore's order (SharedCredentialProvider.TOKENS)."""


class ProfileKeys:
    """A profile's own keys, from the file at the moment they are needed."""

    def __init__(self) -> None:
        self._about_to_begin: dict[Where, asyncio.Task[AwsFiles]] = {}

    def describe(self, _source: Source) -> str:
        """As SourceKind says."""
        return "its access key"

    def needs_human(self, _source: Source, _env: Mapping[str, str], _now: float) -> bool:
        """Never."""
        return False

    async def load(self, source: Source, env: Mapping[str, str]) -> Credentials:
        """As SourceKind says."""
        keys = keys_of(source.name, await self._files(inifiles.paths(env)))
        if keys is None or not (keys.access_key_id and keys.secret_access_key):
            raise errors.SourceUnusable(f"There is no access key in the profile {source.name!r}.", KEYS_GO_THERE)
        return keys

    async def _files(self, where: Where) -> AwsFiles:
        """What the files say now: one reading for all who want it in one turn of the loop, as a login does."""
        reading = self._about_to_begin.get(where)
        if reading is None or reading.get_loop() is not asyncio.get_running_loop():
            reading = asyncio.get_running_loop().create_task(self._read(where))
            self._about_to_begin[where] = reading
        return await asyncio.shield(reading)

    async def _read(self, where: Where) -> AwsFiles:
        await asyncio.sleep(0)
        del self._about_to_begin[where]  # guard: keys-are-read-no-sooner-than-they-are-wanted
        return await asyncio.to_thread(inifiles.read, *where)  # a thousand profiles take a tenth of a second


def in_credentials_file(name: str, files: AwsFiles) -> Source | None:
    """The source that a profile is by its keys in the credentials file, which come before all else but a sign-in.

    Raises:
        ConfigError: There is half of a key.
    """
    return _keys(name, files) if ACCESS_KEY in files.credentials.get(name, {}) else None


def in_config_file(name: str, files: AwsFiles) -> Source | None:
    """The same by keys in the config file, which a credential_process comes before.

    Raises:
        ConfigError: There is half of a key.
    """
    return _keys(name, files) if ACCESS_KEY in files.config.get(name, {}) else None


def without_id(name: str, files: AwsFiles) -> None:
    """Refuse a profile that has the rest of a key only.

    Raises:
        ConfigError: It has.
    """
    profile = files.profiles[name]
    if SECRET_KEY in profile or any(token in profile for token in TOKENS):
        raise errors.ConfigError(f"{name!r} has no {ACCESS_KEY}.", f"Add it to {files.credentials_file}.")


def keys_of(name: str, files: AwsFiles) -> Credentials | None:
    """The access key of a profile, all of it from one file as botocore takes it; None where there is none."""
    for section in (files.credentials.get(name, {}), files.config.get(name, {})):
        if ACCESS_KEY in section:
            token = next((section[key] for key in TOKENS if key in section), None)
            return Credentials(section[ACCESS_KEY], section.get(SECRET_KEY, ""), token or None)
    return None


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
    return Source(name, "profile", inifiles.plain(files.profiles[name].get("region")), temporary=temporary, key=digest)
