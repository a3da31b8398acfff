"""Keys in the daemon's environment: `credential_source = Environment`, as botocore's EnvProvider takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xacct.model import Credentials, Source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xacct.aws.sources.kind import WebIdentitySts

ENVIRONMENT = Source("environment", "environment")
"""There is one environment."""


class Environment:
    """What the daemon was started with."""

    def describe(self, _source: Source) -> str:
        """As SourceKind says."""
        return "the environment"

    def needs_human(self, _source: Source) -> bool:
        """Never."""
        return False

    async def load(self, _source: Source, env: Mapping[str, str], _sts: WebIdentitySts) -> Credentials:
        """As SourceKind says; an empty variable is none."""
        token = env.get("AWS_SECURITY_TOKEN") or env.get("AWS_SESSION_TOKEN")
        return Credentials(env.get("AWS_ACCESS_KEY_ID", ""), env.get("AWS_SECRET_ACCESS_KEY", ""), token or None)

    def place(self, _source: Source) -> str:
        """As SourceKind says."""
        return "the daemon's environment"
