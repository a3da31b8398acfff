"""Terminals that attend show every prompt by themselves; the ways behind them wait their seconds meanwhile."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from xacct.desktop.ways import PassOn

if TYPE_CHECKING:
    from xacct.desktop.parts import Parts
    from xacct.desktop.ways import Asked, Way
    from xacct.prompts.broker import PromptBroker
    from xacct.prompts.prompt import Kind

LOOK = 0.2
"""Seconds between two looks whether one is still there."""


class Terminals:
    """Waits for what a terminal answers."""

    def __init__(self, broker: PromptBroker) -> None:
        self._broker = broker

    def takes(self, topic: str, kind: Kind) -> bool:
        """What some terminal does."""
        return self._broker.has_terminal(topic, kind)

    async def ask(self, asked: Asked) -> None:
        """Wait until none attends any more: the next has its turn at once then."""
        while self.takes(asked.prompt.topic, asked.prompt.kind):  # noqa: ASYNC110 - as the broker itself looks
            await asyncio.sleep(LOOK)
        raise PassOn


def way(given: Parts) -> Way:
    """Every daemon has it."""
    return Terminals(given.broker)
