"""A list of the accounts and permission sets of whoever has signed in: how it is walked, and at which pace.

A call for each page of accounts and one for each account, a few at once. Where the portal asks to slow down, all of
them do: for as long as it says, and more slowly after that.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from xacct import errors, policy

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable

    from xacct.clock import AwsClock
    from xacct.credentials.sign_ins import IdentityCenter
    from xacct.model import Role
    from xacct.signin import Account

    Told = Callable[[int, int], Awaitable[None]]
    """Hears of how many accounts, and of how many in all, the permission sets are known."""

T = TypeVar("T")

AT_ONCE = 6
"""Calls under way at the same time. Our choice: AWS names no limit of the portal."""

TRIES = 8
"""How often a call is made that is throttled; what is in trouble otherwise is asked for less often (HICCUPS)."""

HICCUPS = 3
LONGEST_WAIT = 60.0
"""Seconds of a Retry-After that are waited for; longer ones are told to the human, who can come again."""

SPACED = 0.05
"""Seconds between the beginnings of two calls, once we were asked to slow down. It doubles each time, up to SLOWEST,
and shrinks again while all goes well."""

SLOWEST = 1.0
MOST_PAGES = 500
"""Pages of one list. AWS has 10,000 accounts in an organization at most; a list without an end is a broken one."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An account, and the permission sets in it.

    Attributes:
        problem: why these could not be listed.
    """

    account: Account
    permission_sets: tuple[str, ...] = ()
    problem: errors.XacctError | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """All of them, in AWS's order.

    Attributes:
        at: when it was made (AWS's time).
    """

    accounts: tuple[Listed, ...]
    at: float


class Pace:
    """When the next call may begin."""

    def __init__(self, clock: AwsClock, rng: random.Random) -> None:
        self._clock = clock
        self._rng = rng
        self._spaced = 0.0
        self._next = float("-inf")
        self._not_before = float("-inf")

    async def turn(self) -> None:
        """Return once a call may begin."""
        boot = self._clock.boot()
        begins = max(boot, self._next, self._not_before)
        self._next = begins + self._spaced
        while boot < begins:
            await asyncio.sleep(begins - boot)
            boot = self._clock.boot()
            begins = max(begins, self._not_before)

    def slow_down(self, retry_after: float | None, tries: int) -> None:
        """Hold back all calls: the portal has asked to slow down, of one call the so-many-th time.

        Args:
            retry_after: seconds that it says; None: it doesn't.
            tries: how often the call has been made.
        """
        self._spaced = min(SLOWEST, max(SPACED, self._spaced * 2))
        wait = policy.backoff(tries, self._rng.uniform(-1.0, 1.0)) if retry_after is None else retry_after
        self._not_before = max(self._not_before, self._clock.boot() + wait)

    def went_well(self) -> None:
        """A call was answered."""
        self._spaced = 0.0 if self._spaced < SPACED / 2 else self._spaced * 0.9


class Walk:
    """One listing. It can be gone on with where a token has ended in its middle: what is known is not asked again.

    Args:
        role: says how the instance is reached.
        told: hears how far it is.
    """

    def __init__(self, center: IdentityCenter, role: Role, clock: AwsClock, rng: random.Random, told: Told) -> None:
        self._center = center
        self._role = role
        self._clock = clock
        self._pace = Pace(clock, rng)
        self._told = told
        self._accounts: tuple[Account, ...] | None = None
        self._known: dict[str, Listed] = {}

    async def run(self, token: str) -> Listing:
        """The whole list.

        Raises:
            ParentExpired: the token has ended.
            XacctError: the accounts can't be listed, or nothing can be asked any more.
        """
        if self._accounts is None:
            self._accounts = await self._all_accounts(token)
        waiting = deque(each for each in self._accounts if each.account_id not in self._known)
        await self._told(len(self._known), len(self._accounts))
        workers = [asyncio.ensure_future(self._work(waiting, token)) for _ in range(min(AT_ONCE, len(waiting)))]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        return Listing(tuple(self._known[each.account_id] for each in self._accounts), self._clock.now())

    async def _all_accounts(self, token: str) -> tuple[Account, ...]:
        found: dict[str, Account] = {}
        after: str | None = None
        for _ in range(MOST_PAGES):
            page = await self._patiently(partial(self._center.accounts, self._role, token, after))
            found |= {each.account_id: each for each in page.accounts}
            after = page.after
            if after is None:
                return tuple(found.values())
        raise _without_end()

    async def _work(self, waiting: deque[Account], token: str) -> None:
        """List one account after another."""
        while waiting:
            account = waiting.popleft()
            try:
                names = await self._permission_sets(account, token)
            except errors.ParentExpired:
                raise
            except (errors.Refusal, errors.AwsUnavailable) as problem:
                listed = Listed(account, problem=problem)  # of this account alone: the others may be listed
            else:
                listed = Listed(account, names)
            self._known[account.account_id] = listed
            await self._told(len(self._known), len(self._accounts or ()))

    async def _permission_sets(self, account: Account, token: str) -> tuple[str, ...]:
        found: dict[str, None] = {}
        after: str | None = None
        for _ in range(MOST_PAGES):
            page = await self._patiently(
                partial(self._center.permission_sets, self._role, token, account.account_id, after)
            )
            found |= dict.fromkeys(page.names)
            after = page.after
            if after is None:
                return tuple(found)
        raise _without_end()

    async def _patiently(self, call: Callable[[], Awaitable[T]]) -> T:
        """What a call brings. It is made again where the portal asks to slow down, or a call comes to nothing."""
        tries = 0
        while True:
            await self._pace.turn()
            tries += 1
            try:
                answer = await call()
            except errors.Throttled as error:
                if tries >= TRIES or (error.retry_after or 0.0) > LONGEST_WAIT:
                    raise
                self._pace.slow_down(error.retry_after, tries)
            except errors.Temporary:
                if tries >= HICCUPS:
                    raise
                await asyncio.sleep(policy.backoff(tries, 0.0))
            else:
                self._pace.went_well()
                return answer


def _without_end() -> errors.AwsUnavailable:
    return errors.AwsUnavailable("IAM Identity Center's list has no end.", "Try again in a moment.")
