"""Guarded roles: a human says yes before a consumer first gets them, and how long that holds (approved.py).

"first-use": one yes a role, good for all until the next logout, where the human chooses nothing less. "each-grant": one
yes for each grant. "each-use": one for each use, unless the human says more. What was said of a narrowed grant was said
of no more, so it is that grant's alone, whatever the role has. Whoever wants the same yes waits for the same prompt; it
stays open while somebody waits, as one for a code does. A "no" is the prompt broker's to remember, for a moment.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xacct import errors
from xacct.asker import UNKNOWN, Asker
from xacct.prompts.approved import UNTIL_LOGOUT, Approved, Key, Remember, terms
from xacct.prompts.broker import GRACE
from xacct.prompts.prompt import Permission

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from xacct.clock import AwsClock
    from xacct.model import Role
    from xacct.prompts.approved import Lasting
    from xacct.prompts.broker import PromptBroker


AT_ONCE = 20
"""Questions that are open at once: each may be a dialog, and a program may make a thousand grants. Our choice: more
than people run side by side. The others wait for their turn."""


@dataclass(frozen=True, slots=True)
class Demand:
    """A guarded role is wanted.

    Attributes:
        role: it.
        consumer: whose yes it is: a grant's id, or the like.
        label: what people call the consumer.
        scope: the id of what its credentials are narrowed to; empty: they are the role's own.
        words: the same, for people.
        allows: what a yes allows, for people.
        single: whether the consumer is one request, and comes never again.
        asker: which process it is.
    """

    role: Role
    consumer: str
    label: str
    scope: str = ""
    words: str = ""
    allows: str = ""
    single: bool = False
    asker: Asker = UNKNOWN


class _Ask:
    """One prompt, and whoever waits for its answer."""

    def __init__(self, clock: AwsClock) -> None:
        self.why: errors.XacctError | None = None
        self._clock = clock
        self._waiting = 0
        self._wanted_until = float("-inf")

    def start(self, asking: asyncio.Task[None]) -> None:
        self.task = asking
        asking.add_done_callback(_look_at)

    def wanted(self) -> bool:
        return self._waiting > 0 or self._clock.boot() < self._wanted_until

    @contextmanager
    def interest(self) -> Iterator[None]:
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1
            self._wanted_until = self._clock.boot() + GRACE


class Approvals:
    """Who may use which guarded role, because a human said so.

    Attributes:
        approved: what they have said.

    Args:
        changed: called when a yes is added, or used.
        remember: what the settings say of yeses.
    """

    def __init__(
        self,
        broker: PromptBroker,
        clock: AwsClock,
        changed: Callable[[], None] = lambda: None,
        remember: Remember = UNTIL_LOGOUT,
    ) -> None:
        self._broker = broker
        self._clock = clock
        self._changed = changed
        self._remember = remember
        self.approved = Approved(clock.boot)
        self._asks: dict[Key, _Ask] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)

    def asks(self, role: str) -> bool:
        """Whether somebody waits for a yes to this role, asked or not yet."""
        return any(key.role == role for key in self._asks)

    @property
    def roles(self) -> set[str]:
        """The names of the roles that somebody was let use, or waits to be."""
        return self.approved.roles | {key.role for key in self._asks}

    def admits(self, role: Role, consumer: str, scope: str = "") -> bool:
        """Whether this consumer may have the role without a prompt.

        Args:
            role: a guarded one, or not.
            consumer: a grant's id, or the like.
            scope: the id of what it is narrowed to; empty: nothing.
        """
        return role.confirm is None or self.approved.admits(role, consumer, scope)

    def used(self, role: Role, consumer: str, scope: str = "") -> None:
        """Credentials leave, by what was allowed; arguments as in `admits`."""
        if role.confirm is not None and self.approved.use(role, consumer, scope):
            self._changed()

    async def admit(self, demand: Demand) -> None:
        """Return once this consumer may have the role, asking if that takes a yes.

        Whoever waits beside the one that is asked about, and is not allowed by its yes, is asked about next.

        Raises:
            HumanNeeded: nobody to ask, a "no", or no answer while anybody waited.
        """
        while not self.admits(demand.role, demand.consumer, demand.scope):
            key = _topic(demand.role, demand.consumer, demand.scope)
            ask = self._asks.get(key) or self._ask(key, demand)
            with ask.interest():
                try:
                    await asyncio.shield(ask.task)
                except asyncio.CancelledError:
                    if ask.why is not None and ask.task.cancelled():
                        raise ask.why from None
                    raise

    def _ask(self, key: Key, demand: Demand) -> _Ask:
        ask = self._asks[key] = _Ask(self._clock)
        role = demand.role
        assert role.confirm is not None  # noqa: S101 - for mypy: nobody asks for what admits says yes to
        permission = Permission(
            role=role.name,
            label=demand.label,
            consumer=demand.consumer,
            terms=terms(role.confirm, self._remember, narrowed=bool(demand.scope), single=demand.single),
            asker=demand.asker,
            account=role.account or "",
            scope=demand.words,
            allows=demand.allows,
        )

        async def asking() -> None:
            try:
                async with self._turns:  # guard: questions-at-once-are-few
                    _demand_wanted(ask)
                    lasting = await self._broker.permission(permission, _about(key), ask.wanted)
                self.approved.add(_meant(demand, lasting), lasting)
                self._changed()
            finally:
                self._ended(key, ask)

        ask.start(asyncio.get_running_loop().create_task(asking(), name=f"confirm {key.role}"))
        # guard: question-that-never-began-has-ended
        ask.task.add_done_callback(lambda _: self._ended(key, ask))
        return ask

    def _ended(self, key: Key, ask: _Ask) -> None:
        """Said by the question itself, and by its task: one that was cancelled before it had begun says nothing."""
        if self._asks.get(key) is ask:
            del self._asks[key]

    def ask_again(self, role: Role) -> None:
        """The human has come back by themselves: an earlier "no" is not theirs of now."""
        self._broker.forget(_about(_topic(role, "", "")))

    def log_out(self, role: str, why: errors.XacctError) -> None:
        """A login session of the role ends: what was allowed in it, and what is being asked, ends with it."""
        self.approved.log_out(role)
        self._withdraw(role, why)

    def forget(self, role: str, why: errors.XacctError) -> None:
        """The role is gone, or its name means another: what was allowed ends with it, and what is being asked."""
        self.approved.forget(role)
        self._withdraw(role, why)

    def _withdraw(self, role: str, why: errors.XacctError) -> None:
        for key, ask in self._asks.items():
            if key.role == role:
                ask.why = why
                ask.task.cancel()

    def keep(self, consumers: Collection[str]) -> None:
        """These are the consumers there are: forget what was allowed to others."""
        self.approved.keep(consumers)

    async def close(self) -> None:
        """End every prompt."""
        tasks = [ask.task for ask in self._asks.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _demand_wanted(ask: _Ask) -> None:
    if not ask.wanted():  # guard: question-that-waited-is-still-wanted
        raise errors.TimedOut("Nobody waits for that any more.", "")


def _topic(role: Role, consumer: str, scope: str) -> Key:
    """What is asked: at first use whether the role may be used at all, else whether this consumer may."""
    return Key(role.name, consumer if role.confirm != "first-use" or scope else None, scope)


def _meant(demand: Demand, lasting: Lasting) -> Key:
    """What a yes is for: the one that was asked about, where it does not say that it is for all."""
    # guard: yes-is-of-the-one-that-was-asked-about
    return Key(demand.role.name, None) if lasting.for_all else Key(demand.role.name, demand.consumer, demand.scope)


def _about(key: Key) -> str:
    return f"use of {key.role} by {'anybody' if key.consumer is None else key.consumer}"


def _look_at(asking: asyncio.Task[None]) -> None:
    """Look at an outcome nobody waited for, so that it is no "exception never retrieved"."""
    if not asking.cancelled():
        asking.exception()
