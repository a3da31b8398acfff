"""What the fetchers of roles share: what AWS refuses in spite of a fresh MFA is noted: no other code is spent on it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from xacct import errors, policy
from xacct.credentials.fetchers.calls import needs_code

if TYPE_CHECKING:
    from xacct.credentials.entry import Entry, Need
    from xacct.credentials.fetchers.calls import Calls
    from xacct.credentials.fetchers.mfa_session import MfaSessions
    from xacct.credentials.refused import Refused
    from xacct.model import Credentials, Role
    from xacct.policy import Path


class RoleFetcher(ABC):
    """Gets one role's credentials.

    Attributes:
        parent: the entry it hangs from: an MFA session or another role; None: keys.
    """

    def __init__(
        self, role: Role, parent: Entry | None, *, calls: Calls, sessions: MfaSessions, refused: Refused
    ) -> None:
        self.role = role
        self.parent = parent
        self.calls = calls
        self.sessions = sessions
        self._refused = refused

    @abstractmethod
    def needs_human(self) -> bool:
        """Whether it could not succeed now without a human."""

    def needed(self, role: str) -> errors.HumanNeeded:
        """As Fetcher says: what it hangs from knows."""
        return needs_code(role) if self.parent is None else self.parent.needed(role)

    @abstractmethod
    def mfa_was_fresh(self) -> bool:
        """Whether the MFA that the role was asked for with was as young as it can be."""

    @abstractmethod
    async def get(self, need: Need) -> Credentials:
        """New credentials; errors are those of `fetch`."""

    async def fetch(self, need: Need) -> Credentials:
        """New credentials, as Fetcher says."""
        try:
            got = await self.get(need)
        except errors.Refusal as error:
            own = self.parent is None or self.parent.error is not error
            if own and self.mfa_was_fresh():
                self._refused.note(self.role, error)
            raise
        self._refused.forget(self.role.name)
        return got

    def path(self) -> Path:
        """The path, by what is known now of the longest duration."""
        return policy.path_to(self.role, learned_max=self.calls.observed_limits.longest.get(self.role.name))
