"""What every kind of source has to say of itself: each is a file beside this one, and a line in its table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xacct.model import Credentials, Role, Source


class WebIdentitySts(Protocol):
    """STS's call that takes no key."""

    async def assume_role_with_web_identity(self, role: Role, token: str, *, session_name: str) -> Credentials:
        """The credentials of `role` for a token. Raises an XacctError where there are none."""


class SourceKind(Protocol):
    """One kind of source. How a profile is found to be of it is in the table LOOKS (sources/__init__.py)."""

    def describe(self, source: Source) -> str:
        """What the credentials come from, in words that follow "start from NAME: "."""

    def needs_human(self, source: Source) -> bool:
        """Whether they could not be had now without a human, as far as that is known without asking anybody."""

    async def load(self, source: Source, env: Mapping[str, str], sts: WebIdentitySts) -> Credentials | None:
        """The credentials, read anew; None where there are none.

        Args:
            source: Of this kind.
            env: The daemon's environment, with the AWS files that have the source.
            sts: For those that are had from STS without a key.

        Raises:
            SourceUnusable: They can't be had now; why.
            ConfigError: Its file can't be parsed.
        """

    def place(self, source: Source) -> str:
        """Where they are looked for, in words that follow "There is no access key in "."""
