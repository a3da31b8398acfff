"""First credentials, read at the moment they are needed and not kept: profile keys, credential_process, environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xacct import errors
from xacct.aws import credential_process, profiles
from xacct.model import Credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xacct.model import Source


class FileSources:
    """Sources as the AWS files and `env` (the daemon's environment at its start) have them."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = dict(env)

    async def load(self, source: Source) -> Credentials:
        """The keys of a source.

        Raises:
            SourceUnusable: it has none now; why.
            ConfigError: its file can't be parsed.
        """
        if source.kind == "process":
            return await credential_process.credentials_of(source, self._env)
        if source.kind == "environment":
            keys: Mapping[str, Any] = {name.lower(): value for name, value in self._env.items()}
            where = "the daemon's environment"
        else:
            keys = profiles.read(self._env).raw.get(source.name, {})
            where = f"the profile {source.name!r}"
        if not (keys.get("aws_access_key_id") and keys.get("aws_secret_access_key")):
            raise errors.SourceUnusable(f"There is no access key in {where}.", "Add it to ~/.aws/credentials.")
        return Credentials(
            keys["aws_access_key_id"], keys["aws_secret_access_key"], keys.get("aws_session_token") or None
        )
