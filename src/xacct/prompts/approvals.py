"""Guarded roles: a human says yes before a consumer first gets them.

"first-use": one yes a role, good until the next logout. "each-grant": one yes for each grant, good for its life. What
was said of a narrowed grant was said of no more, so it is that grant's alone, whichever of the two the role has.
Whoever wants the same yes waits for the same prompt; it stays open while somebody waits, as one for a code does. A
"no" is the prompt broker's to remember, for a moment.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

from xacct.prompts.broker import GRACE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from xacct import errors
    from xacct.clock import AwsClock
    from xacct.model import Role
    from xacct.prompts.broker import PromptBroker

Key = tuple[str, str | None]
"""The role's name, and the consumer a yes is for; None: for all."""


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

    Args:
        changed: called when a yes is added.
    """

    def __init__(self, broker: PromptBroker, clock: AwsClock, changed: Callable[[], None] = lambda: None) -> None:
        self._broker = broker
        self._clock = clock
        self._changed = changed
        self.allowed: set[Key] = set()
        self._asks: dict[Key, _Ask] = {}

    def admits(self, role: Role, consumer: str, *, narrowed: bool = False) -> bool:
        """Whether this consumer may have the role without a prompt.

        Args:
            role: a guarded one.
            consumer: a grant's id, or the like.
            narrowed: whether it gets narrower credentials than the role's.
        """
        if role.confirm is None or _key(role, consumer, narrowed) in self.allowed:
            return True
        return narrowed and _key(role, consumer, False) in self.allowed  # who may have all may have less

    async def admit(self, role: Role, consumer: str, label: str, process: str = "", *, narrowed: bool = False) -> None:
        """Return once this consumer may have the role, asking if that takes a yes.

        Args:
            role: the guarded role.
            consumer: whose yes it is.
            label: what people call the consumer.
            process: which process it is, in words.
            narrowed: as in `admits`.

        Raises:
            HumanNeeded: nobody to ask, a "no", or no answer while anybody waited.
        """
        if self.admits(role, consumer, narrowed=narrowed):
            return
        key = _key(role, consumer, narrowed)
        ask = self._asks.get(key) or self._ask(key, label, process)
        with ask.interest():
            try:
                await asyncio.shield(ask.task)
            except asyncio.CancelledError:
                if ask.why is not None and ask.task.cancelled():
                    raise ask.why from None
                raise

    def _ask(self, key: Key, label: str, process: str) -> _Ask:
        ask = self._asks[key] = _Ask(self._clock)

        async def asking() -> None:
            try:
                await self._broker.permission(key[0], label, _about(key), ask.wanted, process)
                self.allowed.add(key)
                self._changed()
            finally:
                del self._asks[key]

        ask.start(asyncio.get_running_loop().create_task(asking(), name=f"confirm {key[0]}"))
        return ask

    def ask_again(self, role: Role, consumer: str) -> None:
        """The human has come back by themselves: an earlier "no" is not theirs of now."""
        self._broker.forget(_about(_key(role, consumer, False)))

    def log_out(self, role: str, why: errors.XacctError) -> None:
        """A login session of the role ends: what was allowed for all, and what is being asked, ends with it."""
        self.allowed.discard((role, None))
        for key, ask in self._asks.items():
            if key[0] == role:
                ask.why = why
                ask.task.cancel()

    def keep(self, consumers: Collection[str]) -> None:
        """These are the consumers there are: forget what was allowed to others."""
        self.allowed = {key for key in self.allowed if key[1] is None or key[1] in consumers}

    async def close(self) -> None:
        """End every prompt."""
        tasks = [ask.task for ask in self._asks.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _key(role: Role, consumer: str, narrowed: bool) -> Key:  # noqa: FBT001 - of this file alone
    # guard: yes-to-a-narrowed-grant-is-its-own
    return (role.name, consumer if role.confirm == "each-grant" or narrowed else None)


def _about(key: Key) -> str:
    return f"use of {key[0]} by {'anybody' if key[1] is None else key[1]}"


def _look_at(asking: asyncio.Task[None]) -> None:
    """Look at an outcome nobody waited for, so that it is no "exception never retrieved"."""
    if not asking.cancelled():
        asking.exception()
