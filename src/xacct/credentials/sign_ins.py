"""What is known of all sign-ins together, to IAM Identity Center and to AWS: our clients, and what renews the tokens.

Neither is an entry's to hold: an access token that has ended is let go of, and the sign-in behind it lives on.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from xacct.model import Role, Source
from xacct.signin import Renewal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from xacct.model import ConsoleTokens, Credentials
    from xacct.signin import (
        AccountsPage,
        AnySignIn,
        Authorization,
        DeviceCode,
        KeptSignIn,
        Mode,
        PermissionSetsPage,
        Registration,
        SignIn,
        Tokens,
    )


class IdentityCenter(Protocol):
    """The calls that a sign-in to it takes; aws/identity_center.py says what each raises."""

    async def register(self, role: Role, mode: Mode) -> Registration:
        """Become a client of the instance that a role is reached by, for one way to sign in."""

    async def open_redirect(self, role: Role, client: Registration) -> Authorization[Tokens]:
        """Begin a sign-in in a browser on this machine; the caller closes it."""

    async def start(self, role: Role, client: Registration) -> DeviceCode:
        """Begin a sign-in."""

    async def finish(self, role: Role, client: Registration, code: DeviceCode) -> Tokens:
        """The tokens of one that was begun."""

    async def renew(self, role: Role, renewal: Renewal) -> Tokens:
        """The next tokens."""

    async def role_credentials(self, role: Role, token: str) -> Credentials:
        """A role's credentials."""

    async def accounts(self, role: Role, token: str, after: str | None) -> AccountsPage:
        """A page of the accounts that whoever signed in has permission sets in."""

    async def permission_sets(self, role: Role, token: str, account: str, after: str | None) -> PermissionSetsPage:
        """A page of those of one account."""


class SharedCache(Protocol):
    """Where the AWS CLI keeps its sign-ins, where that is to have ours, too; aws/shared_cache.py is the real one."""

    def read(self, source: Source) -> KeptSignIn | None:
        """What is kept of a sign-in; None where that is nothing."""

    async def write(self, source: Source, client: Registration, tokens: Tokens) -> None:
        """Keep what we have of one. It fails in silence: nothing depends on it."""


class ConsoleLogins(Protocol):
    """The calls that a console login takes; aws/console_login.py says what each raises."""

    async def begin(self, role: Role, *, here: bool) -> Authorization[ConsoleTokens]:
        """Begin a sign-in, in a browser on this machine or anywhere; the caller closes it."""

    async def renew(self, role: Role, renewal: Renewal) -> ConsoleTokens:
        """The next credentials."""


class SignIns:
    """Of each sign-in (`source_of`) the clients, what renews it, and the access tokens that AWS has refused."""

    def __init__(self) -> None:
        self.clients: dict[tuple[Source, Mode], Registration] = {}
        self.renewals: dict[Source, Renewal] = {}
        self._dead: set[bytes] = set()
        self._distrusted: set[Source] = set()

    def renewable(self, source: Source, now: float) -> bool:
        """Whether it could be renewed without a human, as far as we know.

        Args:
            source: which sign-in.
            now: AWS's time.
        """
        return self.renewal(source, now) is not None

    def renewal(self, source: Source, now: float) -> Renewal | None:
        """What renews it without a human, unless the client that it was given to has ended."""
        renewal = self.renewals.get(source)
        return renewal if renewal is not None and renewal.client.expires_at > now else None

    def client(self, source: Source, mode: Mode, now: float) -> Registration | None:
        """The client that we are to it still."""
        client = self.clients.get((source, mode))
        return client if client is not None and client.expires_at > now else None

    def take(self, source: Source, client: Registration, tokens: Tokens) -> None:
        """It was signed in to, or renewed: each refresh token is good for one use."""
        if tokens.refresh_token:
            self.renewals[source] = Renewal(client, tokens.refresh_token, tokens.expires_at)
        else:
            self.renewals.pop(source, None)

    def later(self, source: Source, kept: KeptSignIn, now: float) -> Renewal | None:
        """What renews a sign-in by what the AWS CLI keeps of it; None: nothing, or nothing later than what we have."""
        ours, token = self.renewals.get(source), kept.tokens.refresh_token
        if kept.client is None or kept.client.expires_at <= now or token is None or _digest(token) in self._dead:
            return None
        # guard: shared-cache-takes-what-is-later-alone
        if ours is not None and (token == ours.refresh_token or kept.tokens.expires_at <= ours.expires_at):
            return None
        return Renewal(kept.client, token, kept.tokens.expires_at)

    def ended(self, source: Source, renewal: Renewal) -> None:
        """AWS renews nothing by that refresh token: it has been used, or its sign-in has ended."""
        self._dead.add(_digest(renewal.refresh_token))
        if self.renewals.get(source) == renewal:
            del self.renewals[source]

    def ends_at(self, source: Source) -> float | None:
        """When a sign-in that can be renewed ends for good (AWS's time); None where that is not known."""
        renewal = self.renewals.get(source)
        return renewal.client.expires_at if renewal is not None and source.console is not None else None

    def forget(self, source: Source) -> None:
        """It was ended: by a logout, or by AWS. The clients stay: new ones would have to be confirmed anew.

        A console login's client goes with what renews it: it is another each time, and its key is of no more use.
        """
        self.renewals.pop(source, None)

    def forget_client(self, source: Source, client: Registration) -> None:
        """AWS knows that client no more, nor what was given to it."""
        for key in [key for key, known in self.clients.items() if key[0] == source and known == client]:
            del self.clients[key]
        renewal = self.renewals.get(source)
        if renewal is not None and renewal.client == client:
            del self.renewals[source]

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


class Browsers:
    """Which roles a human waits for now who can be shown a page in a browser on this machine."""

    def __init__(self) -> None:
        self._waiting: Counter[str] = Counter()

    @contextmanager
    def at(self, role: str) -> Iterator[None]:
        """One waits for a role meanwhile."""
        self._waiting[role] += 1
        try:
            yield
        finally:
            self._waiting[role] -= 1

    def for_any(self, roles: Iterable[str]) -> bool:
        """Whether one waits for any of these."""
        return any(self._waiting[role] > 0 for role in roles)


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()


def source_of(role: Role) -> Source:
    """The sign-in that a role is had with, as a source of no account: all profiles of it share it.

    The same sign-in in other files is another one: somebody else may have signed in there.
    """
    parent, label = role.source, any_sign_in_of(role).label
    files = role.source.files  # guard: sign-in-is-of-its-own-files
    return Source(label, parent.kind, sign_in=parent.sign_in, console=parent.console, files=files)


def any_sign_in_of(role: Role) -> AnySignIn:
    """The same, of whichever kind, as its settings say."""
    sign_in = role.source.signs_in
    assert sign_in is not None  # noqa: S101 - such roles have one
    return sign_in


def sign_in_of(role: Role) -> SignIn:
    """The one to IAM Identity Center that a permission set is had with, as its settings say."""
    return role.source.identity_center
