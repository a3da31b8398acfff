"""The portal (`sso`): accounts, roles and role credentials for whoever has an access token."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Final, TypeVar

from xacct.sandbox.identity_center import refusals
from xacct.sandbox.sessions import Principal, SessionContext

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xacct.sandbox.calls import Call
    from xacct.sandbox.identity_center.instance import Instance, PermissionSet
    from xacct.sandbox.identity_center.state import SignIn, State

BEARER: Final = "x-amz-sso_bearer_token"
_MOST: Final = 100
_PAGE: Final = 20

T = TypeVar("T")


class Portal:
    """The four calls of one request.

    Args:
        state: What is known.
        token: The header x-amz-sso_bearer_token; "" where it is not there.
        given: The query's parameters.
        now: Unix seconds.
        call: The record to fill in.

    Raises:
        Refusal: UnauthorizedException for a token that is unknown, over or revoked.
    """

    def __init__(self, state: State, token: str, given: Mapping[str, str], now: float, call: Call) -> None:
        self._state, self._given, self._now, self._call = state, given, now, call
        self._sign_in = self._authenticated(token)
        instance = state.instance(self._sign_in.start_url)
        if instance is None:
            raise refusals.unauthorized()
        self._instance: Instance = instance
        call.principal = self._sign_in.user

    def _authenticated(self, token: str) -> SignIn:
        found = self._state.access.get(token)
        if found is None or self._now >= found.expires or found.sign_in.over(self._now):
            raise refusals.unauthorized()
        if self._state.faults.take("expired-token", service="sso"):
            raise refusals.unauthorized()
        return found.sign_in

    def list_accounts(self) -> dict[str, object]:
        """Return a page of the accounts in which the user has a role."""
        accounts = self._instance.accounts_of(self._sign_in.user)
        page, again = self._page(accounts, "accounts")
        listed = [{"accountId": a.account_id, "accountName": a.name, "emailAddress": a.email} for a in page]
        return {"accountList": listed, **again}

    def list_account_roles(self) -> dict[str, object]:
        """Return a page of the user's roles in an account.

        Raises:
            Refusal: For an account that does not exist, or that the user has nothing in.
        """
        account = self._account()
        roles = self._instance.roles_of(self._sign_in.user, account)
        if not roles:
            raise refusals.forbidden()
        page, again = self._page(roles, account)
        return {"roleList": [{"roleName": role.name, "accountId": account} for role in page], **again}

    def get_role_credentials(self) -> dict[str, object]:
        """Return credentials of a role, good at the STS beside.

        Raises:
            Refusal: For an account that does not exist, or a role that the user does not have.
        """
        name, account = self._required("role_name"), self._account()
        roles = self._instance.roles_of(self._sign_in.user, account)
        role = next((each for each in roles if each.name == name), None)
        if role is None:
            raise refusals.forbidden()
        self._call.role_arn = self._instance.role_arn(account, role.name)
        return {"roleCredentials": self._issue(account, role)}

    def logout(self) -> None:
        """End the sign-in, with all its tokens."""
        self._sign_in.revoked = True

    def _issue(self, account: str, role: PermissionSet) -> dict[str, object]:
        user, sts = self._sign_in.user, self._state.sts
        who = Principal(
            arn=f"arn:aws:sts::{account}:assumed-role/{self._instance.role_name(account, role.name)}/{user}",
            account=account,
            user_id=f"{self._instance.role_id(account, role.name)}:{user}",
            role_arn=self._instance.role_arn(account, role.name),
        )
        seconds = role.seconds if sts.caps.role is None else min(role.seconds, sts.caps.role)
        session = sts.sessions.issue(who, SessionContext(), self._now + seconds)
        return {
            "accessKeyId": session.key_id,
            "secretAccessKey": session.secret,
            "sessionToken": session.token,
            "expiration": int(session.expires * 1000),
        }

    def _account(self) -> str:
        account = self._required("account_id")
        if not re.fullmatch(r"\d{12}", account, re.ASCII):
            raise refusals.bad_request("account_id is not valid")
        if not self._instance.knows(account):
            raise refusals.not_found("Account not found")
        return account

    def _required(self, name: str) -> str:
        value = self._given.get(name)
        if not value:
            raise refusals.bad_request(f"{name} is required")
        return value

    def _page(self, found: Sequence[T], what: str) -> tuple[Sequence[T], dict[str, object]]:
        """The page that was asked for, and the member that leads to the next one, if there is one."""
        size = self._size()
        begin = self._begin(what)
        end = begin + size
        again: dict[str, object] = {"nextToken": _token(what, end)} if end < len(found) else {}
        return found[begin:end], again

    def _size(self) -> int:
        given = self._given.get("max_result")
        if given is None:
            return _PAGE
        if not re.fullmatch(r"\d{1,3}", given, re.ASCII) or not 1 <= int(given) <= _MOST:
            raise refusals.bad_request(f"max_result is not between 1 and {_MOST}")
        return int(given)

    def _begin(self, what: str) -> int:
        given = self._given.get("next_token")
        if given is None:
            return 0
        try:
            of, _, begin = base64.urlsafe_b64decode(given.encode()).decode().partition(" ")
            number = int(begin)
        except ValueError:
            of, number = "", -1
        if of != what or number < 0:
            raise refusals.bad_request("next_token is not valid")
        return number


def _token(what: str, begin: int) -> str:
    return base64.urlsafe_b64encode(f"{what} {begin}".encode()).decode()
