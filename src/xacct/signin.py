"""Values of a sign-in in a browser: what it is to, its client, its code, its tokens. Instants are AWS's time.

A sign-in is held as an MFA session is: an entry that roles hang from (credentials/fetchers/sign_in.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_TOPIC = "sign-in:"

LISTING = "the list of accounts"
"""What a prompt for a sign-in says it is for, where it is for no role."""

Mode = Literal["device-code", "redirect", "paste"]
"""How a human signs in: in any browser, by a code that is typed there ("device-code") or a text that is copied from
there ("paste"); or in a browser on this machine, which comes back by itself ("redirect")."""

T_co = TypeVar("T_co", covariant=True)

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
    def redirects(self) -> bool:
        """Whether a browser may come back by itself: not for profiles without an sso_session, which have no scopes."""
        return bool(self.name and self.scopes)

    @property
    def instance(self) -> str:
        """The start URL as it can be compared (instance_of)."""
        return instance_of(self.start_url)

    @property
    def topic(self) -> str:
        """What somebody subscribes to, to be asked for it; no MFA device's serial number looks like this."""
        return f"{_TOPIC}{self.name}:{self.start_url}"

    @property
    def service(self) -> str:
        """What is signed in to."""
        return "IAM Identity Center"

    @property
    def whereto(self) -> str:
        """The same in a sentence."""
        return self.label


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
    def redirects(self) -> bool:
        """As `SignIn.redirects`."""
        return True

    @property
    def service(self) -> str:
        """What is signed in to."""
        return "AWS"

    @property
    def whereto(self) -> str:
        """As `SignIn.whereto`: an ARN does not say what it is signed in to with."""
        return f"AWS ({self.session})"


AnySignIn = SignIn | ConsoleLogin


class Begun(Protocol):
    """A sign-in that waits for a human in a browser, as a prompt shows it."""

    @property
    def mode(self) -> Mode:
        """Which of the ways to sign in it is."""

    @property
    def url(self) -> str:
        """What is opened in a browser."""

    @property
    def user_code(self) -> str:
        """What is typed there; empty: nothing."""

    @property
    def take(self) -> Callable[[str], None] | None:
        """Takes what the browser shows at the end, which the human pastes; None: nothing has to be pasted.

        Raises:
            BadInput: that is not it.
        """


class Authorization(Begun, Protocol[T_co]):
    """A sign-in that waits for an authorization code; aws/authorization.py is the real one."""

    @property
    def came_back(self) -> bool:
        """Whether an answer has been brought."""

    async def tokens(self) -> T_co:
        """What the code is exchanged for, once it is there."""

    def close(self) -> None:
        """Wait no more."""


@dataclass(frozen=True, slots=True)
class Registration:
    """The client that xacct is to an instance: one for each mode, for AWS gives none for both.

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
        take: as `Begun` says: AWS itself tells when the human is done.
    """

    mode: ClassVar[Mode] = "device-code"

    device_code: str = field(repr=False)
    user_code: str
    url: str
    expires_at: float
    interval: float
    take: None = None


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a sign-in brings.

    Attributes:
        refresh_token: brings the next ones, once; None: a human does.
    """

    access_token: str = field(repr=False)
    expires_at: float = 0.0
    refresh_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Renewal:
    """What brings the next tokens of a sign-in.

    Attributes:
        client: to whom the refresh token was given: nobody else may use it.
        expires_at: the end of the access token that came with it, by which the later of two is known.
    """

    client: Registration
    refresh_token: str = field(repr=False)
    expires_at: float = 0.0


@dataclass(frozen=True, slots=True)
class KeptSignIn:
    """What the AWS CLI keeps of a sign-in.

    Attributes:
        client: to whom the tokens were given; None: not known.
    """

    tokens: Tokens
    client: Registration | None


@dataclass(frozen=True, slots=True)
class Account:
    """An AWS account in which somebody who is signed in has a permission set."""

    account_id: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class AccountsPage:
    """A part of the list of accounts; `after` leads to the next one, None: there is none."""

    accounts: tuple[Account, ...]
    after: str | None = None


@dataclass(frozen=True, slots=True)
class PermissionSetsPage:
    """A part of the list of permission sets in an account; `after` as in AccountsPage."""

    names: tuple[str, ...]
    after: str | None = None


def instance_of(start_url: str) -> str:
    """A start URL without what people copy along with it, and AWS overlooks: a fragment, a slash at its end."""
    return start_url.partition("#")[0].rstrip("/").lower()


def is_sign_in(topic: str) -> bool:
    """Whether a prompt's topic is a sign-in's, and no device's serial number."""
    return topic.startswith(_TOPIC)
