"""What Identity Center has issued and remembers, in memory: registrations, open questions, sign-ins, tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xacct.sandbox.identity_center.kept import Kept
from xacct.sandbox.sign_in_control import SignInState

if TYPE_CHECKING:
    from xacct.sandbox.identity_center.instance import Instance


@dataclass(frozen=True, slots=True)
class Client:
    """A registration.

    Attributes:
        client_id: By which it is known.
        name: As it was given, for the human.
        scopes: What its tokens may be used for; nothing but sso:account:access brings refresh tokens.
        grants: The grant types it asked for; None where it did not say.
        redirect_uris: Where a browser may be sent back to.
        issuer: The start URL of its instance; None where it did not say.
        expires: Unix seconds.
        secret: What it proves itself by.
    """

    client_id: str
    name: str
    scopes: tuple[str, ...]
    grants: frozenset[str] | None
    redirect_uris: tuple[str, ...]
    issuer: str | None
    expires: float
    secret: str = field(repr=False)


@dataclass(slots=True)
class SignIn:
    """What a human's yes begins: all tokens of a sign-in end with it.

    Attributes:
        user: Who signed in.
        start_url: Where.
        ends: Unix seconds; no refresh after it.
        revoked: Whether it was ended before.
    """

    user: str
    start_url: str
    ends: float
    revoked: bool = False

    def over(self, now: float) -> bool:
        """Return whether nothing may be had by it any more."""
        return self.revoked or now >= self.ends


@dataclass(slots=True)
class DeviceRequest:
    """A device authorization: the device polls by one code, a human answers by the other.

    Attributes:
        user_code: What the human reads off and types, like BCDF-GHJK.
        client: Who asks.
        start_url: The instance it is for.
        expires: Unix seconds.
        interval: Seconds that have to lie between two polls; grows by five with each one that comes too early.
        polled: When the device asked last, Unix seconds.
        sign_in: What the human's yes began.
        denied: Whether the human said no.
        used: Whether the device has had its token.
    """

    user_code: str
    client: Client
    start_url: str
    expires: float
    interval: float
    polled: float | None = None
    sign_in: SignIn | None = None
    denied: bool = False
    used: bool = False

    def open(self, now: float) -> bool:
        """Return whether a human may still answer."""
        return self.sign_in is None and not self.denied and now < self.expires


@dataclass(frozen=True, slots=True)
class BrowserRequest:
    """What a browser asked /authorize for, all of it checked.

    Attributes:
        client: Who asks.
        start_url: The instance it is for.
        redirect_uri: Where the browser goes with the answer.
        state: What it brings back unchanged.
        challenge: SHA-256 of the verifier, base64 without padding.
        expires: When the page is over, Unix seconds.
    """

    client: Client
    start_url: str
    redirect_uri: str
    state: str
    challenge: str
    expires: float


@dataclass(slots=True)
class AuthorizationCode:
    """A code that a browser brought back; good once.

    Attributes:
        request: What it answers.
        sign_in: What the human's yes began.
        expires: Unix seconds.
        used: Whether somebody has tried to change it for a token.
    """

    request: BrowserRequest
    sign_in: SignIn
    expires: float
    used: bool = False


@dataclass(frozen=True, slots=True)
class Token:
    """An access or refresh token: whose sign-in, who got it, until when (Unix seconds)."""

    sign_in: SignIn
    client: Client
    expires: float


@dataclass(slots=True)
class State(SignInState):
    """All of it.

    Attributes:
        clients: By client id.
        devices: By device code.
        requests: By the random name that the consent page has.
        codes: By authorization code.
        access: By access token.
        refresh: By refresh token; each is good once.
        sign_ins: By a number of no meaning.
    """

    clients: Kept[Client] = field(default_factory=Kept)
    devices: Kept[DeviceRequest] = field(default_factory=Kept)
    requests: Kept[BrowserRequest] = field(default_factory=Kept)
    codes: Kept[AuthorizationCode] = field(default_factory=Kept)
    access: Kept[Token] = field(default_factory=Kept)
    refresh: Kept[Token] = field(default_factory=Kept)
    sign_ins: Kept[SignIn] = field(default_factory=Kept)

    def instance(self, start_url: str) -> Instance | None:
        """Return the instance of a start URL, with or without a slash or `#/` at its end; None if there is none."""
        wanted = plain(start_url)
        return next((each for each in self.sts.world.instances if plain(each.start_url) == wanted), None)


def plain(start_url: str) -> str:
    """Return a start URL without what people copy along with it: a fragment, a slash at its end."""
    return start_url.partition("#")[0].rstrip("/")
