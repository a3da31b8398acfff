"""Accounts and permission sets of IAM Identity Center."""

from typing import Literal, NotRequired, TypedDict

from xacct.payloads.failures import ErrorBody


class AccountsRequest(TypedDict):
    """POST /v1/accounts. The answer streams prompts and `listing` events, then `accounts` or `failed`, and `done`.

    Attributes:
        session: the name of an sso-session, or a start URL; absent: the only one that the files have.
        refresh: list anew, whatever is kept.
        attend: as in LoginRequest.
    """

    session: NotRequired[str]
    refresh: NotRequired[bool]
    attend: NotRequired[bool]


class ListingEvent(TypedDict):
    """How far a list of accounts is: the permission sets of so many of them are known."""

    event: Literal["listing"]
    listed: int
    total: int


class SignInInfo(TypedDict):
    """An instance of IAM Identity Center, as AWS's files name it.

    Attributes:
        session: the sso-session; empty: of profiles that name the start URL themselves.
        example: a profile that is reached by it, null: there is none.
    """

    session: str
    start_url: str
    region: str
    example: str | None


class PermissionSetInfo(TypedDict):
    """A permission set in an account.

    Attributes:
        profiles: those of the request's files that are just that.
    """

    permission_set: str
    profiles: list[str]


class AccountInfo(TypedDict):
    """An account.

    Attributes:
        error: why its permission sets could not be listed, else null.
    """

    account_id: str
    account_name: str
    email: str
    permission_sets: list[PermissionSetInfo]
    error: ErrorBody | None


class AccountsEvent(TypedDict):
    """The accounts and permission sets of whoever is signed in; made at `listed_at`, which may be some minutes ago."""

    event: Literal["accounts"]
    sign_in: SignInInfo
    accounts: list[AccountInfo]
    listed_at: float
    now: float
