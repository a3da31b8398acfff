"""A role that is assumed with the MFA code itself: longer than an hour, and anew only with another code."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from xacct import errors, policy
from xacct.credentials.fetchers.calls import needs_code
from xacct.credentials.fetchers.role import RoleFetcher

if TYPE_CHECKING:
    from collections.abc import Callable

    from xacct.credentials.entry import Need
    from xacct.model import Credentials, Role
    from xacct.policy import Path


class RoleWithCode(RoleFetcher):
    """AssumeRole with serial number and code."""

    def needs_human(self) -> bool:
        """Each time."""
        return True

    def mfa_was_fresh(self) -> bool:
        """It was given for this very call."""
        return True

    async def get(self, need: Need) -> Credentials:
        """New credentials, as Fetcher says."""
        return await self.once(self.path(), need.wanted, human=need.human)

    async def once(self, path: Path, wanted: Callable[[], bool], *, human: bool) -> Credentials:
        """Credentials by a path of another duration, say.

        Args:
            path: the path.
            wanted: whether somebody waits still.
            human: whether one may be asked.

        Raises:
            XacctError: as `fetch`.
        """
        if not human:
            raise needs_code(self.role.name)
        keys = await self.calls.keys(self.role)

        async def call(role: Role, code: str) -> Credentials:
            longest = self.calls.observed_limits.longest.get(self.role.name, path.duration)
            shorter = replace(path, duration=min(path.duration, longest))
            return await self.calls.assume(role, shorter, keys, code=code)

        async def ask() -> Credentials:
            return await self.calls.with_code(self.role, lambda: (self.role.name,), wanted, call)

        try:
            return await ask()
        except errors.DurationTooLong:
            if path.duration <= policy.ROLE_DURATION:
                raise
            # Nobody documents whether a refused duration uses the code up, so the next one is asked for; the
            # maximum is remembered, so this happens once a role.
            self.calls.observed_limits.longest[self.role.name] = policy.ROLE_DURATION
            return await ask()
