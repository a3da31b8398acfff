"""What the sign-in has issued and remembers, in memory: open questions, codes, sign-ins, refresh tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from xacct.sandbox.console_login.proofs import Proofs
from xacct.sandbox.identity_center.kept import Kept
from xacct.sandbox.sign_in_control import SignInState

if TYPE_CHECKING:
    from xacct.sandbox.world import User

SESSION_SECONDS: Final = 43200.0
TOKEN_SECONDS: Final = 900.0
CODE_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True)
class Question:
    """What a browser asked /v1/authorize for, all of it checked; `expires` in Unix seconds."""

    client_id: str
    redirect_uri: str
    state: str
    challenge: str
    expires: float


@dataclass(slots=True)
class Login:
    """What a human's yes begins: nothing is refreshed after its end (Unix seconds), or once it is revoked."""

    user: User
    ends: float
    revoked: bool = False

    def over(self, now: float) -> bool:
        """Return whether nothing may be had by it any more."""
        return self.revoked or now >= self.ends


@dataclass(slots=True)
class Code:
    """An authorization code; good once."""

    question: Question
    login: Login
    expires: float
    used: bool = False


@dataclass(frozen=True, slots=True)
class Refresh:
    """A refresh token: whose, for which client, and the thumbprint of the key that it is bound to."""

    login: Login
    client_id: str
    thumbprint: str


@dataclass(slots=True)
class State(SignInState):
    """All of it."""

    proofs: Proofs = field(default_factory=Proofs)
    questions: Kept[Question] = field(default_factory=Kept)
    codes: Kept[Code] = field(default_factory=Kept)
    refresh: Kept[Refresh] = field(default_factory=Kept)
    logins: Kept[Login] = field(default_factory=Kept)

    def user(self, name: str | None) -> User | None:
        """Return the user of a name; the first one where none is said."""
        users = self.sts.world.users
        return next((user for user in users if name in {None, user.name}), None)

    def session_seconds(self) -> float:
        """Return how long a sign-in lasts."""
        cap = self.sts.caps.sign_in
        return SESSION_SECONDS if cap is None else min(cap, SESSION_SECONDS)

    def token_seconds(self) -> float:
        """Return how long its credentials live."""
        cap = self.sts.caps.token
        return TOKEN_SECONDS if cap is None else min(cap, TOKEN_SECONDS)
