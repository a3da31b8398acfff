"""How credentials are had: which calls to STS, with whose keys, and when a human has to give a code first.

The path is policy.path_to's. What is learned on the way is remembered: a role's maximum duration, and that a
trust policy wants a young MFA.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from xacct import errors, policy
from xacct.keeper.challenge import with_code
from xacct.keeper.question import NO_CAUSE, Cause
from xacct.keeper.refused import Refused
from xacct.model import Source
from xacct.policy import Hop, Path

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from xacct.clock import AwsClock
    from xacct.keeper.desk import Desk
    from xacct.keeper.lease import Lease
    from xacct.keeper.pace import Pace
    from xacct.model import Credentials, Role, StsTarget

QUICK_RETRIES = (0.3, 0.9)
"""Seconds before the second and third try of a call that carries no code: most hiccups are over by then."""

HUNG = 3.0
"""Seconds after which a failed call is not followed by another at once."""

YOUNG_MFA = 60.0
"""Seconds up to which a refusal can't be blamed on the MFA session's age."""


class Sts(Protocol):
    """The two calls the keeper needs. Each raises an XacctError when it can't answer with credentials."""

    async def get_session_token(self, keys: Credentials, role: Role, *, code: str | None, duration: int) -> Credentials:
        """The MFA session that `role` hangs from, for `duration` seconds (a plain session without a code)."""

    async def assume_role(
        self, keys: Credentials, role: Role, *, session_name: str, duration: int | None, code: str | None
    ) -> Credentials:
        """The role's credentials for `duration` seconds."""


class Sources(Protocol):
    """Where first credentials are read."""

    async def load(self, source: Source) -> Credentials:
        """The source's keys, read anew. Raises SourceUnusable."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Settings the keeper goes by: seconds of an MFA session, and the session name CloudTrail shows.

    `renew_within`: seconds for which a role that was fetched is renewed ahead of its end; 0: never.
    """

    session_duration: int = policy.SESSION_DURATION
    session_name: str = "xacct"
    renew_within: float = policy.RENEW_WITHIN


@dataclass(slots=True)
class Lessons:
    """What AWS's answers have taught of roles, by name.

    The longest duration AWS gives, in seconds; the age of an MFA, in seconds, past which it refuses; and the greatest
    age at which it did not.
    """

    longest: dict[str, int] = field(default_factory=dict)
    max_age: dict[str, float] = field(default_factory=dict)
    worked_at_age: dict[str, float] = field(default_factory=dict)

    def forget(self, name: str) -> None:
        """A role is gone for good."""
        for lesson in (self.longest, self.max_age, self.worked_at_age):
            lesson.pop(name, None)


class Acquire:
    """The ways to credentials."""

    def __init__(self, *, sts: Sts, sources: Sources, desk: Desk, clock: AwsClock, terms: Terms, pace: Pace) -> None:
        self.terms = terms
        self._sts = sts
        self._sources = sources
        self._desk = desk
        self._clock = clock
        self._pace = pace
        self.lessons = Lessons()
        self.refused = Refused()
        self.causes: dict[str, Cause] = {}
        self.places: dict[str, int] = {}
        """Where roles stand in the login that names them: the rest of a bulk waits for what somebody waits for."""
        self._younger: dict[Lease, str] = {}
        self._opened: dict[tuple[str, str | None, StsTarget], Lease] = {}
        self._dead: set[str] = set()

    def silent(self, role: Role, parent: Lease | None) -> bool:
        """Whether the role could be had now without a human."""
        if policy.path_to(role).hop is Hop.WITH_CODE or self._too_old(role, parent):
            return False
        return parent is None or parent.alive() or parent.silent()

    def learned(self, role: Role) -> list[str]:
        """What refusals have taught about a role, in sentences: its longest duration, and the oldest MFA that works."""
        said = []
        if (longest := self.lessons.longest.get(role.name)) is not None:
            said.append(f"learned: AWS gives this role {longest / 60:.0f} min at most")
        if role.mfa_max_age is None and (oldest := self.lessons.max_age.get(role.name)) is not None:
            said.append(f"learned: its trust policy wants an MFA younger than about {oldest / 60:.0f} min")
        return said

    def forget(self, name: str) -> None:
        """A role is gone for good, and with it what refusals have taught of it."""
        self.lessons.forget(name)
        self.refused.forget(name)
        self.causes.pop(name, None)

    async def role(self, role: Role, lease: Lease, *, ask: bool) -> Credentials:
        """A role's credentials by its path.

        Raises:
            XacctError: HumanNeeded where it takes a code and `ask` is false; else what AWS said.
        """
        try:
            got = await self._role(role, lease, ask=ask)
        except errors.Refusal as error:
            own = lease.parent is None or lease.parent.error is not error
            if own and self._freshly_asked(role, lease):
                self.refused.note(role, error)
            raise
        self.refused.forget(role.name)
        return got

    def _freshly_asked(self, role: Role, lease: Lease) -> bool:
        """Whether the MFA that the role was asked for with was as young as it can be."""
        if policy.path_to(role).hop in {Hop.WITH_CODE, Hop.FROM_ROLE}:
            return True  # a second hop carries no MFA, old or young
        root = lease
        while root.parent is not None:
            root = root.parent
        return root is not lease and root.issued_at is not None and self._clock.now() - root.issued_at <= YOUNG_MFA

    async def _role(self, role: Role, lease: Lease, *, ask: bool) -> Credentials:
        path = policy.path_to(role, learned_max=self.lessons.longest.get(role.name))
        if path.hop is Hop.WITH_CODE:
            return await self.with_code(role, path, lease.wanted, ask=ask)
        if lease.parent is not None:
            return await self._from_parent(role, path, lease, lease.parent, ask=ask)
        keys = await self._keys(role)
        if path.hop is Hop.KEYS and keys.session_token:
            return self._handed_on(role, keys)
        if path.hop is Hop.KEYS:
            return await self._patiently(
                lease.wanted, lambda: self._open(role, keys, None, self.terms.session_duration)
            )
        return await self._patiently(lease.wanted, lambda: self._assume(role, path, keys))

    async def session(
        self,
        role: Role,
        roles: Callable[[], tuple[str, ...]],
        lease: Lease,
        cover_until: float | None,
        *,
        ask: bool,
    ) -> Credentials:
        """The MFA session that `role` and its siblings hang from, opened with a code.

        Args:
            roles: whom it is for, now. lease: the session's own. cover_until: when it must still live.

        Raises:
            XacctError: HumanNeeded where nobody may be asked or nobody answers; else what AWS said.
        """
        if not ask:
            raise errors.HumanNeeded(f"{roles()[0]} needs an MFA code.", f"xacctctl login {roles()[0]}")
        keys = await self._keys(role)
        if keys.session_token:
            raise errors.SourceUnusable(
                f"The keys of {_name(role.parent)!r} are temporary: AWS opens an MFA session only with long-term ones.",
                f'Take mfa_serial out of its profile, or set mfa = "direct" for {role.name} in config.toml.',
            )

        async def call(code: str) -> Credentials:
            cover = None if cover_until is None else max(0.0, cover_until - self._clock.now())
            return await self._open(role, keys, code, policy.session_duration(cover, self.terms.session_duration))

        key = (keys.access_key_id, role.mfa_serial, role.target)
        reason = self._younger.pop(lease, "")
        got = await with_code(
            self._desk,
            self._clock,
            role.mfa_serial or "",
            roles,
            lease.wanted,
            call,
            cause=lambda: self._cause(roles(), reason),
            already=lambda: self._twin(key, lease, cover_until),
        )
        self._opened[key] = lease
        return got

    def _twin(self, key: tuple[str, str | None, StsTarget], lease: Lease, until: float | None) -> Credentials | None:
        """The MFA session of another profile with the same access key, device and address: it is the same session."""
        twin = self._opened.get(key)
        if twin is None or twin is lease or lease.alive() or not twin.servable() or twin.held is None:
            return None
        short = until is not None and (twin.held.expires_at or 0.0) < until
        return None if short or twin.held.access_key_id in self._dead else twin.held

    def _cause(self, roles: tuple[str, ...], reason: str) -> Cause:
        """Why a human is asked, and who has brought it about, as far as that is known."""
        known = next((self.causes[name] for name in roles if name in self.causes), NO_CAUSE)
        return replace(known, reason=reason)

    async def with_code(self, role: Role, path: Path, wanted: Callable[[], bool], *, ask: bool) -> Credentials:
        """A role assumed with the code itself.

        Raises:
            XacctError: HumanNeeded where nobody may be asked or nobody answers; else what AWS said.
        """
        if not ask:
            raise errors.HumanNeeded(f"{role.name} needs an MFA code.", f"xacctctl login {role.name}")
        keys = await self._keys(role)

        async def call(code: str) -> Credentials:
            longest = self.lessons.longest.get(role.name, path.duration)
            return await self._assume(role, replace(path, duration=min(path.duration, longest)), keys, code)

        async def once() -> Credentials:
            return await with_code(
                self._desk,
                self._clock,
                role.mfa_serial or "",
                lambda: (role.name,),
                wanted,
                call,
                cause=lambda: self._cause((role.name,), ""),
            )

        try:
            return await once()
        except errors.DurationTooLong:
            if path.duration <= policy.ROLE_DURATION:
                raise
            # Nobody documents whether a refused duration uses the code up, so the next one is asked for; the
            # maximum is remembered, so this happens once a role.
            self.lessons.longest[role.name] = policy.ROLE_DURATION
            return await once()

    async def _from_parent(self, role: Role, path: Path, lease: Lease, parent: Lease, *, ask: bool) -> Credentials:
        if self._too_old(role, parent) and parent.alive():
            why = f"The trust policy of {role.name} wants a younger MFA."
            return await self._assume(role, path, await self._younger_mfa(role, lease, parent, why, ask=ask))
        if not ask and not parent.alive() and not parent.silent():
            raise errors.HumanNeeded(f"{role.name} needs an MFA code.", f"xacctctl login {role.name}")
        keys = await parent.get(ask=ask, dependent=lease)
        try:
            return await self._with_keys(role, path, lease, parent, keys, ask=ask)
        except (errors.ParentExpired, errors.BadKey) as error:
            # AWS knows better than our clock: the parent is dead.
            self._dead.add(keys.access_key_id)
            if parent.held is keys:
                parent.drop(error)
            if isinstance(error, errors.BadKey):
                raise
        keys = await parent.get(ask=ask, dependent=lease)
        return await self._with_keys(role, path, lease, parent, keys, ask=ask)

    async def _with_keys(
        self, role: Role, path: Path, lease: Lease, parent: Lease, keys: Credentials, *, ask: bool
    ) -> Credentials:
        age = self._clock.now() - keys.issued_at
        try:
            got = await self._patiently(lease.wanted, lambda: self._assume(role, path, keys))
        except errors.PolicyDenied:
            raise
        except errors.AccessDenied as error:
            if path.hop is not Hop.FROM_SESSION:
                raise
            return await self._with_a_younger_mfa(role, path, lease, parent, age, error, ask=ask)
        self.lessons.worked_at_age[role.name] = max(age, self.lessons.worked_at_age.get(role.name, 0.0))
        return got

    async def _with_a_younger_mfa(
        self,
        role: Role,
        path: Path,
        lease: Lease,
        parent: Lease,
        age: float,
        denied: errors.AccessDenied,
        *,
        ask: bool,
    ) -> Credentials:
        """Refused from a session of some age: a trust policy with aws:MultiFactorAuthAge would say just this.

        One code opens the session anew, for however many roles are refused.
        """
        if age <= max(YOUNG_MFA, self.lessons.worked_at_age.get(role.name, 0.0)):
            raise denied
        why = f"AWS refuses {role.name} with an MFA {age / 60:.0f} min old; its trust policy may want a younger one."
        if not ask:
            raise errors.MfaTooOld(why, f"xacctctl login {role.name}")
        got = await self._assume(role, path, await self._younger_mfa(role, lease, parent, why, ask=True))
        self.lessons.max_age[role.name] = max(YOUNG_MFA, self.lessons.worked_at_age.get(role.name, 0.0))
        return got

    async def _younger_mfa(self, role: Role, lease: Lease, parent: Lease, why: str, *, ask: bool) -> Credentials:
        """The MFA session, opened anew; whoever else needs that waits for the same code."""
        if not ask:
            raise errors.HumanNeeded(f"{role.name} needs an MFA code.", f"xacctctl login {role.name}")
        self._younger[parent] = why
        return await parent.fly(ask=True, dependent=lease)

    def _too_old(self, role: Role, parent: Lease | None) -> bool:
        """Whether the MFA session is past what the role's trust policy is known to accept."""
        limit = self.oldest_mfa(role)
        if limit is None or parent is None or parent.held is None:
            return False
        return self._clock.now() - parent.held.issued_at >= limit

    def oldest_mfa(self, role: Role) -> float | None:
        """The age in seconds from which on an MFA is too old for the role, as far as that is known."""
        return self.lessons.max_age.get(role.name, role.mfa_max_age)

    async def _keys(self, role: Role) -> Credentials:
        assert isinstance(role.parent, Source)  # noqa: S101 - only such roles start from keys
        return await self._sources.load(role.parent)

    def _handed_on(self, role: Role, keys: Credentials) -> Credentials:
        """A source's temporary keys, which are the role's own: AWS opens no session with such."""
        if keys.expires_at is None:
            raise errors.SourceUnusable(
                f"The keys of {_name(role.parent)!r} are temporary, and nothing says until when they last.",
                "Use them as they are, or as the source_profile of a role.",
            )
        if keys.expires_at <= self._clock.now():
            raise errors.SourceUnusable(f"The keys of {_name(role.parent)!r} have expired.", "Renew them.")
        return replace(keys, issued_at=self._clock.now())

    async def _open(self, role: Role, keys: Credentials, code: str | None, duration: int) -> Credentials:
        await self._pace.turn(lambda: self.places.get(role.name, 0))
        return await self._sts.get_session_token(keys, role, code=code, duration=duration)

    async def _assume(self, role: Role, path: Path, keys: Credentials, code: str | None = None) -> Credentials:
        await self._pace.turn(lambda: self.places.get(role.name, 0))
        name = role.session_name or self.terms.session_name
        try:
            return await self._sts.assume_role(keys, role, session_name=name, duration=path.duration, code=code)
        except errors.DurationTooLong:
            if code is not None or path.duration <= policy.ROLE_DURATION:
                raise
            self.lessons.longest[role.name] = policy.ROLE_DURATION
            return await self._assume(role, replace(path, duration=policy.ROLE_DURATION), keys)

    async def _patiently(self, wanted: Callable[[], bool], call: Callable[[], Awaitable[Credentials]]) -> Credentials:
        """Try again at once while somebody waits; a renewal ahead of time has time, and the lease's back-off.

        Not after a call that hung: another would take the rest of an SDK's patience.
        """
        began = self._clock.boot()
        for pause in QUICK_RETRIES:
            try:
                return await call()
            except errors.Temporary:
                if not wanted() or self._clock.boot() - began > HUNG:
                    raise
                await asyncio.sleep(pause)
        return await call()


def _name(parent: Source | str) -> str:
    return parent.name if isinstance(parent, Source) else parent
