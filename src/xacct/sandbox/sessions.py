"""Who calls, and the temporary sessions this STS has issued.

A session token is nothing but a random name: what it stands for is kept here, in memory, and is
gone when the sandbox ends (its tokens are invalid from then on).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from xacct.sandbox import errors, keys

if TYPE_CHECKING:
    from xacct.sandbox.permissions import Policy
    from xacct.sandbox.world import User, World


@dataclass(frozen=True, slots=True)
class Principal:
    """An identity as STS names it.

    Attributes:
        arn: User ARN, or assumed-role ARN with the session's name.
        account: Account id.
        user_id: AIDA..., or AROA...:session-name.
        role_arn: The role behind an assumed-role session, else None.
    """

    arn: str
    account: str
    user_id: str
    role_arn: str | None = None


@dataclass(frozen=True, slots=True)
class SessionContext:
    """What a session carries into the requests made with it.

    Attributes:
        mfa_at: When its code was accepted (Unix seconds); None without MFA. Only sessions of
            GetSessionToken carry it: AssumeRole drops it.
        source_identity: Set once in a chain, kept by all that follow.
        tags: Session tags.
        transitive: Which of these tags pass on to the next session, as lower-case keys.
        chained: Whether it was had with temporary credentials.
    """

    mfa_at: float | None = None
    source_identity: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    transitive: frozenset[str] = frozenset()
    chained: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """Temporary credentials and what they stand for; `expires` in Unix seconds.

    Attributes:
        limits: Policies each of which has to allow what is done: the one that AssumeRole was given, and each layer.
        scoped: How many of them are GetScopedCredentials' layers.
    """

    principal: Principal
    context: SessionContext
    key_id: str
    expires: float
    secret: str = field(repr=False)
    token: str = field(repr=False)
    limits: tuple[Policy, ...] = ()
    scoped: int = 0


@dataclass(frozen=True, slots=True)
class Caller:
    """The owner of the credentials a request was signed with; a user's key has no `session`."""

    principal: Principal
    key_id: str
    secret: str = field(repr=False)
    session: Session | None = None


def principal_of(user: User) -> Principal:
    """Return a user as STS names it."""
    return Principal(user.arn, user.account, user.user_id)


class Caps(NamedTuple):
    """The longest that what is issued may live, in seconds; None for no limit.

    Attributes:
        role: Credentials of roles, by whatever way.
        session: MFA sessions.
        token: Identity Center's access tokens that can be refreshed.
        sign_in: Identity Center's sign-ins, with all their tokens.
    """

    role: float | None = None
    session: float | None = None
    token: float | None = None
    sign_in: float | None = None


class SessionStore:
    """All sessions issued so far, by session token."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}

    def issue(
        self,
        principal: Principal,
        context: SessionContext,
        expires: float,
        limits: tuple[Policy, ...] = (),
        scoped: int = 0,
    ) -> Session:
        """Make, remember and return new temporary credentials that end at `expires`; the rest as in `Session`."""
        session = Session(
            principal=principal,
            context=context,
            key_id=keys.access_key_id("ASIA", principal.account),
            expires=expires,
            secret=keys.secret_access_key(),
            token=keys.session_token(),
            limits=limits,
            scoped=scoped,
        )
        self._sessions[session.token] = session
        return session

    def scope(self, session: Session, expires: float, layer: Policy | None) -> Session:
        """The same for a session that is narrowed by one layer more, or None, and ends at `expires`."""
        limits = session.limits if layer is None else (*session.limits, layer)
        scoped = session.scoped + (layer is not None)
        return self.issue(session.principal, session.context, expires, limits, scoped)

    def by_token(self, token: str) -> Session | None:
        """Return the session of a token, however old it is, or None."""
        return self._sessions.get(token)

    def caller(self, world: World, key_id: str, token: str | None, now: float) -> Caller:
        """Return who owns this access key id and session token.

        Raises:
            StsError: InvalidClientTokenId if nobody does, ExpiredToken past the session's end.
        """
        if token is None:
            return _long_term(world, key_id, now)
        session = self._sessions.get(token)
        if session is None or session.key_id != key_id:
            raise errors.invalid_token()
        if now >= session.expires:
            raise errors.expired_token()
        return Caller(session.principal, key_id, session.secret, session)


def _long_term(world: World, key_id: str, now: float) -> Caller:
    found = world.owner_of(key_id, now)
    if found is None:
        raise errors.invalid_token()
    user, key = found
    return Caller(principal_of(user), key_id, key.secret)
