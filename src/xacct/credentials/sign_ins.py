"""What is known of all sign-ins together, to IAM Identity Center and to AWS: our clients, and what renews the tokens.

Neither is an entry's to hold: an access token that has ended is let go of, and the sign-in behind it lives on.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from xacct.model import Role, Source

if TYPE_CHECKING:
    from xacct.model import ConsoleTokens, Credentials
    from xacct.signin import AnySignIn, Authorization, DeviceCode, Registration, SignIn, Tokens


class IdentityCenter(Protocol):
    """The calls that signing in takes; aws/identity_center.py says what each raises."""

    async def register(self, role: Role) -> Registration:
        """Become a client of the instance that a role is reached by."""

    async def start(self, role: Role, client: Registration) -> DeviceCode:
        """Begin a sign-in."""

    async def finish(self, role: Role, client: Registration, code: DeviceCode) -> Tokens:
        """The tokens of one that was begun."""

    async def renew(self, role: Role, client: Registration, refresh_token: str) -> Tokens:
        """The next tokens."""

    async def role_credentials(self, role: Role, token: str) -> Credentials:
        """A role's credentials."""


class ConsoleLogins(Protocol):
    """The calls that a console login takes; aws/console_login.py says what each raises."""

    async def begin(self, role: Role, *, elsewhere: bool) -> Authorization:
        """Begin a sign-in, in a browser of this machine or (elsewhere) of another."""

    async def finish(self, role: Role, begun: Authorization) -> ConsoleTokens:
        """What one brings that was begun, once the human is done."""

    async def renew(self, role: Role, client: Registration, refresh_token: str) -> ConsoleTokens:
        """The next credentials."""


class SignIns:
    """Of each sign-in (`source_of`) the client, the refresh token, and the access tokens that AWS has refused."""

    def __init__(self) -> None:
        self.clients: dict[Source, Registration] = {}
        self.refresh_tokens: dict[Source, str] = {}
        self._dead: set[bytes] = set()
        self._distrusted: set[Source] = set()

    def renewable(self, source: Source, now: float) -> bool:
        """Whether it could be renewed without a human, as far as we know.

        Args:
            source: which sign-in.
            now: AWS's time.
        """
        client = self.clients.get(source)
        return client is not None and client.expires_at > now and source in self.refresh_tokens

    def client(self, source: Source, now: float) -> Registration | None:
        """The client that we are to it still."""
        client = self.clients.get(source)
        return client if client is not None and client.expires_at > now else None

    def take(self, source: Source, tokens: Tokens) -> None:
        """It was signed in to, or renewed: each refresh token is good for one use."""
        if tokens.refresh_token:
            self.refresh_tokens[source] = tokens.refresh_token
        else:
            self.refresh_tokens.pop(source, None)

    def ends_at(self, source: Source) -> float | None:
        """When a sign-in that can be renewed ends for good (AWS's time); None where that is not known."""
        client = self.clients.get(source)
        known = source.console is not None and client is not None and source in self.refresh_tokens
        return client.expires_at if known and client is not None else None

    def forget(self, source: Source) -> None:
        """It was ended: by a logout, or by AWS. The client stays: a new one would have to be confirmed anew.

        A console login's is made anew each time, and its key is of no more use.
        """
        self.refresh_tokens.pop(source, None)
        if source.console is not None:
            self.clients.pop(source, None)

    def forget_client(self, source: Source) -> None:
        """AWS knows that client no more, nor what was given to it."""
        self.clients.pop(source, None)
        self.refresh_tokens.pop(source, None)

    def died(self, source: Source, token: str) -> None:
        """AWS does not take an access token, whatever the file says that it may be in."""
        self._dead.add(_digest(token))
        self._distrusted.add(source)

    def lives(self, source: Source, token: str) -> bool:
        """Whether an access token was not refused yet: then what it was found in is believed again."""
        if _digest(token) in self._dead:  # guard: dead-sign-in-is-not-taken-again
            return False
        self._distrusted.discard(source)
        return True

    def distrusted(self, source: Source) -> bool:
        """Whether the last access token of it that we had was refused."""
        return source in self._distrusted


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()


def source_of(role: Role) -> Source:
    """The sign-in that a role is had with, as a source of no account: all profiles of it share it.

    The same sign-in in other files is another one: somebody else may have signed in there.
    """
    assert isinstance(role.parent, Source)  # noqa: S101 - such roles hang from a source
    parent, label = role.parent, any_sign_in_of(role).label
    files = role.parent.files  # guard: sign-in-is-of-its-own-files
    return Source(label, parent.kind, sign_in=parent.sign_in, console=parent.console, files=files)


def any_sign_in_of(role: Role) -> AnySignIn:
    """The same, of whichever kind, as its settings say."""
    assert isinstance(role.parent, Source)  # noqa: S101 - such roles hang from a source
    assert role.parent.signs_in is not None  # noqa: S101 - and that has one
    return role.parent.signs_in


def sign_in_of(role: Role) -> SignIn:
    """The one to IAM Identity Center that a permission set is had with, as its settings say."""
    assert isinstance(role.parent, Source)  # noqa: S101 - such roles hang from a source
    assert role.parent.sign_in is not None  # noqa: S101 - and that has one
    return role.parent.sign_in
