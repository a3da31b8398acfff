"""A permission set of IAM Identity Center in an account, had from its access portal with the token of a sign-in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xacct import errors
from xacct.credentials.fetchers.calls import needs_sign_in
from xacct.credentials.fetchers.role import RoleFetcher
from xacct.credentials.sign_ins import sign_in_of, source_of

if TYPE_CHECKING:
    from xacct.credentials.entry import Entry, Need
    from xacct.model import Credentials


class RoleFromSignIn(RoleFetcher):
    """GetRoleCredentials; how long they live is the permission set's to say."""

    def needs_human(self) -> bool:
        """Where the sign-in does."""
        return not (self._parent.valid() or self._parent.refreshable_without_mfa())

    def mfa_was_fresh(self) -> bool:
        """It takes no code that could be spent in vain."""
        return False

    async def get(self, need: Need) -> Credentials:
        """New credentials, as Fetcher says."""
        parent = self._parent
        if not need.human and self.needs_human():
            raise needs_sign_in(sign_in_of(self.role), self.role.name)
        token = await parent.get(ask=need.human, dependent=need.entry)
        try:
            return await self._had(need, token)
        except errors.ParentExpired as error:
            # AWS knows better than our clock, and than the file of the AWS CLI: that sign-in has ended.
            self.calls.sign_ins.died(source_of(self.role), token.session_token or "")
            if parent.held is token:
                parent.drop(error)
        token = await parent.get(ask=need.human, dependent=need.entry)
        return await self._had(need, token)

    @property
    def _parent(self) -> Entry:
        assert self.parent is not None  # noqa: S101 - such a role hangs from one
        return self.parent

    async def _had(self, need: Need, token: Credentials) -> Credentials:
        return await self.calls.patiently(
            need.wanted, lambda: self.calls.role_of_sign_in(self.role, token.session_token or "", need.place)
        )
