"""The prompter: asks for each prompt in the order of `[prompts]`, one way after the other or several at once.

A way that can't ask is passed over at once. One that asks has some seconds before the next begins as well, and goes on:
the first answer, wherever it comes from, ends all.
"""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import TYPE_CHECKING

import structlog

from xacct.desktop.ways import Asked, PassOn
from xacct.prompts.events import PromptClosed, PromptOpened

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from xacct.credentials.events import Events
    from xacct.desktop.ways import Way
    from xacct.prompts.broker import PromptBroker
    from xacct.prompts.prompt import Kind, Prompt
    from xacct.prompts.subscribers import Takes

log = structlog.get_logger("xacct.prompts")

UNUSABLE_FOR = 30.0
"""Seconds in which a way that could not be used does not count as somebody to ask. It is tried again all the same."""


class Prompter:
    """Asks for prompts.

    Args:
        order: The ways by name; those of one mapping are asked at once, one mapping after the other.
        next_after: Seconds after which the next are asked as well.
        boot: Reads the boot-time clock.
    """

    def __init__(
        self,
        broker: PromptBroker,
        events: Events,
        order: Sequence[Mapping[str, Way]],
        next_after: float,
        boot: Callable[[], float],
    ) -> None:
        self._broker = broker
        self._events = events
        self._order = order
        self._next_after = next_after
        self._boot = boot
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._unusable: dict[str, tuple[float, str]] = {}
        self._answered_by: dict[str, int] = {}

    def unusable(self) -> dict[str, str]:
        """Why ways could not be used when it was tried last, by their names."""
        return {name: why for name, (_, why) in self._unusable.items()}

    async def run(self) -> None:
        """Ask until cancelled."""
        with ExitStack() as stack:
            queue = stack.enter_context(self._events.subscribe())
            for name, way in [pair for at_once in self._order for pair in at_once.items()]:
                stack.enter_context(self._broker.subscribe_way(self._counts(name, way)))
            try:
                while True:
                    self._heed(await queue.get())
            finally:
                for task in self._asking.values():
                    task.cancel()
                await asyncio.gather(*self._asking.values(), return_exceptions=True)

    def _counts(self, name: str, way: Way) -> Takes:
        """What a way takes, unless it could not be used a moment ago."""

        def takes(topic: str, kind: Kind) -> bool:
            since, _ = self._unusable.get(name, (float("-inf"), ""))
            # guard: way-that-cannot-ask-is-nobody-to-ask
            return self._boot() >= since + UNUSABLE_FOR and way.takes(topic, kind)

        return takes

    def _heed(self, event: object) -> None:
        if isinstance(event, PromptOpened) and event.prompt.id not in self._asking:
            prompt = event.prompt
            if prompt.mode == "redirect":
                return  # a terminal has opened a browser for it, and that is where the human is
            task = asyncio.get_running_loop().create_task(self._pose(prompt))
            self._asking[prompt.id] = task
            task.add_done_callback(lambda _: self._asking.pop(prompt.id, None))
        elif isinstance(event, PromptClosed) and event.prompt.id in self._asking:
            self._asking[event.prompt.id].cancel()

    async def _pose(self, prompt: Prompt) -> None:
        """Ask in order. After a wrong code the ways up to the one that gave it are asked at once."""
        known = self._answered_by.pop(prompt.topic, -1) if prompt.attempt > 1 else -1
        async with asyncio.TaskGroup() as group:
            asking: list[asyncio.Task[bool]] = []
            for number, ways in enumerate(self._order):
                able = {
                    name: way
                    for name, way in ways.items()
                    if any(way.takes(topic, prompt.kind) for topic in prompt.topics)
                }
                now = [group.create_task(self._ask(number, *each, prompt)) for each in able.items()]
                asking += now
                if now and number >= known:
                    await asyncio.wait(now, timeout=self._next_after)
                if not prompt.open or any(task.done() and task.result() for task in asking):
                    return

    async def _ask(self, number: int, name: str, way: Way, prompt: Prompt) -> bool:
        """Ask one way. Whether somebody has it in hand."""

        def taken() -> None:
            self._answered_by[prompt.topic] = number

        try:
            await way.ask(Asked(self._broker, prompt, taken, name))
        except PassOn as passed:
            if passed.why:
                log.info("can't ask", way=name, why=passed.why)
                self._unusable[name] = (self._boot(), passed.why)
            return False
        except Exception as bug:  # noqa: BLE001 - one way that breaks is not the end of the others; no message: it may quote
            log.error("way to ask broke", way=name, kind=type(bug).__name__)  # noqa: TRY400
            return False
        self._unusable.pop(name, None)
        return True
