"""What every kind of source has to say of itself: each is a file beside this one, and a line in its table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xacct.model import Credentials, Source


class SourceKind(Protocol):
    """One kind of source. How a profile is found to be of it is in the table LOOKS (sources/__init__.py)."""

    def describe(self, source: Source) -> str:
        """What the credentials come from, in words that follow "start from NAME: "."""

    def needs_human(self, source: Source, env: Mapping[str, str], now: float) -> bool:
        """Whether they could not be had now without a human, as far as that is known without asking anybody.

        Args:
            source: Of this kind.
            env: As `load` has it.
            now: AWS's time (Unix seconds).
        """

    async def load(self, source: Source, env: Mapping[str, str]) -> Credentials:
        """The credentials, read anew; of a web identity its token alone, as a session token.

        Args:
            source: Of this kind.
            env: The daemon's environment, with the AWS files that have the source.

        Raises:
            SourceUnusable: There are none now; why.
            ConfigError: Its file can't be parsed.
        """


KEYS_GO_THERE = "Add it to ~/.aws/credentials."
"""The hint where there is no access key."""
