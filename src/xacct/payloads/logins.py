"""Logging in and out, and credentials themselves."""

from typing import Literal, NotRequired, TypedDict


class LoginRequest(TypedDict):
    """POST /v1/login. The answer streams `LoginEvent`s and ends with `done`.

    Attributes:
        code: answers the first prompt; without it the prompts come in the stream, and the caller
            answers them at POST /v1/prompts/ID.
        attend: false: don't wait for a human, fail instead.
        until: the MFA session must last until then (Unix seconds), renewed early if it does not.
        grant: the id of a grant that must be allowed to use them, too: for guarded roles that is one more question.
        again: spend a code on roles that AWS has refused in spite of a fresh one.
        browser: a sign-in may be one in a browser on this machine, which comes back by itself. False: any browser is to
            do (with a code that is typed there, or a text that is copied from there), even where one on this machine
            is waited for already. Without it: any browser does, unless one on this machine is waited for.
        serial: the MFA device whose code it is to be, if it takes one, instead of the configured ones.
        lazy: open the MFA sessions that the roles hang from, and have each role fetched at its first use; one that
            takes a code of its own is had now.
    """

    roles: list[str]
    grant: NotRequired[str]
    code: NotRequired[str]
    until: NotRequired[float]
    attend: NotRequired[bool]
    again: NotRequired[bool]
    browser: NotRequired[bool]
    lazy: NotRequired[bool]
    serial: NotRequired[str]


class CredentialsRequest(TypedDict):
    """POST /v1/credentials: like login for one role, but a `credentials` event carries the secrets.

    Attributes:
        lifetime: seconds that must be left; more than an hour makes the daemon take the direct path.
        agent: as in GrantRequest.
    """

    role: str
    attend: NotRequired[bool]
    lifetime: NotRequired[int]
    agent: NotRequired[str]


class CredentialsEvent(TypedDict):
    """The secrets themselves: only in the stream of POST /v1/credentials."""

    event: Literal["credentials"]
    role: str
    access_key_id: str
    secret_access_key: str
    session_token: str
    expiration: str | None
    account_id: str | None
    region: str | None


class LogoutRequest(TypedDict):
    """POST /v1/logout: some roles, or `all` (which forgets the MFA sessions too)."""

    roles: NotRequired[list[str]]
    all: NotRequired[bool]


class LogoutAnswer(TypedDict):
    """What was let go."""

    roles: list[str]
