"""What all fetchers share: a source's keys, STS's calls at the pace they may have, and a human's codes."""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from xacct import errors, policy
from xacct.credentials.observed_limits import ObservedLimits
from xacct.credentials.rate_limiter import RateLimiter, urgent
from xacct.credentials.sign_ins import Browsers, SignIns
from xacct.credentials.unscoping import Unscoping
from xacct.model import Source
from xacct.prompts.approved import UNTIL_LOGOUT, Remember
from xacct.prompts.challenge import with_code
from xacct.prompts.prompt import NO_CAUSE, Cause

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine

    from xacct.clock import AwsClock
    from xacct.credentials.rate_limiter import Place
    from xacct.credentials.sign_ins import ConsoleLogins, IdentityCenter, SharedCache
    from xacct.model import Credentials, MfaDevice, Role
    from xacct.policy import Path
    from xacct.prompts.broker import PromptBroker
    from xacct.signin import AnySignIn, Begun

T = TypeVar("T")
B = TypeVar("B", bound="Begun")

QUICK_RETRIES = (0.3, 0.9)
"""Seconds before the second and third try of a call that carries no code: most hiccups are over by then."""

HUNG = 3.0
"""Seconds after which a failed call is not followed by another at once."""


class Sts(Protocol):
    """The calls the keeper needs. Each raises an XacctError when it can't answer with credentials."""

    async def get_session_token(self, keys: Credentials, role: Role, *, code: str | None, duration: int) -> Credentials:
        """The MFA session that `role` hangs from, for `duration` seconds (a plain session without a code)."""

    async def assume_role(
        self, keys: Credentials, role: Role, *, session_name: str, duration: int | None, code: str | None
    ) -> Credentials:
        """The role's credentials for `duration` seconds."""

    async def get_scoped_credentials(
        self, keys: Credentials, role: Role, *, policy: str, duration: int | None, description: str
    ) -> Credentials:
        """Narrower credentials of the session that `keys` are of.

        Raises:
            ActionUnknown: this STS has no such call.
        """

    async def assume_role_with_web_identity(
        self, role: Role, token: str, *, session_name: str, duration: int | None
    ) -> Credentials:
        """The same for an identity provider's token."""


class Iam(Protocol):
    """The one call of IAM's that the keeper needs."""

    async def mfa_devices(self, keys: Credentials, role: Role, url: str | None) -> tuple[MfaDevice, ...]:
        """The devices of the user whose keys these are; `url` is where IAM is, if that is not AWS's own.

        Raises:
            XacctError: what AWS said, or why it could not be asked.
        """


class Sources(Protocol):
    """Where first credentials are read."""

    async def load(self, source: Source) -> Credentials:
        """The source's keys, read anew.

        Raises:
            SourceUnusable: it has none.
        """

    def needs_human(self, source: Source, now: float) -> bool:
        """Whether they could not be had `now` (AWS's time) without a human."""

    def describe(self, source: Source) -> str:
        """What they come from, in words."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """Settings that fetchers go by.

    Attributes:
        session_duration: seconds of an MFA session.
        session_name: what CloudTrail shows.
        renew_within: seconds for which a role that was fetched is renewed ahead of its end; 0: never.
        remember: how long a human's yes to a guarded role holds.
    """

    session_duration: int = policy.SESSION_DURATION
    session_name: str = "xacct"
    renew_within: float = policy.RENEW_WITHIN
    remember: Remember = UNTIL_LOGOUT


@dataclass(kw_only=True, eq=False, repr=False)
class Calls:
    """The outside, as fetchers see it.

    Attributes:
        once: the MFA device that the login of a role under way wants, by the role's name.
        causes: who has brought it about that a role is fetched, by its name.
        shared_cache: where the AWS CLI keeps sign-ins; None: that is its own affair.
        iam: says which MFA devices a user has; None: nobody can.
        browsers: where a browser can be shown a sign-in.
        rng: for jitter.
    """

    sts: Sts
    identity_center: IdentityCenter
    console_logins: ConsoleLogins
    sources: Sources
    broker: PromptBroker
    clock: AwsClock
    defaults: Defaults
    shared_cache: SharedCache | None = None
    iam: Iam | None = None
    rng: random.Random = field(default_factory=random.Random)
    rate_limiter: RateLimiter = field(init=False)
    sign_ins: SignIns = field(init=False, default_factory=SignIns)
    browsers: Browsers = field(init=False, default_factory=Browsers)
    observed_limits: ObservedLimits = field(init=False, default_factory=ObservedLimits)
    causes: dict[str, Cause] = field(init=False, default_factory=dict)
    once: dict[str, str] = field(init=False, default_factory=dict)
    unscoping: Unscoping = field(init=False)

    def __post_init__(self) -> None:
        """Calls go at a pace, by the boot-time clock."""
        self.rate_limiter = RateLimiter(self.clock.boot)
        self.unscoping = Unscoping(self.clock.boot)

    def forget(self, name: str) -> None:
        """A role is gone for good, and with it what is known of it."""
        self.observed_limits.forget(name)
        self.causes.pop(name, None)

    async def keys(self, role: Role) -> Credentials:
        """The keys of the source that a role starts from.

        Raises:
            SourceUnusable: there are none.
        """
        return await self.sources.load(role.source)

    def source_needs_human(self, role: Role) -> bool:
        """Whether the keys of the source that a role starts from could not be had now without a human."""
        return isinstance(role.parent, Source) and self.sources.needs_human(role.parent, self.clock.now())

    async def open_session(
        self, role: Role, keys: Credentials, code: str | None, duration: int, place: Callable[[], Place] = urgent
    ) -> Credentials:
        """What GetSessionToken gives.

        Args:
            role: one that hangs from the session.
            keys: the source's.
            code: a human's; no such call waits behind others, for codes don't last.
            duration: seconds.
            place: of this call among all that STS is asked for.

        Raises:
            XacctError: those of `Sts`.
            NobodyWaits: nobody wants it any more.
        """
        async with self._turn(urgent if code else place):
            return await self.sts.get_session_token(keys, role, code=code, duration=duration)

    async def assume(
        self, role: Role, path: Path, keys: Credentials, place: Callable[[], Place] = urgent, *, code: str | None = None
    ) -> Credentials:
        """What AssumeRole gives. A duration that is refused is tried shorter, where no code goes along.

        Raises:
            XacctError: those of `Sts`.
            NobodyWaits: nobody wants it any more.
        """
        name = role.session_name or self.defaults.session_name
        try:
            async with self._turn(urgent if code else place):
                return await self.sts.assume_role(keys, role, session_name=name, duration=path.duration, code=code)
        except errors.DurationTooLong:
            if code is not None or path.duration <= policy.ROLE_DURATION:
                raise
            self.observed_limits.longest[role.name] = policy.ROLE_DURATION
            return await self.assume(role, replace(path, duration=policy.ROLE_DURATION), keys, place)

    async def assume_with_token(self, role: Role, path: Path, token: str, place: Callable[[], Place]) -> Credentials:
        """What AssumeRoleWithWebIdentity gives; for as long as AWS gives by itself where the role says nothing.

        Raises:
            XacctError: those of `Sts`.
            NobodyWaits: nobody wants it any more.
        """
        duration = None if role.duration is None else path.duration
        name = role.session_name or self.defaults.session_name
        async with self._turn(place):
            return await self.sts.assume_role_with_web_identity(role, token, session_name=name, duration=duration)

    async def scoped(
        self,
        role: Role,
        keys: Credentials,
        policy: str,
        duration: int | None,
        description: str,
        place: Callable[[], Place],
    ) -> Credentials:
        """What GetScopedCredentials gives; arguments are those of `Sts`.

        Raises:
            XacctError: those of `Sts`.
            NobodyWaits: nobody wants it any more.
        """
        async with self._turn(place):
            return await self.sts.get_scoped_credentials(
                keys, role, policy=policy, duration=duration, description=description
            )

    async def role_of_sign_in(self, role: Role, token: str, place: Callable[[], Place]) -> Credentials:
        """What the access portal gives for a sign-in's token.

        Raises:
            XacctError: those of `IdentityCenter`.
            NobodyWaits: nobody wants it any more.
        """
        async with self._turn(place):
            return await self.identity_center.role_credentials(role, token)

    async def sign_in(
        self,
        sign_in: AnySignIn,
        roles: Callable[[], tuple[str, ...]],
        wanted: Callable[[], bool],
        begin: Callable[[], Awaitable[B]],
        finish: Callable[[B], Coroutine[Any, Any, T]],
    ) -> T | None:
        """What a human's sign-in in a browser brings. Arguments and errors are those of `PromptBroker.signed_in`."""
        return await self.broker.signed_in(sign_in, roles, wanted, begin, finish, self._cause(roles()))

    async def in_browser(
        self, sign_in: AnySignIn, roles: Callable[[], tuple[str, ...]], ask: Callable[[bool], Awaitable[T | None]]
    ) -> T:
        """What a human's sign-in brings, in whichever browser they have.

        Args:
            sign_in: to what.
            roles: whom it is for, now.
            ask: asks by one prompt, whether for a browser on this machine; None: another way was asked for.

        Raises:
            XacctError: those of `ask`.
        """
        got = await ask(sign_in.redirects and self.browsers.for_any(roles()))
        while got is None:
            got = await ask(False)
        return got

    @asynccontextmanager
    async def _turn(self, place: Callable[[], Place]) -> AsyncIterator[None]:
        await self.rate_limiter.turn(place)
        try:
            yield
        except errors.Throttled:
            self.rate_limiter.slow_down()
            raise

    async def patiently(self, wanted: Callable[[], bool], call: Callable[[], Awaitable[Credentials]]) -> Credentials:
        """Try again at once while somebody waits; a renewal ahead of time has time, and the entry's back-off.

        Not after a call that hung: another would take the rest of an SDK's patience.
        """
        began = self.clock.boot()
        for pause in QUICK_RETRIES:
            try:
                return await call()
            except errors.Temporary:
                if not wanted() or self.clock.boot() - began > HUNG:
                    raise
                await asyncio.sleep(pause)
        return await call()

    async def with_code(
        self,
        role: Role,
        roles: Callable[[], tuple[str, ...]],
        wanted: Callable[[], bool],
        call: Callable[[Role, str], Awaitable[Credentials]],
        *,
        reason: str = "",
        already: Callable[[], Credentials | None] = lambda: None,
    ) -> Credentials:
        """What a call brings that takes a code of one of the role's devices.

        Args:
            role: what is wanted.
            roles: whom the code is for, now.
            wanted: whether somebody waits still.
            call: the call, given the role with the one device that was chosen, and the code.
            reason: why it takes a code, where that is not plain.
            already: what another code has brought meanwhile.

        Raises:
            HumanNeeded: nobody gave a code, or three were wrong.
            XacctError: those of `call`.
        """
        return await with_code(
            self.broker,
            self.clock,
            next(((self.once[name],) for name in roles() if name in self.once), role.devices),
            roles,
            wanted,
            lambda serial, code: call(replace(role, mfa_serial=serial, other_devices=()), code),
            cause=lambda: replace(self._cause(roles()), reason=reason),
            already=already,
        )

    def _cause(self, roles: tuple[str, ...]) -> Cause:
        return next((self.causes[name] for name in roles if name in self.causes), NO_CAUSE)


def needs_code(name: str) -> errors.HumanNeeded:
    """What is said of a role where no human may be asked."""
    return errors.HumanNeeded(f"{name} needs an MFA code.", f"xacctctl login {name}")


def needs_sign_in(sign_in: AnySignIn, role: str) -> errors.HumanNeeded:
    """The same of a role that takes a sign-in."""
    return errors.HumanNeeded(
        f"{role} needs a sign-in to {sign_in.service} ({sign_in.label}).", f"xacctctl login {role}"
    )


def parent_name(role: Role) -> str:
    """What a role hangs from, as people call it."""
    return role.parent.name if isinstance(role.parent, Source) else role.parent
