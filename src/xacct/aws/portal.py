"""The access portal's lists: in which accounts somebody who is signed in has which permission sets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from xacct.aws import sdk_failures, sign_in_failures
from xacct.aws.identity_center import IdentityCenter
from xacct.signin import Account, AccountsPage, PermissionSetsPage
from xacct.text import clean

if TYPE_CHECKING:
    from xacct.model import Role

PAGE = 100
"""Entries of a page, the most that AWS gives (AWS SSO Portal API Reference, ListAccounts, maxResults)."""

LONGEST = 256
"""Characters of an account's name or address that are kept; AWS has 50 and 64 (AWS Organizations API Reference)."""

_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_PERMISSION_SET = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)


class Portal(IdentityCenter):
    """IAM Identity Center with its lists. `role` says how it is reached; of it no permission set is asked for."""

    async def accounts(self, role: Role, token: str, after: str | None) -> AccountsPage:
        """A page of the accounts.

        Args:
            role: one that is reached by the sign-in.
            token: the sign-in's access token.
            after: what led here; None: the first page.

        Raises:
            ParentExpired: the token is not taken any more.
            XacctError: as `register`.
        """
        answer = await self._listed(role, "list_accounts", {"accessToken": token}, after, "accounts")
        try:
            found = tuple(map(_account, answer.get("accountList") or ()))
        except (KeyError, TypeError, ValueError):
            raise sdk_failures.something_else("accounts", self.asked) from None
        return AccountsPage(found, _after(answer))

    async def permission_sets(self, role: Role, token: str, account: str, after: str | None) -> PermissionSetsPage:
        """A page of the permission sets in an account.

        Args:
            role: one that is reached by the sign-in.
            token: the sign-in's access token.
            account: the account's id.
            after: what led here; None: the first page.

        Raises:
            AccessDenied: those of this account are not told.
            ParentExpired: the token is not taken any more.
            XacctError: as `register`.
        """
        arguments = {"accessToken": token, "accountId": account}
        what = f"permission sets in {account}"
        answer = await self._listed(role, "list_account_roles", arguments, after, what)
        try:
            names = tuple(_permission_set(each) for each in answer.get("roleList") or ())
        except (KeyError, TypeError, ValueError):
            raise sdk_failures.something_else("accounts", self.asked) from None
        return PermissionSetsPage(names, _after(answer))

    async def _listed(
        self, role: Role, method: str, arguments: dict[str, Any], after: str | None, what: str
    ) -> dict[str, Any]:
        given = {**arguments, "maxResults": PAGE, **({} if after is None else {"nextToken": after})}
        url = role.source.identity_center.portal_url
        return await self._call("sso", url, role, method, given, sign_in_failures.LISTING_ROWS, what)


def _account(said: dict[str, Any]) -> Account:
    account_id = said["accountId"]
    if not _ACCOUNT_ID.fullmatch(account_id):
        raise ValueError
    name, email = (clean(str(said.get(each) or ""))[:LONGEST] for each in ("accountName", "emailAddress"))
    return Account(account_id, name, email)


def _permission_set(said: dict[str, Any]) -> str:
    name = said["roleName"]
    if not _PERMISSION_SET.fullmatch(name):
        raise ValueError
    return str(name)


def _after(answer: dict[str, Any]) -> str | None:
    after = answer.get("nextToken")
    return str(after) if after else None
