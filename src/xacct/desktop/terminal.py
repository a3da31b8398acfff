"""Terminals that attend, while which the ways behind them wait; on one that is lent, pinentry is run.

A terminal shows prompts by itself, as a client of the control API. One of `xacctctl attend --pinentry` shows none:
it says where it is, and the user's pinentry asks there, as gpg-agent has it ask in GPG_TTY.
"""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING

from xacct.desktop import pinentry
from xacct.desktop.ways import PassOn, Unusable

if TYPE_CHECKING:
    from collections.abc import Callable

    from xacct.desktop.parts import Parts
    from xacct.desktop.ways import Asked, Way
    from xacct.prompts.prompt import Kind
    from xacct.prompts.subscribers import Tty

LOOK = 0.2
"""Seconds between two looks who is there."""


class Terminals:
    """Waits for what a terminal answers, and asks on those that are lent.

    Args:
        find: Finds the pinentry that asks there, or why there is none.
    """

    def __init__(self, given: Parts, find: Callable[[], str | Unusable]) -> None:
        self._given = given
        self._find = find
        self._broker = given.broker

    def takes(self, topic: str, kind: Kind) -> bool:
        """What some terminal does."""
        return self._broker.has_terminal(topic, kind) or bool(self._broker.lent(topic, kind))

    async def ask(self, asked: Asked) -> None:
        """Wait until none attends any more, or pinentry can ask on none: the next has its turn at once then."""
        topics, kind = asked.prompt.topics, asked.prompt.kind
        running: dict[Tty, asyncio.Task[None]] = {}
        try:
            while any(self.takes(topic, kind) for topic in topics):
                for tty in itertools.chain.from_iterable(self._broker.lent(topic, kind) for topic in topics):
                    if tty not in running:
                        running[tty] = asyncio.ensure_future(self._ask_at(tty, asked))
                await asyncio.sleep(LOOK)
                shown = any(self._broker.has_terminal(topic, kind) for topic in topics)
                if shown or not running or not all(task.done() for task in running.values()):
                    continue
                for task in running.values():
                    task.result()
                return
            raise PassOn
        finally:
            for task in running.values():
                task.cancel()
            await asyncio.gather(*running.values(), return_exceptions=True)

    async def _ask_at(self, tty: Tty, asked: Asked) -> None:
        program = self._find()
        if isinstance(program, Unusable):
            raise PassOn(program.why)
        await pinentry.Pinentry(program, self._given, tty).ask(asked)


def way(given: Parts) -> Way:
    """Every daemon has it."""
    return Terminals(given, lambda: pinentry.find(given.env))
