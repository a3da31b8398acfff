"""A prompter: attends to the desk, and asks a program for each question; ends it when the question closes."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import structlog

from xacct import errors
from xacct.host.child import output_of
from xacct.keeper.events import PromptClosed, PromptRaised
from xacct.keeper.question import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from xacct.keeper.desk import Desk
    from xacct.keeper.events import Events
    from xacct.keeper.question import Kind, Question

log = structlog.get_logger("xacct.prompts")


class Prompter:
    """Answers every device's questions through a program.

    Args:
        command: gives the program and its arguments for a question. dialog: whether it is one, that a human sees: then
            a program that ends badly, or prints nothing, means "no", and it can be asked for a yes as well as a code.
        delay: seconds a terminal gets before the program is started.
    """

    def __init__(
        self,
        desk: Desk,
        events: Events,
        command: Callable[[Question], list[str]],
        *,
        dialog: bool,
        delay: float = 0.0,
    ) -> None:
        self._desk = desk
        self._events = events
        self._command = command
        self._dialog = dialog
        self._kinds: tuple[Kind, ...] = KINDS if dialog else ("mfa",)
        self._delay = delay
        self._asking: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Attend until cancelled."""
        with self._events.listen() as queue, self._desk.attend(kinds=self._kinds):
            try:
                while True:
                    self._heed(await queue.get())
            finally:
                for task in self._asking.values():
                    task.cancel()
                await asyncio.gather(*self._asking.values(), return_exceptions=True)

    def _heed(self, event: object) -> None:
        if isinstance(event, PromptRaised) and event.question.kind not in self._kinds:
            return
        if isinstance(event, PromptRaised) and event.question.id not in self._asking:
            task = asyncio.get_running_loop().create_task(self._ask(event.question))
            self._asking[event.question.id] = task
            task.add_done_callback(lambda _: self._asking.pop(event.question.id, None))
        elif isinstance(event, PromptClosed) and event.question.id in self._asking:
            self._asking[event.question.id].cancel()

    async def _ask(self, question: Question) -> None:
        await asyncio.sleep(self._delay)
        while question.open:
            await asyncio.sleep(self._desk.wait_for_fresh(question))
            said = await output_of(self._command(question), told(question))
            try:
                if question.kind == "confirm" and said is not None:
                    self._desk.confirm(question.id)
                elif said:
                    self._desk.answer(question.id, said)
                elif self._dialog:
                    self._desk.decline(question.id)
                return  # noqa: TRY300 - the loop is for mistakes
            except errors.PromptClosed:
                return
            except errors.BadInput as mistake:
                log.info("answer not taken", why=mistake.sentence)
                if not self._dialog:
                    return  # the same program would say the same again


def told(question: Question) -> dict[str, str]:
    """The environment in which a program is asked: ours, and which device and role it is asked for."""
    role = next(iter(question.roles), "")
    return {**os.environ, "XACCT_MFA_SERIAL": question.serial, "XACCT_ROLE": role}
