"""What is remembered of a keeper, as plain values: snapshot.py takes them from one and gives them to the next."""

from __future__ import annotations

import msgspec

from xacct.model import Credentials, Source, StsTarget  # noqa: TC001 - msgspec reads the annotations
from xacct.prompts.approved import Length  # noqa: TC001 - likewise
from xacct.signin import Registration  # noqa: TC001 - likewise


class Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a memory. Some hold secrets, so none says more than its name."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class ErrorSnapshot(Value, frozen=True):
    """Why the last try failed."""

    code: str
    sentence: str
    hint: str


class EntrySnapshot(Value, frozen=True):
    """What an entry holds, when it is renewed, and how its last try went. Instants are AWS's; `*_boot` are ours."""

    held: Credentials | None
    renew_at: float | None
    failures: int
    failed_boot: float | None
    retry_boot: float | None
    error: ErrorSnapshot | None


class SignInSnapshot(Value, frozen=True, omit_defaults=True):
    """What renews a sign-in without a human, and the clients that we are to its instance.

    Attributes:
        client: the one that the refresh token was given to, where there is one.
        by_code: the one that signs in by device codes; likewise `by_redirect`.
        expires_at: the end of the access token that came with the refresh token.
    """

    client: Registration
    refresh_token: str | None
    by_code: Registration | None = None
    by_redirect: Registration | None = None
    expires_at: float = 0.0


class SessionSnapshot(Value, frozen=True):
    """An MFA session, known by its source, its device's serial and where STS is asked for it; or a sign-in."""

    source: Source
    serial: str | None
    target: StsTarget
    entry: EntrySnapshot = msgspec.field(name="lease")  # what the kept state has called it from the beginning
    sign_in: SignInSnapshot | None = None


class RoleSnapshot(Value, frozen=True):
    """A role with an entry of its own.

    Attributes:
        plan: a digest of its configuration.
        arn: its ARN, where it is known by that alone.
        via: the role it is then reached via.
    """

    name: str
    plan: str
    entry: EntrySnapshot = msgspec.field(name="lease")
    arn: str | None = None
    via: str | None = None


class UseSnapshot(Value, frozen=True):
    """When a role was last wanted, last given, and last logged in to (AWS's time)."""

    asked: float | None
    served: float | None
    login: float | None


class RefusedSnapshot(Value, frozen=True):
    """A role that no code is spent on, as it was configured, and what AWS said."""

    name: str
    plan: str
    error: ErrorSnapshot


class YesSnapshot(Value, frozen=True, omit_defaults=True):
    """A human's yes to the use of a guarded role: approved.Yes."""

    role: str
    length: Length
    consumer: str | None = None
    scope: str = ""
    until: float | None = None
    used: bool = False


class Snapshot(Value, frozen=True, omit_defaults=True):
    """All of it.

    Attributes:
        allowed: yeses as an older daemon kept them: without an end, for a role and a consumer (None: all).
        longest: what AWS's refusals have taught of each role, in seconds; as are `max_age` and `worked_at_age`.
        logged_out: names of roles, whether configured now or not.
        until: how long each role was logged in for.
    """

    sessions: tuple[SessionSnapshot, ...]
    roles: tuple[RoleSnapshot, ...]
    locked: bool
    allowed: tuple[tuple[str, str | None], ...]
    used_codes: dict[str, dict[str, float]]
    longest: dict[str, int]
    max_age: dict[str, float]
    worked_at_age: dict[str, float]
    logged_out: tuple[str, ...]
    uses: dict[str, UseSnapshot]
    until: dict[str, float]
    refused: tuple[RefusedSnapshot, ...]
    approved: tuple[YesSnapshot, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether it holds no credentials."""
        entries = [*(session.entry for session in self.sessions), *(role.entry for role in self.roles)]
        renewable = any(session.sign_in and session.sign_in.refresh_token for session in self.sessions)
        return not renewable and all(entry.held is None for entry in entries)


def nothing_but(*, locked: bool, logged_out: tuple[str, ...]) -> Snapshot:
    """A memory of what was taken back alone."""
    return Snapshot((), (), locked, (), {}, {}, {}, {}, logged_out, {}, {}, ())
