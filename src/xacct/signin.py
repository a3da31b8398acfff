"""Values of a sign-in in a browser: what it is to, its client, its code, its tokens. Instants are AWS's time.

A sign-in is held as an MFA session is: an entry that roles hang from (credentials/fetchers/sign_in.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

_TOPIC = "sign-in:"

SCOPES = ("sso:account:access",)
"""What the AWS CLI asks for where the sso-session names no scopes (AWS CLI User Guide, sso_registration_scopes)."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in that all profiles of one sso_session, or of one start URL, share.

    Attributes:
        name: the sso_session's; empty: of profiles that name the start URL themselves. Those get no refresh token.
        start_url: the instance's.
        region: the instance's.
        scopes: what is asked for.
        oidc_url: the address that is asked for tokens, instead of AWS's own.
        portal_url: likewise the one that is asked for roles.
    """

    name: str
    start_url: str
    region: str
    scopes: tuple[str, ...] = SCOPES
    oidc_url: str | None = None
    portal_url: str | None = None

    @property
    def label(self) -> str:
        """What people call it."""
        return self.name or self.start_url

    @property
    def instance(self) -> str:
        """The start URL without what people copy along with it, and AWS overlooks: a fragment, a slash at its end."""
        return self.start_url.partition("#")[0].rstrip("/").lower()

    @property
    def topic(self) -> str:
        """What somebody subscribes to, to be asked for it; no MFA device's serial number looks like this."""
        return f"{_TOPIC}{self.name}:{self.start_url}"

    @property
    def service(self) -> str:
        """What is signed in to."""
        return "IAM Identity Center"


@dataclass(frozen=True, slots=True)
class ConsoleLogin:
    """A sign-in to AWS as one identity (`aws login`), that all profiles of one login_session and region share.

    Attributes:
        session: the ARN of who has to sign in, as login_session names it.
        region: where that is asked.
        url: the address that is asked, instead of AWS's own.
    """

    session: str
    region: str
    url: str | None = None

    @property
    def label(self) -> str:
        """What people call it."""
        return self.session

    @property
    def topic(self) -> str:
        """As `SignIn.topic`."""
        return f"{_TOPIC}{self.region}:{self.session}"

    @property
    def service(self) -> str:
        """What is signed in to."""
        return "AWS"


AnySignIn = SignIn | ConsoleLogin


class Begun(Protocol):
    """A sign-in that waits for a human in a browser, as a prompt shows it."""

    @property
    def url(self) -> str:
        """Where in a browser."""

    @property
    def user_code(self) -> str:
        """What is typed there; empty: nothing."""

    @property
    def take(self) -> Callable[[str], None] | None:
        """Takes what the browser shows in the end, which the human brings back; None: nothing has to be brought.

        Raises:
            BadInput: that is not it.
        """


class Authorization(Begun, Protocol):
    """A console login that waits for what the browser brings; aws/authorization.py has what is what.

    Attributes:
        client_id: which client of AWS's we are for it.
        key: the private key that proofs are signed with.
        verifier: what the code is good with.
        redirect_uri: where the browser is sent in the end.
    """

    client_id: str
    key: str
    verifier: str
    redirect_uri: str

    async def code(self) -> str:
        """The authorization code, once the human is done.

        Raises:
            Declined: they have said no.
        """

    async def close(self) -> None:
        """Wait for it no more: nobody listens afterwards."""


@dataclass(frozen=True, slots=True)
class Registration:
    """The client that xacct is to an instance.

    Or to AWS's console login, until that ends: there the secret is the private key that proofs are signed with.
    """

    client_id: str
    client_secret: str = field(repr=False)
    expires_at: float = 0.0


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """A sign-in that waits for a human in a browser.

    Attributes:
        device_code: the secret half, by which we ask whether the human is done.
        user_code: the half that the human types.
        url: where. The one with the code in it is never shown: who follows such a link confirms what they don't see.
        interval: seconds between two looks.
    """

    device_code: str = field(repr=False)
    user_code: str
    url: str
    expires_at: float
    interval: float

    @property
    def take(self) -> None:
        """As `Begun` says: AWS itself tells when the human is done."""
        return None


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a sign-in brings.

    Attributes:
        refresh_token: brings the next ones, once; None: a human does.
    """

    access_token: str = field(repr=False)
    expires_at: float = 0.0
    refresh_token: str | None = field(default=None, repr=False)


def is_sign_in(topic: str) -> bool:
    """Whether a prompt's topic is a sign-in's, and no device's serial number."""
    return topic.startswith(_TOPIC)
