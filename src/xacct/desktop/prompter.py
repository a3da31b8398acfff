"""A prompter: subscribes to the prompt broker, and asks a program for each prompt; ends it when the prompt closes."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import structlog

from xacct import errors
from xacct.host.child import output_of
from xacct.prompts.events import PromptClosed, PromptOpened
from xacct.prompts.prompt import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from xacct.credentials.events import Events
    from xacct.prompts.broker import PromptBroker
    from xacct.prompts.prompt import Kind, Prompt

log = structlog.get_logger("xacct.prompts")


class Prompter:
    """Answers every device's prompts through a program.

    Args:
        command: gives the program and its arguments for a prompt.
        dialog: whether it is one, that a human sees: then a program that ends badly, or prints nothing, means "no", and
            it can be asked for a yes as well as a code.
        delay: seconds a terminal gets before the program is started.
        topics: the devices that it is for; None: all.
        device: chooses the one that it is asked for, where several will do; without it, the first.
    """

    def __init__(
        self,
        broker: PromptBroker,
        events: Events,
        command: Callable[[Prompt], list[str]],
        *,
        dialog: bool,
        delay: float = 0.0,
        topics: frozenset[str] | None = None,
        device: Callable[[Prompt], str] = lambda prompt: prompt.serial,
    ) -> None:
        self._broker = broker
        self._events = events
        self._command = command
        self._dialog = dialog
        self._kinds: tuple[Kind, ...] = KINDS if dialog else ("mfa",)
        self._delay = delay
        self._topics = topics
        self._device = device
        self._asking: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Answer prompts until cancelled."""
        with self._events.subscribe() as queue, self._broker.subscribe(self._topics, self._kinds):
            try:
                while True:
                    self._heed(await queue.get())
            finally:
                for task in self._asking.values():
                    task.cancel()
                await asyncio.gather(*self._asking.values(), return_exceptions=True)

    def _heed(self, event: object) -> None:
        if isinstance(event, PromptOpened) and not self._is_for(event.prompt):
            return
        if isinstance(event, PromptOpened) and event.prompt.id not in self._asking:
            task = asyncio.get_running_loop().create_task(self._ask(event.prompt))
            self._asking[event.prompt.id] = task
            task.add_done_callback(lambda _: self._asking.pop(event.prompt.id, None))
        elif isinstance(event, PromptClosed) and event.prompt.id in self._asking:
            self._asking[event.prompt.id].cancel()

    def _is_for(self, prompt: Prompt) -> bool:
        """Whether to ask for it; not where a terminal has opened a browser for it, which is what would be asked."""
        if prompt.mode == "redirect":
            return False
        return prompt.kind in self._kinds and (self._topics is None or not self._topics.isdisjoint(prompt.topics))

    async def _ask(self, prompt: Prompt) -> None:
        await asyncio.sleep(self._delay)
        while prompt.open:
            await asyncio.sleep(self._broker.wait_for_fresh(prompt))
            said = await output_of(self._command(prompt), told(prompt, self._device(prompt)))
            try:
                if prompt.kind == "confirm" and said is not None:
                    self._broker.confirm(prompt.id)
                elif said and prompt.take is not None:
                    self._broker.bring(prompt.id, said)
                elif prompt.kind == "sign-in" and prompt.take is None and said is not None:
                    return  # the human goes to the browser; that ends the prompt
                elif said:
                    self._broker.answer(prompt.id, said, self._device(prompt))
                elif self._dialog:
                    self._broker.decline(prompt.id)
                return  # noqa: TRY300 - the loop is for mistakes
            except errors.PromptNotOpen:
                return
            except errors.BadInput as mistake:
                log.info("answer not taken", why=mistake.sentence)
                if not self._dialog:
                    return  # the same program would say the same again


def told(prompt: Prompt, serial: str | None = None) -> dict[str, str]:
    """The environment in which a program is asked: ours, and which device and role it is asked for."""
    role = next(iter(prompt.roles), "")
    return {**os.environ, "XACCT_MFA_SERIAL": serial or prompt.serial, "XACCT_ROLE": role}
