"""The desk: one open question per MFA device, whoever asks, however many terminals show it.

The other kind of question is whether a consumer may use a guarded role; guard.py says when.

A question is raised as an event; every attended terminal or dialog shows it; the first answer wins. It is
withdrawn when nobody wants its answer any more, or when nobody is left who could give one.
"""

from __future__ import annotations

import asyncio
import itertools
import re
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING

from xacct import errors
from xacct.keeper.events import Events, PromptClosed, PromptRaised
from xacct.keeper.question import KINDS, NO_CAUSE, Question, names
from xacct.policy import next_step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from xacct.clock import AwsClock
    from xacct.keeper.ledger import Ledger
    from xacct.keeper.question import Cause, Kind

ATTEMPTS = 3
COOL_DOWN = 60.0
"""Seconds of rest after three wrong codes: a script must not hammer AWS with guesses."""

DECLINED_FOR = 15.0  # guard: no-counts-for-while
"""Seconds a "no" counts for whoever asks next: an SDK's retries are the same demand, not a new one."""

GRACE = 3.0
"""Seconds a question stays open without anybody waiting: botocore and JS v3 pause 1 s between their tries."""

LONGEST = 600.0
"""Seconds after which a question is withdrawn, whoever waits."""

POLL = 0.25


class Desk:
    """Where codes are asked for and handed in."""

    def __init__(self, clock: AwsClock, events: Events, ledger: Ledger) -> None:
        self.ledger = ledger
        self._clock = clock
        self._events = events
        self._ids = itertools.count(1)
        self._open: dict[str, Question] = {}
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._attendants: dict[object, tuple[frozenset[str] | None, tuple[Kind, ...]]] = {}
        self._resting: dict[str, tuple[float, errors.HumanNeeded]] = {}

    # For those who can answer.

    @contextmanager
    def attend(self, topics: frozenset[str] | None = None, kinds: tuple[Kind, ...] = KINDS) -> Iterator[None]:
        """Be there to answer questions of some kinds, for some devices and guarded roles or (None) for all."""
        me = object()
        self._attendants[me] = (topics, kinds)
        try:
            yield
        finally:
            del self._attendants[me]

    def attended(self, topic: str, kind: Kind = "mfa") -> bool:
        """Whether somebody could answer for this device, or guarded role."""
        return any(kind in kinds and (scope is None or topic in scope) for scope, kinds in self._attendants.values())

    @property
    def attendants(self) -> int:
        """How many terminals and dialogs attend to everything."""
        return sum(scope is None for scope, _ in self._attendants.values())

    @property
    def questions(self) -> list[Question]:
        """What is being asked right now."""
        return list(self._open.values())

    def answer(self, question_id: str, code: str) -> None:
        """Hand in a code for an open question.

        Raises:
            PromptClosed: somebody was faster, or nobody asks any more.
            BadInput: not six digits, or no code was asked for; the question stays open.
            CodeUsed: AWS has seen this code; the question stays open, and its new `not_before` is published.
        """
        question = self._find(question_id, "mfa")
        code = code.replace(" ", "")
        if not re.fullmatch(r"[0-9]{6}", code):  # guard: six-digits
            raise errors.BadInput("An MFA code is six digits.", "Type the code the device shows now.")
        now = self._clock.likeliest()
        if self.ledger.used(question.serial, code, now, self._clock.boot()):  # guard: code-is-sent-once
            question.not_before = next_step(now)
            question.problem = "AWS has seen that code already, and takes each code once."
            self._events.publish(PromptRaised(question))
            wait = question.not_before - now
            raise errors.CodeUsed(question.problem, f"The next one comes in {wait:.0f} s.")
        question.answer.set_result(code)

    def confirm(self, question_id: str) -> None:
        """Say yes to an open question.

        Raises:
            PromptClosed: it is open no longer. BadInput: it wants a code.
        """
        self._find(question_id, "confirm").answer.set_result("yes")

    def wait_for_fresh(self, question: Question) -> float:
        """Seconds until the device shows a code that could be accepted."""
        return 0.0 if question.not_before is None else max(0.0, question.not_before - self._clock.likeliest())

    def decline(self, question_id: str) -> None:
        """Say no to an open question.

        Raises:
            PromptClosed: it is open no longer.
        """
        question = self._find(question_id)
        said_no = question.declined()
        self._rest(question.about, DECLINED_FOR, said_no)
        question.answer.set_exception(said_no)

    def forget(self, about: str | None) -> None:
        """Ask again at once, whatever was said before: the human has come back by themselves.

        The rest after wrong codes stays: it is AWS that must not be hammered, by a human no more than by a script.
        """
        _, error = self._resting.get(about or "", (0.0, None))
        if not isinstance(error, errors.TooManyWrongCodes):  # guard: rest-after-wrong-codes-holds-for-logins
            self._resting.pop(about or "", None)

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
        cause: Cause = NO_CAUSE,
    ) -> str:
        """One code of `serial`, from whoever answers first.

        Args:
            roles: whom it is for, now. wanted: whether anybody still waits for it. attempt: 1 to ATTEMPTS.
            problem: why the last answer would not do. cause: why it is asked, and who has brought it about.

        Raises:
            HumanNeeded: nobody to ask, a "no", or no answer while anybody wanted it.
        """
        question = self._question(serial, roles, about=serial)
        question.attempt, question.problem = attempt, problem
        question.label, question.process, question.reason = cause.label, cause.process, cause.reason
        question.not_before = self.ledger.fresh_at(serial, self._clock.likeliest())
        return await self._pose(question, wanted)

    async def permission(
        self, role: str, label: str, about: str, wanted: Callable[[], bool], process: str = ""
    ) -> None:
        """A human's yes to the use of `role` by whoever is called `label`.

        Args:
            about: what a "no" holds for a while for. wanted: whether anybody still waits for it.
            process: which one that is, in words.

        Raises:
            HumanNeeded: nobody to ask, a "no", or no answer while anybody wanted it.
        """
        question = self._question("", lambda: (role,), about=about, kind="confirm", label=label)
        question.process = process
        await self._pose(question, wanted)

    def _question(
        self, serial: str, roles: Callable[[], tuple[str, ...]], *, about: str, kind: Kind = "mfa", label: str = ""
    ) -> Question:
        return Question(
            str(next(self._ids)),
            serial,
            roles,
            attempt=1,
            problem=None,
            not_before=None,
            deadline=self._clock.boot() + LONGEST,
            about=about,
            answer=asyncio.get_running_loop().create_future(),
            kind=kind,
            label=label,
        )

    async def _pose(self, question: Question, wanted: Callable[[], bool]) -> str:
        self._refuse_while_resting(question.about)
        self._refuse_unattended(question)
        self._open[question.id] = question
        self._events.publish(PromptRaised(question))
        try:
            answer = await self._wait(question, wanted)
        except errors.HumanNeeded as error:
            self._close(question, _OUTCOMES.get(type(error), "withdrawn"), error.sentence)
            raise
        except asyncio.CancelledError:
            self._close(question, "withdrawn", "The question was withdrawn.")
            raise
        self._close(question, "answered", question.answered())
        return answer

    def rest(self, serial: str, roles: tuple[str, ...]) -> errors.HumanNeeded:
        """Three wrong codes: no more questions for a while. Returns what to tell everybody."""
        error = errors.TooManyWrongCodes(_too_many(names(roles), COOL_DOWN), roles=names(roles))
        self._rest(serial, COOL_DOWN, error)
        return error

    async def _wait(self, question: Question, wanted: Callable[[], bool]) -> str:
        unattended_since: float | None = None
        while True:
            await asyncio.wait({question.answer}, timeout=POLL)
            if question.answer.done():
                return question.answer.result()
            boot = self._clock.boot()
            if not wanted() or boot > question.deadline:
                raise question.unanswered()
            unattended_since = None if self.attended(question.topic, question.kind) else unattended_since or boot
            if unattended_since is not None and boot - unattended_since >= GRACE:
                self._refuse_unattended(question)

    def _close(self, question: Question, outcome: str, sentence: str) -> None:
        question.answer.cancel()  # a no-op where it was answered
        self._open.pop(question.id, None)
        self._events.publish(PromptClosed(question, outcome, sentence))

    def _find(self, question_id: str, kind: Kind | None = None) -> Question:
        question = self._open.get(question_id)
        if question is None or not question.open:
            raise errors.PromptClosed(
                "That question is no longer open.", "Somebody else answered it, or nobody waits for it."
            )
        if kind is not None and question.kind != kind:
            wants = "an MFA code" if question.kind == "mfa" else "yes or no"
            raise errors.BadInput(f"That question wants {wants}.", "")
        return question

    def _rest(self, about: str, seconds: float, error: errors.HumanNeeded) -> None:
        self._resting[about] = (self._clock.boot() + seconds, error)

    def _refuse_while_resting(self, about: str) -> None:
        until, error = self._resting.get(about, (0.0, None))
        if error is None:
            return
        left = until - self._clock.boot()
        if left > 0 and isinstance(error, errors.TooManyWrongCodes):
            raise errors.TooManyWrongCodes(_too_many(error.roles, left), error.hint, roles=error.roles)
        if left > 0:
            raise type(error)(error.sentence, error.hint)
        del self._resting[about]

    def _refuse_unattended(self, question: Question) -> None:
        if not self.attended(question.topic, question.kind):
            raise question.unattended()


def _too_many(roles: str, seconds: float) -> str:
    return f"{ATTEMPTS} codes in a row were refused for {roles}; xacct asks again in {seconds:.0f} s."


_OUTCOMES: dict[type[errors.HumanNeeded], str] = {errors.Declined: "declined", errors.TimedOut: "timeout"}
