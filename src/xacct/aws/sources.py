"""First credentials, read at the moment they are needed and not kept: profile keys, credential_process, environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xacct import awsfiles, errors
from xacct.aws import credential_process, inifiles, profiles, ways
from xacct.model import Credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xacct.model import Source


class FileSources:
    """Sources as the AWS files and the environment have them.

    Args:
        env: the daemon's environment at its start.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = dict(env)

    async def load(self, source: Source) -> Credentials:
        """The keys of a source.

        Raises:
            SourceUnusable: it has none now; why.
            ConfigError: its file can't be parsed.
        """
        if source.kind == "process":
            return await credential_process.credentials_of(source, self._env_of(source))
        if source.kind == "environment":
            keys = _of_environment(self._env)
            where = "the daemon's environment"
        else:
            keys = ways.keys_of(source.name, inifiles.read(*profiles.files(self._env_of(source))))
            where = f"the profile {source.name!r}"
        if keys is None or not (keys.access_key_id and keys.secret_access_key):
            raise errors.SourceUnusable(f"There is no access key in {where}.", "Add it to ~/.aws/credentials.")
        return keys

    def _env_of(self, source: Source) -> dict[str, str]:
        """The daemon's environment with the files that have this source: by them a program finds its own profiles."""
        return awsfiles.Files(*source.files).within(self._env) if source.files else self._env


def _of_environment(env: Mapping[str, str]) -> Credentials | None:
    """As botocore's EnvProvider takes them; an empty variable is none."""
    token = env.get("AWS_SECURITY_TOKEN") or env.get("AWS_SESSION_TOKEN")
    return Credentials(env.get("AWS_ACCESS_KEY_ID", ""), env.get("AWS_SECRET_ACCESS_KEY", ""), token or None)
