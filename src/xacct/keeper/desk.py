"""The MFA desk: one open question per MFA device, whoever asks, however many terminals show it.

A question is raised as an event; every attended terminal or dialog shows it; the first answer wins. It is
withdrawn when nobody wants its answer any more, or when nobody is left who could give one.
"""

from __future__ import annotations

import asyncio
import itertools
import re
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xacct import errors
from xacct.keeper.events import Events, PromptClosed, PromptRaised
from xacct.policy import next_step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from xacct.clock import AwsClock
    from xacct.keeper.ledger import Ledger

ATTEMPTS = 3
COOL_DOWN = 60.0
"""Seconds of rest after three wrong codes: a script must not hammer AWS with guesses."""

DECLINED_FOR = 15.0
"""Seconds a "no" counts for whoever asks next: an SDK's retries are the same demand, not a new one."""

GRACE = 3.0
"""Seconds a question stays open without anybody waiting: botocore and JS v3 pause 1 s between their tries."""

LONGEST = 600.0
"""Seconds after which a question is withdrawn, whoever waits."""

POLL = 0.25


@dataclass(eq=False)
class Question:
    """One open question. `not_before` is AWS's time, `deadline` is on the boot clock."""

    id: str
    serial: str
    _roles: Callable[[], tuple[str, ...]] = field(repr=False)
    attempt: int
    problem: str | None
    not_before: float | None
    deadline: float
    _answer: asyncio.Future[str] = field(repr=False)

    @property
    def roles(self) -> tuple[str, ...]:
        """Whom the code is for, now: others may have joined since it was asked for."""
        return self._roles()

    @property
    def open(self) -> bool:
        """Whether an answer can still be given."""
        return not self._answer.done()


class Desk:
    """Where codes are asked for and handed in."""

    def __init__(self, clock: AwsClock, events: Events, ledger: Ledger) -> None:
        self.ledger = ledger
        self._clock = clock
        self._events = events
        self._ids = itertools.count(1)
        self._open: dict[str, Question] = {}
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._attendants: dict[object, frozenset[str] | None] = {}
        self._resting: dict[str, tuple[float, errors.HumanNeeded]] = {}

    # For those who can answer.

    @contextmanager
    def attend(self, serials: frozenset[str] | None = None) -> Iterator[None]:
        """Be there to answer, for some devices or (None) for all."""
        me = object()
        self._attendants[me] = serials
        try:
            yield
        finally:
            del self._attendants[me]

    def attended(self, serial: str) -> bool:
        """Whether somebody could answer for this device."""
        return any(scope is None or serial in scope for scope in self._attendants.values())

    @property
    def attendants(self) -> int:
        """How many terminals and dialogs attend to every device."""
        return sum(scope is None for scope in self._attendants.values())

    @property
    def questions(self) -> list[Question]:
        """What is being asked right now."""
        return list(self._open.values())

    def answer(self, question_id: str, code: str) -> None:
        """Hand in a code for an open question.

        Raises:
            PromptClosed: somebody was faster, or nobody asks any more.
            BadInput: not six digits; the question stays open.
            CodeUsed: AWS has seen this code; the question stays open, and its new `not_before` is published.
        """
        question = self._find(question_id)
        code = code.replace(" ", "")
        if not re.fullmatch(r"[0-9]{6}", code):
            raise errors.BadInput("An MFA code is six digits.", "Type the code the device shows now.")
        now = self._clock.likeliest()
        if self.ledger.used(question.serial, code, now, self._clock.boot()):
            question.not_before = next_step(now)
            question.problem = "AWS has seen that code already, and takes each code once."
            self._events.publish(PromptRaised(question))
            wait = question.not_before - now
            raise errors.CodeUsed(question.problem, f"The next one comes in {wait:.0f} s.")
        question._answer.set_result(code)  # noqa: SLF001 - the desk owns its questions

    def wait_for_fresh(self, question: Question) -> float:
        """Seconds until the device shows a code that could be accepted."""
        return 0.0 if question.not_before is None else max(0.0, question.not_before - self._clock.likeliest())

    def decline(self, question_id: str) -> None:
        """Say no to an open question.

        Raises:
            PromptClosed: it is open no longer.
        """
        question = self._find(question_id)
        said_no = errors.Declined(
            f"The MFA code for {_names(question.roles)} was declined.", f"xacctctl login {question.roles[0]}"
        )
        self._rest(question.serial, DECLINED_FOR, said_no)
        question._answer.set_exception(said_no)  # noqa: SLF001

    def forget(self, serial: str | None) -> None:
        """Ask again at once, whatever was said before: the human has come back by themselves."""
        self._resting.pop(serial or "", None)

    # For those who need a code.

    def turn(self, serial: str) -> asyncio.Lock:
        """Held from the question to STS's verdict: the next one must know whether this code was used up."""
        return self._turns[serial]

    async def ask(
        self,
        serial: str,
        roles: Callable[[], tuple[str, ...]],
        wanted: Callable[[], bool],
        attempt: int = 1,
        problem: str | None = None,
    ) -> str:
        """One code of `serial`, from whoever answers first.

        Args:
            roles: whom it is for, now. wanted: whether anybody still waits for it. attempt: 1 to ATTEMPTS.
            problem: why the last answer would not do.

        Raises:
            HumanNeeded: nobody to ask, a "no", or no answer while anybody wanted it.
        """
        self._refuse_while_resting(serial)
        self._refuse_unattended(serial, roles())
        now = self._clock.likeliest()
        question = Question(
            str(next(self._ids)),
            serial,
            roles,
            attempt,
            problem,
            self.ledger.fresh_at(serial, now),
            self._clock.boot() + LONGEST,
            asyncio.get_running_loop().create_future(),
        )
        self._open[serial] = question
        self._events.publish(PromptRaised(question))
        try:
            code = await self._wait(question, wanted)
        except errors.HumanNeeded as error:
            self._close(question, _OUTCOMES.get(type(error), "withdrawn"), error.sentence)
            raise
        except asyncio.CancelledError:
            self._close(question, "withdrawn", "The question was withdrawn.")
            raise
        self._close(question, "answered", "A code was given.")
        return code

    def rest(self, serial: str, roles: tuple[str, ...]) -> errors.HumanNeeded:
        """Three wrong codes: no more questions for a while. Returns what to tell everybody."""
        error = errors.TooManyWrongCodes(
            f"{ATTEMPTS} codes in a row were refused for {_names(roles)}; xacct asks again in {COOL_DOWN:.0f} s."
        )
        self._rest(serial, COOL_DOWN, error)
        return error

    async def _wait(self, question: Question, wanted: Callable[[], bool]) -> str:
        unattended_since: float | None = None
        while True:
            await asyncio.wait({question._answer}, timeout=POLL)  # noqa: SLF001
            if question._answer.done():  # noqa: SLF001
                return question._answer.result()  # noqa: SLF001
            boot = self._clock.boot()
            if not wanted() or boot > question.deadline:
                raise errors.TimedOut(
                    f"Nobody gave an MFA code for {_names(question.roles)}.",
                    f"xacctctl login {question.roles[0]}",
                )
            unattended_since = None if self.attended(question.serial) else unattended_since or boot
            if unattended_since is not None and boot - unattended_since >= GRACE:
                self._refuse_unattended(question.serial, question.roles)

    def _close(self, question: Question, outcome: str, sentence: str) -> None:
        question._answer.cancel()  # noqa: SLF001 - a no-op where it was answered
        self._open.pop(question.serial, None)
        self._events.publish(PromptClosed(question, outcome, sentence))

    def _find(self, question_id: str) -> Question:
        for question in self._open.values():
            if question.id == question_id and question.open:
                return question
        raise errors.PromptClosed(
            "That question is no longer open.", "Somebody else answered it, or nobody waits for it."
        )

    def _rest(self, serial: str, seconds: float, error: errors.HumanNeeded) -> None:
        self._resting[serial] = (self._clock.boot() + seconds, error)

    def _refuse_while_resting(self, serial: str) -> None:
        until, error = self._resting.get(serial, (0.0, None))
        if error is not None and self._clock.boot() < until:
            raise type(error)(error.sentence, error.hint)

    def _refuse_unattended(self, serial: str, roles: tuple[str, ...]) -> None:
        if not self.attended(serial):
            raise errors.NobodyToAsk(
                f"An MFA code is needed for {_names(roles)}, and nobody is there to ask.",
                f"xacctctl login {roles[0]}",
            )


_OUTCOMES: dict[type[errors.HumanNeeded], str] = {errors.Declined: "declined", errors.TimedOut: "timeout"}


def _names(roles: tuple[str, ...]) -> str:
    return ", ".join(roles[:3]) + (f" and {len(roles) - 3} more" if len(roles) > 3 else "")  # noqa: PLR2004
