"""A role that is assumed from an MFA session, or from another role: AWS calls that role chaining."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xacct import errors
from xacct.credentials.fetchers.calls import needs_code
from xacct.credentials.fetchers.role import RoleFetcher
from xacct.policy import Hop

if TYPE_CHECKING:
    from xacct.credentials.entry import Entry, Need
    from xacct.model import Credentials

YOUNG_MFA = 60.0
"""Seconds up to which a refusal can't be blamed on the MFA session's age."""


class RoleFromParent(RoleFetcher):
    """AssumeRole with a parent's credentials; what AWS's refusals teach of the MFA's age is remembered."""

    def needs_human(self) -> bool:
        """Where the parent does, or its MFA is too old for the role."""
        parent = self._parent
        return self._too_old() or not (parent.valid() or parent.refreshable_without_mfa())

    def mfa_was_fresh(self) -> bool:
        """A second hop carries no MFA, old or young; else the session tells."""
        if self.path().hop is Hop.FROM_ROLE:
            return True
        opened = self._parent.issued_at
        return opened is not None and self.calls.clock.now() - opened <= YOUNG_MFA

    @property
    def _parent(self) -> Entry:
        assert self.parent is not None  # noqa: S101 - such a role hangs from one
        return self.parent

    async def get(self, need: Need) -> Credentials:
        """New credentials, as Fetcher says."""
        parent = self._parent
        if self._too_old() and parent.valid():
            why = f"The trust policy of {self.role.name} wants a younger MFA."
            return await self.calls.assume(self.role, self.path(), await self._younger_mfa(need, why), need.place)
        if not need.human and not parent.valid() and not parent.refreshable_without_mfa():
            raise parent.needed(self.role.name)
        keys = await parent.get(ask=need.human, dependent=need.entry)
        try:
            return await self._assumed(need, keys)
        except (errors.ParentExpired, errors.BadKey) as error:
            # AWS knows better than our clock: the parent has ended.
            self.sessions.died(keys.access_key_id)
            if parent.held is keys:
                parent.drop(error)
            if isinstance(error, errors.BadKey):
                raise
        keys = await parent.get(ask=need.human, dependent=need.entry)
        return await self._assumed(need, keys)

    async def _assumed(self, need: Need, keys: Credentials) -> Credentials:
        path, name = self.path(), self.role.name
        age = self.calls.clock.now() - keys.issued_at
        try:
            got = await self.calls.patiently(need.wanted, lambda: self.calls.assume(self.role, path, keys, need.place))
        except errors.PolicyDenied:
            raise
        except errors.AccessDenied as error:
            if path.hop is not Hop.FROM_SESSION:
                raise
            return await self._with_a_younger_mfa(need, age, error)
        worked = self.calls.observed_limits.worked_at_age
        worked[name] = max(age, worked.get(name, 0.0))
        return got

    async def _with_a_younger_mfa(self, need: Need, age: float, denied: errors.AccessDenied) -> Credentials:
        """Refused from a session of some age: a trust policy with aws:MultiFactorAuthAge would say just this.

        One code opens the session anew, for however many roles are refused.
        """
        name, observed_limits = self.role.name, self.calls.observed_limits
        if age <= max(YOUNG_MFA, observed_limits.worked_at_age.get(name, 0.0)):
            raise denied
        why = f"AWS refuses {name} with an MFA {age / 60:.0f} min old; its trust policy may want a younger one."
        if not need.human:
            raise errors.MfaTooOld(why, f"xacctctl login {name}")
        got = await self.calls.assume(self.role, self.path(), await self._younger_mfa(need, why), need.place)
        observed_limits.max_age[name] = max(YOUNG_MFA, observed_limits.worked_at_age.get(name, 0.0))
        return got

    async def _younger_mfa(self, need: Need, why: str) -> Credentials:
        """The MFA session, opened anew; whoever else needs that waits for the same code."""
        if not need.human:
            raise needs_code(self.role.name)
        self.sessions.wanted_younger(self._parent, why)
        return await self._parent.refresh(ask=True, dependent=need.entry)

    def _too_old(self) -> bool:
        """Whether the MFA session is past what the role's trust policy is known to accept."""
        limit = self.calls.observed_limits.oldest_mfa(self.role)
        held = self._parent.held
        return limit is not None and held is not None and self.calls.clock.now() - held.issued_at >= limit
