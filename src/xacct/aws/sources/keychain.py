"""Access keys in the operating system's keychain: of profiles that AWS's own tools find no credentials for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from xacct import errors
from xacct.aws import inifiles
from xacct.model import Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from xacct.aws.inifiles import AwsFiles
    from xacct.model import Credentials


class KeptKeys(Protocol):
    """The keychain, as far as a source needs it."""

    async def get(self, where: tuple[str, str], profile: str) -> Credentials:
        """The access key of a profile.

        Args:
            where: the config and the credentials file that have the profile, symbolic links followed.
            profile: its name.

        Raises:
            SourceLocked: the keychain is locked, or does not answer.
            SourceUnusable: there is no such key.
        """


class NoKeychain:
    """Where there is none."""

    async def get(self, _where: tuple[str, str], profile: str) -> Credentials:
        """As KeptKeys says."""
        raise errors.SourceUnusable(f"There is no keychain here for the access key of {profile!r}.")


class Keychain:
    """A profile's access key in the keychain."""

    def __init__(self, keys: KeptKeys) -> None:
        self._keys = keys

    def describe(self, _source: Source) -> str:
        """As SourceKind says."""
        return "its access key, in the keychain"

    def needs_human(self, _source: Source, _env: Mapping[str, str], _now: float) -> bool:
        """Not as far as is known without asking the keychain, which may be locked."""
        return False

    async def load(self, source: Source, env: Mapping[str, str]) -> Credentials:
        """As SourceKind says."""
        return await self._keys.get(where(env), source.name)


def where(env: Mapping[str, str]) -> tuple[str, str]:
    """The config and the credentials file of an environment, symbolic links followed."""
    config, credentials = inifiles.paths(env)
    return str(config.resolve()), str(credentials.resolve())


def found(name: str, files: AwsFiles) -> Source | None:
    """The source that a profile is by its key in the keychain; looked for last, where AWS's tools find nothing."""
    key = files.in_keychain.get(name)
    if key is None:
        return None
    return Source(name, "keychain", inifiles.plain(files.profiles[name].get("region")), key=key)


def unused(files: AwsFiles, sources: Mapping[str, Source | None]) -> Iterator[errors.KeyNotUsed]:
    """What is said of keys in the keychain that count for nothing.

    Args:
        files: what the AWS files say.
        sources: what each profile with such a key is by itself; without those that can't be used.
    """
    for name in files.in_keychain:
        if name not in files.profiles:
            yield errors.KeyNotUsed(
                f"The keychain has an access key of the profile {name!r}, which {files.config_file} does not have.",
                f"Add [profile {name}] there, or: xacctctl keys remove {name}",
            )
        elif (source := sources.get(name)) is not None and source.kind != "keychain":
            yield errors.KeyNotUsed(
                f"The profile {name!r} has an access key in the keychain that is not used: it has credentials in"
                " AWS's files as well, and those are what AWS's tools take.",
                f"Take them out of the files, or: xacctctl keys remove {name}",
            )
