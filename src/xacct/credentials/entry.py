"""An entry: one node's credentials over time, with at most one refresh at a time, shared by all who wait.

Theory of operation. An entry is a node in a tree: a role hangs from an MFA session or from another role. `held`
is what it has; `renew` starts a refresh, or joins the one under way; `get` waits for a refresh only when there is
nothing unexpired to give. A waiter that goes away cancels nothing. A refresh either may ask a human (`ask`) or
must do without; a waiter that may ask, and finds that a refresh without asking failed for want of a code, starts
one that asks. A prompt stays open while somebody waits: on this entry, on a child of it, or up to GRACE ago.
A refresh whose call still queues for its turn at STS (rate_limiter.py) has the place of the best of those who wait for
it; when nobody is left it leaves the queue, and nothing has happened.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import structlog

from xacct import errors, policy
from xacct.credentials.rate_limiter import AHEAD, NOBODY, URGENT, NobodyWaits
from xacct.prompts.broker import GRACE

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

    from xacct.clock import AwsClock
    from xacct.credentials.rate_limiter import Place
    from xacct.model import Credentials
    from xacct.policy import Freshness

log = structlog.get_logger("xacct.credentials")

NEVER = float("-inf")

REFUSED_FIRST = 60.0
REFUSED_MAX = 900.0
"""Back-off after a refusal: nothing passes by itself here, but IAM changes take a while to arrive everywhere."""


EAGER = 5.0
"""Seconds after a temporary failure before a consumer whose credentials run out may have it tried again."""


@dataclass(frozen=True, slots=True)
class Need:
    """For which entry credentials are fetched, and whether a human may be asked for a code."""

    entry: Entry
    human: bool

    def wanted(self) -> bool:
        """Whether somebody waits for them still, or did a moment ago."""
        return self.entry.wanted()

    def place(self) -> Place:
        """How much they are wanted, among all that STS is asked for."""
        return self.entry.place()


class Fetcher(Protocol):
    """Gets new credentials; fetchers/ has one class for each kind."""

    def needs_human(self) -> bool:
        """Whether it could not succeed now without a human."""

    def needed(self, role: str) -> errors.HumanNeeded:
        """What to say of a role that hangs from it, or is it, where it takes a human and none may be asked."""

    async def fetch(self, need: Need) -> Credentials:
        """New credentials.

        Raises:
            HumanNeeded: it takes a code, and no human may be asked, or none answers.
            XacctError: AWS's refusal, or why it can't be asked.
            NobodyWaits: STS was not asked, for nobody waits any more.
        """


class Entry:
    """One node's credentials over time.

    Args:
        name: for logs.
        fetcher: gets new credentials.
        clock: AWS's time.
        rng: for jitter.
        settled: told of each outcome.
        parent: the entry that the credentials are fetched with, if it is not keys.
    """

    def __init__(
        self,
        name: str,
        fetcher: Fetcher,
        clock: AwsClock,
        rng: random.Random,
        settled: Callable[[Entry, errors.XacctError | None], None],
        parent: Entry | None = None,
    ) -> None:
        self.name = name
        self.parent = parent
        self.held: Credentials | None = None
        self.error: errors.XacctError | None = None
        self.renew_at = float("inf")
        self._clock = clock
        self._rng = rng
        self._fetcher = fetcher
        self._settled = settled
        self.failures = 0
        self.failed_boot = 0.0
        self.retry_boot = 0.0
        self._running: asyncio.Task[Credentials] | None = None
        self._abandoned: errors.XacctError | None = None
        self._lost: errors.XacctError | None = None
        self._running_asks = False
        self._ahead = False
        self._waiting: list[Place] = []
        self._wanted_until = NEVER
        self._urgent_until = NEVER
        self._dependents: dict[Entry, int] = {}

    # What it is.

    def valid(self) -> bool:
        """Whether what is held may be valid, as far as our clocks can tell: good enough to try it on AWS."""
        return self.held is not None and self.held.remaining(self._clock.earliest()) > 0

    def servable(self) -> bool:
        """Whether what is held is certainly unexpired."""
        # guard: nothing-expired-is-served
        return self.held is not None and self.held.remaining(self._clock.now()) > 0

    @property
    def holds(self) -> bool:
        """Whether anything is held, expired or not."""
        return self.held is not None

    @property
    def worth_keeping(self) -> bool:
        """Whether a successor would miss anything: what is held, or how the last try failed."""
        return self.held is not None or self.error is not None or self.failures > 0

    @property
    def issued_at(self) -> float | None:
        """When what is held was issued (AWS's time); None where nothing is held."""
        return None if self.held is None else self.held.issued_at

    @property
    def lifetime(self) -> float:
        """Seconds from the issue of what is held to its end; 0 where nothing is held."""
        return 0.0 if self.held is None else self.held.lifetime

    @property
    def expires_at(self) -> float | None:
        """When what is held ends (AWS's time); None where nothing is held, or it has no end."""
        return None if self.held is None else self.held.expires_at

    def refreshable_without_mfa(self) -> bool:
        """Whether it could be renewed now without a human."""
        return not self._fetcher.needs_human()

    def needed(self, role: str) -> errors.HumanNeeded:
        """What to say of a role that hangs from it, where it takes a human and none may be asked."""
        return self._fetcher.needed(role)

    @property
    def refreshing(self) -> bool:
        """Whether a refresh runs."""
        return self._running is not None

    def resting(self) -> bool:
        """Whether the last failure is too recent to try again."""
        return self.failures > 0 and self._clock.boot() < self.retry_boot

    def wanted(self) -> bool:
        """Whether anybody waits for it, here or further down, or did a moment ago."""
        return self.wanted_here() or any(dependent.wanted() for dependent in self._dependents)

    def wanted_here(self) -> bool:
        """Whether a consumer waits for this very node, or did a moment ago."""
        # Asked of thousands at a time, of which next to none ever was: those cost no reading of a clock
        return bool(self._waiting) or (self._wanted_until != NEVER and self._clock.boot() < self._wanted_until)

    def place(self) -> Place:
        """The place of its refresh among all that STS is asked for: that of the best of those who wait for it.

        An SDK that has just hung up comes back in a moment; a bulk that was given up does not.
        """
        if self._clock.boot() < self._urgent_until:
            return URGENT
        best = AHEAD if self._ahead else NOBODY
        for place in self._waiting:
            best = best.better(place)
        for dependent in self._dependents:
            best = best.better(dependent.place())
        return best

    def just_failed(self) -> bool:
        """Whether the last failure was a moment ago. Somebody in need of a renewal tries sooner than back-off would."""
        if not isinstance(self.error, errors.Temporary):
            return self.resting()
        return self.failures > 0 and self._clock.boot() < self.failed_boot + EAGER

    # What is done with it.

    async def get(self, *, ask: bool, dependent: Entry | None = None, place: Place = URGENT) -> Credentials:
        """Unexpired credentials: what is held, or what a refresh brings.

        Args:
            ask: whether a human may be asked.
            dependent: the entry on whose behalf, if not a consumer's.
            place: how much the consumer wants them.

        Raises:
            XacctError: they can't be had now.
        """
        good = self.servable() if dependent is None else self.valid()
        if self.held is not None and good:
            return self.held
        can_ask = ask and isinstance(self.error, errors.HumanNeeded)
        if self.error is not None and self._running is None and self.just_failed() and not can_ask:
            raise errors.bare(self.error)  # guard: failure-told-again-does-not-grow
        got = await self.refresh(ask=ask, dependent=dependent, place=place)
        if got.remaining(self._clock.now()) > 0:
            return got
        # The laptop slept between STS's answer and us: once more.
        got = await self.refresh(ask=ask, dependent=dependent, place=place)
        if got.remaining(self._clock.now()) > 0:
            return got
        raise _expired(self.name)

    async def refresh(self, *, ask: bool, dependent: Entry | None = None, place: Place = URGENT) -> Credentials:
        """What a refresh brings: the one under way, or a new one. Arguments and errors are those of `get`."""
        with self.interest(dependent, place):
            # guard: what-was-abandoned-is-joined-by-nobody
            while self._running is not None and self._abandoned is not None:
                await asyncio.wait({self._running})
            if self._lost is not None:  # guard: lost-entry-is-had-no-more
                raise errors.bare(self._lost)
            running = self.renew(ask=ask)
            asks = self._running_asks
            try:
                return await asyncio.shield(running)  # guard: waiter-cancels-nothing
            except errors.HumanNeeded:
                if not ask or asks:
                    raise
            except NobodyWaits:
                if self.place() is NOBODY:
                    raise
                # It left the queue just before we came.
            except asyncio.CancelledError:
                if self._abandoned is not None and running.cancelled():
                    raise self._abandoned from None
                raise
        return await self.refresh(ask=ask, dependent=dependent, place=place)

    async def hold(self, *, ask: bool, dependent: Entry | None = None, place: Place = URGENT) -> None:
        """Hold something unexpired. Arguments and errors are those of `get`."""
        await self.get(ask=ask, dependent=dependent, place=place)

    async def hold_anew(self, *, ask: bool, dependent: Entry) -> None:
        """Hold something new. Arguments and errors are those of `get`."""
        await self.refresh(ask=ask, dependent=dependent)

    async def try_to_renew(self, *, within: float | None = None, place: Place = URGENT) -> None:
        """Return once a refresh without a human has ended, whatever came of it.

        Args:
            within: seconds to wait at most.
            place: how much whoever waits wants it.
        """
        with self.interest(place=place):
            await asyncio.wait({self.renew(ask=False)}, timeout=within)

    def renew(self, *, ask: bool, wanted_for: float = 0.0) -> asyncio.Task[Credentials]:
        """Start a refresh, or join the one that runs.

        Args:
            ask: whether a human may be asked.
            wanted_for: seconds it is wanted even if nobody waits.
        """
        if self._running is None:  # guard: one-refresh-at-a-time
            self._abandoned = None
            self._ahead = not self._waiting and not self._dependents
            self._wanted_until = max(self._wanted_until, self._clock.boot() + wanted_for)
            self._running_asks = ask
            self._running = asyncio.get_running_loop().create_task(self._run_refresh(ask), name=f"renew {self.name}")
            self._running.add_done_callback(self._ended)
        return self._running

    def put(self, credentials: Credentials) -> None:
        """Hold these from now on."""
        self.held = credentials
        self.error = None
        self.failures = 0
        self.renew_at = policy.renew_at(credentials, self._jitter())

    def restore(self, held: Credentials | None, renew_at: float, error: errors.XacctError | None) -> None:
        """Hold what an earlier process held, with its last failure. Instants are AWS's time."""
        if held is not None:
            self.held, self.renew_at = held, renew_at  # guard: restart-what-was-held-is-held-again
        self.error = error or self.error

    def restore_backoff(self, failures: int, failed_boot: float, retry_boot: float) -> None:
        """Go on waiting where an earlier process waited after so many failures. Instants are on the boot clock."""
        self.failures, self.failed_boot, self.retry_boot = failures, failed_boot, retry_boot

    def renew_soon(self) -> None:
        """Renew what is held at the next look: time has passed that we have not seen."""
        self.renew_at = min(self.renew_at, self._clock.now())

    def drop(self, why: errors.XacctError | None = None) -> None:
        """Let go of what is held."""
        self.held = None
        self.renew_at = float("inf")
        self.error = why

    def abandon(self, why: errors.XacctError) -> None:
        """Let go of what is held and of what a refresh brings; whoever waits is told `why`."""
        self.drop()  # guard: logging-out-lets-go
        if self._running is not None:
            self._abandoned = why
            self._running.cancel()

    def lose(self, why: errors.XacctError) -> None:
        """Abandon it for good: nothing has it any more, and whoever was on their way to it is told `why`, too."""
        self._lost = why
        self.abandon(why)

    def try_at_once(self) -> None:
        """Forget the back-off: something outside has changed."""
        self.retry_boot = self.failed_boot = float("-inf")

    def forget_failure(self) -> None:
        """What it failed for is mended."""
        self.error = None
        self.try_at_once()

    def freshness(self) -> Freshness:
        """What the held credentials are good for now."""
        return policy.freshness(self.held, self._clock.now())

    async def cancel(self) -> None:
        """End the refresh, if one is under way: for shutting down and logging out only."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait({self._running})

    async def _run_refresh(self, ask: bool) -> Credentials:  # noqa: FBT001
        try:
            credentials = _unexpired(await self._fetcher.fetch(Need(self, human=ask)), self.name)
        except errors.HumanNeeded as error:
            if isinstance(error, errors.MfaTooOld):
                self._fail(error)  # STS was asked, and must not be asked the same every moment
            else:
                self.error = error
                self._settled(self, error)
            raise
        except errors.XacctError as error:
            self._fail(error)
            raise
        except NobodyWaits:
            raise  # nothing was tried, and nothing has failed
        except Exception as bug:  # noqa: BLE001
            # The type only: a message may quote what it choked on.
            log.error("renewal broke", node=self.name, kind=type(bug).__name__)  # noqa: TRY400
            failure = errors.XacctError(
                f"xacct itself failed at {self.name} ({type(bug).__name__}).", "Please report it."
            )
            self._fail(failure)
            raise failure from None
        else:
            self.put(credentials)
            self._settled(self, None)
            return credentials
        finally:
            self._running = None

    def _ended(self, refresh: asyncio.Task[Credentials]) -> None:
        """A refresh is over. One that was cancelled before it had begun has cleaned up nothing."""
        if self._running is refresh:  # guard: refresh-that-never-began-has-ended
            self._running = None
        if not refresh.cancelled() and (error := refresh.exception()) is not None:
            errors.bare(error)  # guard: failed-refresh-holds-no-keys

    def _fail(self, error: errors.XacctError) -> None:
        self.failures += 1  # guard: failed-renewal-costs-nothing-held
        self.failed_boot = self._clock.boot()
        if isinstance(error, errors.Temporary):
            pause = policy.backoff(self.failures, self._jitter())
        else:
            pause = min(REFUSED_MAX, REFUSED_FIRST * 2.0 ** min(self.failures - 1, 10))
        self.retry_boot = self._clock.boot() + pause
        self.error = error
        self._settled(self, error)

    @contextmanager
    def interest(self, dependent: Entry | None = None, place: Place = URGENT) -> Iterator[None]:
        """Count as somebody who waits for it; arguments as in `get`."""
        if dependent is not None:
            self._dependents[dependent] = self._dependents.get(dependent, 0) + 1
        else:
            self._waiting.append(place)
        try:
            yield
        finally:
            if dependent is not None:
                self._dependents[dependent] -= 1
                if not self._dependents[dependent]:
                    del self._dependents[dependent]
            else:
                self._waiting.remove(place)
                soon = self._clock.boot() + GRACE
                self._wanted_until = max(self._wanted_until, soon)
                if place is URGENT:
                    self._urgent_until = max(self._urgent_until, soon)

    def _jitter(self) -> float:
        return self._rng.uniform(-1.0, 1.0)


def _unexpired(credentials: Credentials, name: str) -> Credentials:
    """The credentials as AWS gave them.

    Raises:
        AwsUnavailable: they had ended before they were given.
    """
    if credentials.remaining(credentials.issued_at) <= 0:  # guard: what-aws-gives-expired-is-not-held
        raise _expired(name)
    return credentials


def _expired(name: str) -> errors.AwsUnavailable:
    return errors.AwsUnavailable(
        f"AWS STS gave credentials for {name} that have ended already; xacct tries again by itself.",
        "A proxy may answer with what AWS said some time ago; check this machine's clock, too.",
    )
