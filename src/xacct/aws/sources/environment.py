"""Keys in the daemon's environment: `credential_source = Environment`, as botocore's EnvProvider takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xacct import errors
from xacct.aws.sources.kind import KEYS_GO_THERE
from xacct.model import Credentials, Source

if TYPE_CHECKING:
    from collections.abc import Mapping


ENVIRONMENT = Source("environment", "environment")
"""There is one environment."""


class Environment:
    """What the daemon was started with."""

    def describe(self, _source: Source) -> str:
        """As SourceKind says."""
        return "the environment"

    def needs_human(self, _source: Source, _env: Mapping[str, str], _now: float) -> bool:
        """Never."""
        return False

    async def load(self, _source: Source, env: Mapping[str, str]) -> Credentials:
        """As SourceKind says; an empty variable is none."""
        key_id, secret = env.get("AWS_ACCESS_KEY_ID", ""), env.get("AWS_SECRET_ACCESS_KEY", "")
        if not (key_id and secret):
            raise errors.SourceUnusable("There is no access key in the daemon's environment.", KEYS_GO_THERE)
        return Credentials(key_id, secret, env.get("AWS_SECURITY_TOKEN") or env.get("AWS_SESSION_TOKEN") or None)
