"""The AWS CLI's token cache as a place for our sign-ins too: `[identity_center] share_cache` of config.toml.

Whoever of the two has renewed a sign-in last has the refresh token that is good still, so both keep it in one file.
"""

from __future__ import annotations

import asyncio
import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from xacct import awsfiles, errors, fileio
from xacct.aws import command_line_sign_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xacct.model import Source
    from xacct.signin import KeptSignIn, Registration, SignIn, Tokens


class SharedCache:
    """Files of the AWS CLI, for each sign-in one.

    Args:
        env: the daemon's environment at its start.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = dict(env)
        self._problems: dict[Source, errors.XacctError] = {}

    def problems(self) -> list[errors.XacctError]:
        """What could not be written."""
        return list(self._problems.values())

    def read(self, source: Source) -> KeptSignIn | None:
        """What the AWS CLI keeps of a sign-in, with what renews it; None where that is nothing."""
        try:
            return command_line_sign_in.read_all(source.identity_center, self._env_of(source))
        except errors.SourceUnusable:
            return None

    async def write(self, source: Source, client: Registration, tokens: Tokens) -> None:
        """Keep what we have of a sign-in where the AWS CLI looks. That it can't be written costs us nothing."""
        sign_in = source.identity_center
        path = command_line_sign_in.path_of(sign_in, self._env_of(source))
        try:
            await asyncio.to_thread(_write, os.fspath(path), _file_of(sign_in, client, tokens))
        except OSError as error:
            self._problems[source] = errors.StateNotKept(
                f"The sign-in to {sign_in.label} can't be written for the AWS CLI: {path} ({error.strerror}).",
                f"ls -ld {path.parent}; xacct has it all the same, the AWS CLI may need a sign-in of its own.",
            )
        else:
            self._problems.pop(source, None)

    def _env_of(self, source: Source) -> dict[str, str]:
        return awsfiles.Files(*source.files).within(self._env) if source.files else self._env


def _write(path: str, content: bytes) -> None:
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)  # noqa: PTH103, PTH120
    fileio.write_private(path, content)  # guard: shared-cache-is-private


def _file_of(sign_in: SignIn, client: Registration, tokens: Tokens) -> bytes:
    """As the AWS CLI writes it (botocore, utils.py, SSOTokenFetcher; read by tokens.py, SSOTokenProvider)."""
    kept = {
        "startUrl": sign_in.start_url,
        "region": sign_in.region,
        "accessToken": tokens.access_token,
        "expiresAt": _iso(tokens.expires_at),
        "clientId": client.client_id,
        "clientSecret": client.client_secret,
        "registrationExpiresAt": _iso(client.expires_at),
    }
    if tokens.refresh_token is not None:
        kept["refreshToken"] = tokens.refresh_token
    return json.dumps(kept).encode()


def _iso(instant: float) -> str:
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
