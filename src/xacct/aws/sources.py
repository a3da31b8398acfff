"""First credentials, read at the moment they are needed and not kept: profile keys, credential_process, environment."""

from __future__ import annotations

import asyncio
import json
import shlex
from datetime import datetime
from typing import TYPE_CHECKING

from xacct import errors
from xacct.aws import inifiles, profiles, ways
from xacct.model import Credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xacct.model import Source

PROCESS_TIMEOUT = 60.0
"""Seconds a credential_process may take; botocore waits for ever, and a daemon must not."""

ASKING = "XACCT_SOURCE"
"""The variable that tells a credential_process which source it is run for: xacctctl then refuses to ask us back."""


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
            return await self._run(source)
        if source.kind == "environment":
            keys = _of_environment(self._env)
            where = "the daemon's environment"
        else:
            keys = ways.keys_of(source.name, inifiles.read(*profiles.files(self._env)))
            where = f"the profile {source.name!r}"
        if keys is None or not (keys.access_key_id and keys.secret_access_key):
            raise errors.SourceUnusable(f"There is no access key in {where}.", "Add it to ~/.aws/credentials.")
        return keys

    async def _run(self, source: Source) -> Credentials:
        """Run a credential_process (AWS SDKs and Tools Reference Guide, Process credential provider)."""
        try:
            child = await asyncio.create_subprocess_exec(
                *shlex.split(source.command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=self._env | {ASKING: source.name},
            )
        except (OSError, ValueError):
            raise _unusable(source, "can't be started") from None
        try:
            out, _ = await asyncio.wait_for(child.communicate(), PROCESS_TIMEOUT)
        except TimeoutError:
            child.kill()
            await child.wait()
            raise _unusable(source, f"did not end within {PROCESS_TIMEOUT:.0f} s") from None
        if child.returncode:
            raise _unusable(source, f"ended with status {child.returncode}")
        return _parse(source, out)


def _of_environment(env: Mapping[str, str]) -> Credentials | None:
    """As botocore's EnvProvider takes them; an empty variable is none."""
    token = env.get("AWS_SECURITY_TOKEN") or env.get("AWS_SESSION_TOKEN")
    return Credentials(env.get("AWS_ACCESS_KEY_ID", ""), env.get("AWS_SECRET_ACCESS_KEY", ""), token or None)


def _parse(source: Source, out: bytes) -> Credentials:
    try:
        said = json.loads(out)
        expiration = said.get("Expiration")
        return Credentials(
            said["AccessKeyId"],
            said["SecretAccessKey"],
            said.get("SessionToken"),
            datetime.fromisoformat(expiration).timestamp() if expiration else None,
            account_id=said.get("AccountId"),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _unusable(source, "printed something else than credentials") from None


def _unusable(source: Source, what: str) -> errors.SourceUnusable:
    return errors.SourceUnusable(
        f"The credential_process of {source.name!r} {what}.",
        "Run it by hand and see what it says. It must not ask xacct itself. As a service it runs in a sandbox:"
        " docs/service.md.",
    )
