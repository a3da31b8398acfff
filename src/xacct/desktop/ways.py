"""What a way to ask a human is, and one prompt as such a way sees it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple, Protocol

import structlog

from xacct import errors
from xacct.prompts.prompt import Answerer

if TYPE_CHECKING:
    from collections.abc import Callable

    from xacct.prompts.approved import Lasting
    from xacct.prompts.broker import PromptBroker
    from xacct.prompts.prompt import Kind, Prompt

log = structlog.get_logger("xacct.prompts")


class Unusable(NamedTuple):
    """A way that can't be used here.

    Attributes:
        why: A clause for people, without a full stop. Empty: it is not set up, and nobody need hear of it.
    """

    why: str = ""


class PassOn(Exception):
    """Nothing came of asking this way: the next one is begun at once.

    Attributes:
        why: Why it can't be used, a clause for people; it then counts as nobody there for a while. Empty: it can,
            but had no answer.
    """

    def __init__(self, why: str = "") -> None:
        super().__init__(why)
        self.why = why


class Way(Protocol):
    """One way to ask."""

    def takes(self, topic: str, kind: Kind) -> bool:
        """Whether it could ask that, now.

        Args:
            topic: The MFA device, the sign-in, or the guarded role.
            kind: The kind of prompt.
        """

    async def ask(self, asked: Asked) -> None:
        """Ask, and hand in what is said. Cancelled where the prompt is over: then nothing may be left on the screen.

        A return means that somebody has it in hand, and the ways behind this one are not begun.

        Raises:
            PassOn: Nothing came of it.
        """


class Asked:
    """One open prompt, as a way to ask sees it.

    Attributes:
        prompt: The prompt.
        problem: What was wrong with the last answer; empty: there was none, or nothing was.

    Args:
        taken: Called when an answer was taken.
        way: The name of the way that asks.
    """

    def __init__(
        self, broker: PromptBroker, prompt: Prompt, taken: Callable[[], None] = lambda: None, way: str = ""
    ) -> None:
        self.prompt = prompt
        self._by = Answerer(way)
        self.problem = prompt.problem or ""
        self._broker = broker
        self._taken = taken

    @property
    def open(self) -> bool:
        """Whether an answer would still be heard."""
        return self.prompt.open

    async def fresh(self) -> None:
        """Wait until the device shows a code that could be accepted."""
        await asyncio.sleep(self._broker.wait_for_fresh(self.prompt))

    def answer(self, said: str, serial: str | None = None) -> bool:
        """Hand in a code, or what a browser shows. False: it is not taken, and `problem` says why.

        Args:
            said: It.
            serial: The device whose code it is; None: the first.
        """
        if self.prompt.take is not None:
            return self._handed_in(lambda: self._broker.bring(self.prompt.id, said))
        return self._handed_in(lambda: self._broker.answer(self.prompt.id, said, serial))

    def allow(self, lasting: Lasting | None = None) -> bool:
        """Say yes. False: it is not taken, for a code is asked for.

        Args:
            lasting: How long it holds, one of the prompt's choices; None: the first of them.
        """
        length, seconds = (None, None) if lasting is None else (lasting.length, lasting.seconds or None)
        return self._handed_in(lambda: self._broker.confirm(self.prompt.id, length, seconds, by=self._by))

    def decline(self) -> None:
        """Say no."""
        self._handed_in(lambda: self._broker.decline(self.prompt.id, by=self._by))

    def _handed_in(self, hand_in: Callable[[], None]) -> bool:
        try:
            hand_in()
        except errors.PromptNotOpen:
            return True  # somebody was faster
        except errors.BadInput as mistake:
            log.info("answer not taken", why=mistake.sentence)
            self.problem = mistake.sentence
            return False
        self._taken()
        return True
