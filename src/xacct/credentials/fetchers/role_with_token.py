"""A role that is assumed with an identity provider's token (AssumeRoleWithWebIdentity): no key, no code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xacct import errors
from xacct.credentials.fetchers.keys import WithoutMfa

if TYPE_CHECKING:
    from xacct.credentials.entry import Need
    from xacct.model import Credentials


class RoleWithToken(WithoutMfa):
    """As long as whoever writes the token's file puts fresh ones there."""

    async def get(self, need: Need) -> Credentials:
        """New credentials, as Fetcher says."""
        token = (await self.calls.keys(self.role)).session_token or ""
        try:
            return await self.calls.patiently(
                need.wanted, lambda: self.calls.assume_with_token(self.role, self.path(), token, need.place)
            )
        except errors.Refusal as error:
            raise errors.SourceUnusable(
                f"AWS does not take the web identity of {self.role.name!r}: {error.sentence}",
                "Look whether the file of its token has a fresh one, and at the role's trust policy.",
            ) from None
