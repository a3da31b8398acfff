"""An instance of IAM Identity Center as a world has it: users, accounts, permission sets, assignments. Frozen."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from xacct.sandbox import keys

# Roles of this region have no region in their path ("Referencing permission sets in resource policies").
_REGION_WITHOUT_PATH = "us-east-1"


@dataclass(frozen=True, slots=True)
class Account:
    """An AWS account that the instance knows: twelve digits, a name and an e-mail address."""

    account_id: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class PermissionSet:
    """What becomes a role in each account that it is assigned in.

    Attributes:
        name: What profiles call it in sso_role_name.
        seconds: How long its role's credentials live (AWS: 1 to 12 hours, one by default).
    """

    name: str
    seconds: int = 3600


@dataclass(frozen=True, slots=True)
class Assignment:
    """A user's right to an account's role: the names of user and permission set, and the account id."""

    user: str
    account_id: str
    permission_set: str


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance of Identity Center, with the lifetimes that its administrator has set.

    Attributes:
        start_url: The address of its portal, by which clients name it.
        region: Where it lives; sso_region in profiles.
        users: Their names; the first signs in where nobody says who.
        accounts: Which it knows.
        permission_sets: Which there are.
        assignments: Who has which, and where.
        session_seconds: From sign-in to the end of all refreshing (AWS: 15 minutes to 90 days, 8 hours by default).
        token_seconds: Life of an access token that can be refreshed (AWS: an hour).
        code_seconds: Life of device codes and of authorization codes (AWS: ten minutes).
        interval: Seconds between two polls for a device code (AWS answers 1).
        suspended: Ids of accounts that are listed, and whose roles nobody may list or have.
    """

    start_url: str
    region: str
    users: tuple[str, ...]
    accounts: tuple[Account, ...] = ()
    permission_sets: tuple[PermissionSet, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    session_seconds: float = 28800
    token_seconds: float = 3600
    code_seconds: float = 600
    interval: int = 1
    suspended: frozenset[str] = frozenset()

    def knows(self, account_id: str) -> bool:
        """Return whether the account is one of this instance's."""
        return any(account.account_id == account_id for account in self.accounts)

    def accounts_of(self, user: str) -> list[Account]:
        """Return the accounts in which the user has a role, in the instance's order."""
        assigned = {each.account_id for each in self.assignments if each.user == user}
        return [account for account in self.accounts if account.account_id in assigned]

    def roles_of(self, user: str, account_id: str) -> list[PermissionSet]:
        """Return the permission sets that the user has in the account, in the instance's order."""
        if account_id in self.suspended:
            return []
        assigned = {
            each.permission_set for each in self.assignments if each.user == user and each.account_id == account_id
        }
        return [each for each in self.permission_sets if each.name in assigned]

    def role_name(self, account_id: str, permission_set: str) -> str:
        """Return what IAM calls a permission set's role in an account: AWSReservedSSO_NAME_sixteen hex digits."""
        seed = f"{self.start_url} {account_id} {permission_set}"
        return f"AWSReservedSSO_{permission_set}_{hashlib.sha256(seed.encode()).hexdigest()[:16]}"

    def role_arn(self, account_id: str, permission_set: str) -> str:
        """Return the ARN of a permission set's role in an account."""
        path = "" if self.region == _REGION_WITHOUT_PATH else f"{self.region}/"
        name = self.role_name(account_id, permission_set)
        return f"arn:aws:iam::{account_id}:role/aws-reserved/sso.amazonaws.com/{path}{name}"

    def role_id(self, account_id: str, permission_set: str) -> str:
        """Return the unique id of a permission set's role in an account, AROA..."""
        return keys.unique_id("AROA", self.role_arn(account_id, permission_set))
