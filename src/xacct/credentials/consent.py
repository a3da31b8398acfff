"""Consent: which roles the human has logged out of. Kept by role, never on an entry that other roles use as a parent.

Logged out stays logged out until the human logs in to just that role, whatever is fetched, renewed, restarted, read
from a keychain or logged in to meanwhile. The other half, which consumer may use a guarded role, is in
prompts/approvals.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from xacct import errors
from xacct.credentials.revocable import RevocableWaits

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

T = TypeVar("T")


class Consents:
    """Roles by name.

    Attributes:
        logged_out: those that nobody gets.
        decided: those about which this process was told.
    """

    def __init__(self) -> None:
        self.logged_out: set[str] = set()
        self.decided: set[str] = set()
        self._waiting: dict[str, RevocableWaits] = {}

    def give(self, name: str) -> None:
        """The human has logged in to just this role."""
        self.decided.add(name)
        self.logged_out.discard(name)

    def take_back(self, names: Iterable[str]) -> None:
        """The human has logged out of these roles; whoever waits for one hears so at once."""
        for name in names:
            self.decided.add(name)
            self.logged_out.add(name)
            if name in self._waiting:
                self._waiting[name].revoke()  # guard: consent-who-waits-hears-of-logout

    def remember(self, logged_out: Iterable[str]) -> None:
        """What an earlier process was told; what this one was told since is newer."""
        self.logged_out |= set(logged_out) - self.decided  # guard: consent-what-is-said-later-counts

    def check(self, name: str) -> None:
        """Go on only where the role may leave.

        Raises:
            HumanNeeded: the human has logged out of it.
        """
        if name in self.logged_out:
            raise logged_out_of(name)

    async def run_unless_logged_out(self, name: str, waiting: Coroutine[Any, Any, T]) -> T:
        """What `waiting` gives, unless the human logs out of the role before or meanwhile.

        Raises:
            HumanNeeded: they have. Otherwise what `waiting` raises.
        """
        waits = self._waiting.setdefault(name, RevocableWaits(lambda: self.check(name)))
        try:
            return await waits.run(waiting)
        finally:
            if not waits:
                self._waiting.pop(name, None)


def logged_out_of(name: str) -> errors.HumanNeeded:
    """What whoever wants the role is told."""
    return errors.HumanNeeded(f"You are logged out of {name}.", f"xacctctl login {name}")
