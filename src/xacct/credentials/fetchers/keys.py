"""Roles that stand on a source's keys alone, without MFA: the keys themselves, and roles assumed with them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from xacct import errors
from xacct.credentials.fetchers.calls import parent_name
from xacct.credentials.fetchers.role import RoleFetcher

if TYPE_CHECKING:
    from xacct.credentials.entry import Need
    from xacct.model import Credentials


class WithoutMfa(RoleFetcher):
    """What needs no code: a human is needed where the source does."""

    def needs_human(self) -> bool:
        """Where the source does."""
        return self.calls.source_needs_human(self.role)

    def mfa_was_fresh(self) -> bool:
        """There is none."""
        return False


class PlainKeys(WithoutMfa):
    """A session of the source's own user; temporary keys are handed on as they are."""

    async def get(self, need: Need) -> Credentials:
        """New credentials, as Fetcher says."""
        keys = await self.calls.keys(self.role)
        if keys.session_token:
            return self._handed_on(keys)
        seconds = self.calls.defaults.session_duration
        return await self.calls.patiently(
            need.wanted, lambda: self.calls.open_session(self.role, keys, None, seconds, need.place)
        )

    def _handed_on(self, keys: Credentials) -> Credentials:
        """A source's temporary keys, which are the role's own: AWS opens no session with such."""
        name = parent_name(self.role)
        if keys.expires_at is None:
            raise errors.SourceUnusable(
                f"The keys of {name!r} are temporary, and nothing says until when they last.",
                "Use them as they are, or as the source_profile of a role.",
            )
        if keys.expires_at <= self.calls.clock.now():
            raise errors.SourceUnusable(f"The keys of {name!r} have expired.", "Renew them.")
        return replace(keys, issued_at=self.calls.clock.now())


class RoleFromKeys(WithoutMfa):
    """A role whose trust policy demands no MFA."""

    async def get(self, need: Need) -> Credentials:
        """New credentials, as Fetcher says."""
        keys = await self.calls.keys(self.role)
        return await self.calls.patiently(
            need.wanted, lambda: self.calls.assume(self.role, self.path(), keys, need.place)
        )
