"""The prompt broker: one open prompt per MFA device, whoever asks, however many terminals show it.

The other kind of prompt is whether a consumer may use a guarded role; approvals.py says when.

A prompt is raised as an event; every subscribed terminal or dialog shows it; the first answer wins. It is
withdrawn when nobody wants its answer any more, or when nobody is left who could give one.
"""

from __future__ import annotations

import asyncio
import itertools
import re
from collections import defaultdict
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from xacct import errors
from xacct.policy import next_step
from xacct.prompts.events import PromptClosed, PromptOpened
from xacct.prompts.prompt import NO_CAUSE, NOBODY, Prompt, names
from xacct.prompts.subscribers import Subscribers
from xacct.text import digits

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine

    from xacct.clock import AwsClock
    from xacct.event_bus import EventBus
    from xacct.prompts.approved import Lasting
    from xacct.prompts.prompt import Answerer, Cause, Kind, Permission
    from xacct.prompts.used_codes import UsedCodes
    from xacct.signin import AnySignIn, Begun

T = TypeVar("T")
B = TypeVar("B", bound="Begun")

ATTEMPTS = 3
COOL_DOWN = 60.0
"""Seconds of rest after three wrong codes: a script must not hammer AWS with guesses."""

DECLINED_FOR = 15.0  # guard: no-counts-for-while
"""Seconds a "no" counts for whoever asks next: an SDK's retries are the same demand, not a new one."""

GRACE = 3.0
"""Seconds a prompt stays open without anybody waiting: botocore and JS v3 pause 1 s between their tries."""

LONGEST = 600.0
"""Seconds after which a prompt is withdrawn, whoever waits."""

POLL = 0.25

_ANY_BROWSER = "in any browser"
"""The answer to a sign-in by redirect that is to be one in any browser: by a device code, or a pasted text."""


class PromptBroker(Subscribers):
    """Where codes are asked for and handed in."""

    def __init__(self, clock: AwsClock, events: EventBus[Any], used_codes: UsedCodes) -> None:
        super().__init__()
        self.used_codes = used_codes
        self._clock = clock
        self._events = events
        self._ids = itertools.count(1)
        self._open: dict[str, Prompt] = {}
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._resting: dict[str, tuple[float, errors.HumanNeeded]] = {}

    # For those who can answer.

    @property
    def open_prompts(self) -> list[Prompt]:
        """What is being asked right now."""
        return list(self._open.values())

    def answer(self, prompt_id: str, code: str, serial: str | None = None) -> None:
        """Hand in a code for an open prompt.

        Args:
            prompt_id: the prompt's.
            code: six digits.
            serial: whose code it is, of the devices that will do; None: the first.

        Raises:
            PromptClosed: somebody was faster, or nobody asks any more.
            BadInput: not six digits, spaces and hyphens aside, or no code was asked for; the prompt stays open.
            CodeUsed: AWS has seen this code; the prompt stays open, and its new `not_before` is published.
        """
        prompt = self._find(prompt_id, "mfa")
        code = digits(code)
        if not re.fullmatch(r"[0-9]{6}", code):  # guard: six-digits
            raise errors.BadInput("An MFA code is six digits.", "Type the code the device shows now.")
        serial = serial or prompt.serial
        if serial not in prompt.serials:  # guard: code-is-of-device-that-will-do
            raise errors.BadInput(f"No code of {serial[:256]} is wanted.", "")
        now = self._clock.likeliest()
        if self.used_codes.used(serial, code, now, self._clock.boot()):  # guard: code-is-sent-once
            only = len(prompt.serials) == 1
            prompt.not_before = next_step(now) if only else None
            prompt.problem = "AWS has seen that code already, and takes each code once."
            self._events.publish(PromptOpened(prompt))
            wait = next_step(now) - now
            raise errors.CodeUsed(prompt.problem, f"The next one comes in {wait:.0f} s.")
        prompt.chosen = serial
        prompt.answer.set_result(code)

    def give_up(self, prompt_id: str, sentence: str, hint: str) -> None:
        """Whoever was to answer an open prompt by itself can't. Whoever else could is told, else the prompt ends.

        Args:
            prompt_id: the prompt's; nothing happens where it is open no longer.
            sentence: why.
            hint: what can be done about it.
        """
        prompt = self._open.get(prompt_id)
        if prompt is None or not prompt.open:
            return
        if self._attended(prompt):
            prompt.problem = sentence
            self._events.publish(PromptOpened(prompt))
        else:
            nobody = prompt.unattended()
            prompt.answer.set_exception(errors.NobodyToAsk(f"{nobody.sentence} {sentence}", hint))

    def bring(self, prompt_id: str, shown: str) -> None:
        """Hand in what the browser shows at the end of an open sign-in.

        Raises:
            PromptClosed: it is open no longer.
            BadInput: that is not it, or nothing has to be pasted; the prompt stays open.
        """
        prompt = self._find(prompt_id, "sign-in")
        if prompt.take is None:
            raise errors.BadInput("That sign-in ends in the browser: nothing has to be pasted.", "")
        prompt.take(shown.strip())

    def confirm(
        self, prompt_id: str, length: str | None = None, seconds: float | None = None, *, by: Answerer = NOBODY
    ) -> None:
        """Say yes to an open prompt.

        Args:
            prompt_id: the prompt's.
            length: how long the yes holds (approved.Length); None: as long as the prompt's terms say.
            seconds: of one for minutes; None: those that are offered.
            by: who says it.

        Raises:
            PromptClosed: it is open no longer.
            BadInput: it wants a code, or a yes can't hold for that here; the prompt stays open.
        """
        prompt = self._find(prompt_id, "confirm")
        if prompt.permission is not None:
            prompt.lasting = prompt.permission.terms.taken(length, seconds)
        prompt.answered_by = by
        prompt.answer.set_result("yes")

    def in_any_browser(self, topic: str) -> None:
        """Have a sign-in that waits for a browser on this machine begun anew, for any browser."""
        for prompt in self._open.values():
            if prompt.topic == topic and prompt.mode == "redirect" and prompt.open:
                prompt.answer.set_result(_ANY_BROWSER)

    def wait_for_fresh(self, prompt: Prompt) -> float:
        """Seconds until the device shows a code that could be accepted."""
        return 0.0 if prompt.not_before is None else max(0.0, prompt.not_before - self._clock.likeliest())

    def decline(self, prompt_id: str, *, by: Answerer = NOBODY) -> None:
        """Say no to an open prompt.

        Args:
            prompt_id: the prompt's.
            by: who says it.

        Raises:
            PromptClosed: it is open no longer.
        """
        prompt = self._find(prompt_id)
        prompt.answered_by = by
        said_no = prompt.declined()
        self._rest(prompt.about, DECLINED_FOR, said_no)
        prompt.answer.set_exception(said_no)

    def forget(self, about: str | None) -> None:
        """Ask again at once, whatever was said before: the human has come back by themselves.

        The rest after wrong codes stays: it is AWS that must not be hammered, by a human no more than by a script.
        """
        _, error = self._resting.get(about or "", (0.0, None))
        if not isinstance(error, errors.TooManyWrongCodes):  # guard: rest-after-wrong-codes-holds-for-logins
            self._resting.pop(about or "", None)

    # For those who need a code.

    @asynccontextmanager
    async def turn(self, *serials: str) -> AsyncIterator[None]:
        """Held from the prompt to STS's verdict: the next one must know whether this code was used up.

        Args:
            serials: all devices of which a code may come; nobody else asks for one of them meanwhile.
        """
        async with AsyncExitStack() as stack:
            for serial in sorted({*serials}):  # in one order, so that no two wait for each other
                await stack.enter_async_context(self._turns[serial])
            yield

    async def ask(
        self,
        serial: str,
        roles: Callable[[], tuple[str, ...]],
        wanted: Callable[[], bool],
        attempt: int = 1,
        problem: str | None = None,
        cause: Cause = NO_CAUSE,
    ) -> str:
        """One code, from whoever answers first.

        Args:
            serial: the MFA device's.
            roles: whom it is for, now.
            wanted: whether anybody still waits for it.
            attempt: 1 to ATTEMPTS.
            problem: why the last answer would not do.
            cause: why it is asked, and who has brought it about.

        Raises:
            HumanNeeded: nobody to ask, a "no", or no answer while anybody wanted it.
        """
        return (await self.ask_any((serial,), roles, wanted, attempt, problem, cause))[1]

    async def ask_any(
        self,
        serials: tuple[str, ...],
        roles: Callable[[], tuple[str, ...]],
        wanted: Callable[[], bool],
        attempt: int = 1,
        problem: str | None = None,
        cause: Cause = NO_CAUSE,
    ) -> tuple[str, str]:
        """The device that was chosen and its code; other arguments and errors are those of `ask`.

        Args:
            serials: the devices that will do; those at rest after wrong codes are left out.
            roles: whom it is for, now.
            wanted: whether anybody still waits for it.
            attempt: counted over all devices.
            problem: why the last answer would not do.
            cause: why it is asked, and who has brought it about.

        Raises:
            HumanNeeded: as `ask`, or all devices are at rest.
        """
        fit = tuple(serial for serial in serials if not self._rests(serial)) or serials
        prompt = self._new_prompt(fit[0], roles, about=about_devices(serials))
        prompt.others, prompt.attempts = fit[1:], ATTEMPTS * len(serials)
        prompt.attempt, prompt.problem = attempt, problem
        prompt.label, prompt.process, prompt.reason = cause.label, cause.process, cause.reason
        fresh = [self.used_codes.fresh_at(serial, self._clock.likeliest()) for serial in fit]
        prompt.not_before = None if None in fresh else min(filter(None, fresh), default=None)
        if self._rests(fit[0]):  # guard: no-question-while-all-devices-rest
            self._refuse_while_resting(fit[0])
        code = await self._pose(prompt, wanted)
        return prompt.chosen or fit[0], code

    async def permission(self, asked: Permission, about: str, wanted: Callable[[], bool]) -> Lasting:
        """A human's yes to the use of a role, and how long it holds.

        Args:
            asked: what is to be allowed.
            about: what a "no" holds for a while for.
            wanted: whether anybody still waits for it.

        Raises:
            HumanNeeded: nobody to ask, a "no", or no answer while anybody wanted it.
        """
        prompt = self._new_prompt("", lambda: (asked.role,), about=about, kind="confirm", label=asked.label)
        prompt.process, prompt.permission = asked.asker.process, asked
        await self._pose(prompt, wanted)
        return prompt.lasting or asked.terms.default

    def _new_prompt(
        self, serial: str, roles: Callable[[], tuple[str, ...]], *, about: str, kind: Kind = "mfa", label: str = ""
    ) -> Prompt:
        return Prompt(
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

    async def _pose(
        self, prompt: Prompt, wanted: Callable[[], bool], looking: asyncio.Future[Any] | None = None
    ) -> str:
        self._refuse_while_resting(prompt.about)
        self._refuse_unattended(prompt)
        self._open[prompt.id] = prompt
        self._events.publish(PromptOpened(prompt))
        try:
            answer = await self._wait(prompt, wanted)
            if looking is not None and looking.done():
                looking.result()  # what went wrong in the browser is how the prompt ends
        except errors.XacctError as error:
            self._close(prompt, _OUTCOMES.get(type(error), "withdrawn"), error.sentence)
            raise
        except BaseException:  # cancelled, or a fault: nobody else would take the question away
            self._close(prompt, "withdrawn", "The question was withdrawn.")
            raise
        if answer == _ANY_BROWSER:
            self._close(prompt, "withdrawn", "Another way to sign in was asked for.")
        else:
            self._close(prompt, "answered", prompt.answered())
        return answer

    async def signed_in(
        self,
        sign_in: AnySignIn,
        roles: Callable[[], tuple[str, ...]],
        wanted: Callable[[], bool],
        begin: Callable[[], Awaitable[B]],
        finish: Callable[[B], Coroutine[Any, Any, T]],
        cause: Cause = NO_CAUSE,
    ) -> T | None:
        """What `finish` brings, while a human is shown where to sign in; None where any browser is to do instead.

        Args:
            sign_in: to what.
            roles: whom it is for, now.
            wanted: whether anybody still waits for it.
            begin: gets what is shown; not called where nobody could be asked.
            finish: given that, ends once the human is done; cancelled where the prompt is withdrawn.
            cause: who has brought it about.

        Raises:
            HumanNeeded: nobody to ask, a "no", or nobody has signed in while anybody wanted it.
            XacctError: those of `begin` and `finish`.
        """
        prompt = self._new_prompt("", roles, about=sign_in.topic, kind="sign-in", label=cause.label)
        prompt.process, prompt.sign_in = cause.process, sign_in.label
        prompt.service, prompt.whereto = sign_in.service, sign_in.whereto
        self._refuse_while_resting(prompt.about)
        self._refuse_unattended(prompt)
        begun = await begin()
        prompt.mode, prompt.url, prompt.user_code, prompt.take = begun.mode, begun.url, begun.user_code, begun.take
        looking = asyncio.ensure_future(finish(begun))
        looking.add_done_callback(lambda _: None if prompt.answer.done() else prompt.answer.set_result("done"))
        try:
            answer = await self._pose(prompt, wanted, looking)
            return None if answer == _ANY_BROWSER else await looking
        finally:
            looking.cancel()

    def rest(self, serial: str, roles: tuple[str, ...]) -> errors.HumanNeeded:
        """Three wrong codes: no more prompts for a while. Returns what to tell everybody."""
        error = errors.TooManyWrongCodes(_too_many(names(roles), COOL_DOWN), roles=names(roles))
        self._rest(serial, COOL_DOWN, error)
        return error

    async def _wait(self, prompt: Prompt, wanted: Callable[[], bool]) -> str:
        unattended_since: float | None = None
        while True:
            await asyncio.wait({prompt.answer}, timeout=POLL)
            if prompt.answer.done():
                return prompt.answer.result()
            boot = self._clock.boot()
            if not wanted() or boot > prompt.deadline:
                raise prompt.unanswered()
            unattended_since = None if self._attended(prompt) else unattended_since or boot
            if unattended_since is not None and boot - unattended_since >= GRACE:
                self._refuse_unattended(prompt)

    def _close(self, prompt: Prompt, outcome: str, sentence: str) -> None:
        prompt.answer.cancel()  # a no-op where it was answered
        self._open.pop(prompt.id, None)
        self._events.publish(PromptClosed(prompt, outcome, sentence))

    def _find(self, prompt_id: str, kind: Kind | None = None) -> Prompt:
        prompt = self._open.get(prompt_id)
        if prompt is None or not prompt.open:
            raise errors.PromptNotOpen(
                "That question is no longer open.", "Somebody else answered it, or nobody waits for it."
            )
        if kind is not None and prompt.kind != kind:
            wants = {"mfa": "an MFA code", "confirm": "yes or no", "sign-in": "a sign-in in the browser"}
            raise errors.BadInput(f"That question wants {wants[prompt.kind]}.", "")
        return prompt

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

    def _refuse_unattended(self, prompt: Prompt) -> None:
        if not self._attended(prompt):
            raise prompt.unattended()

    def _attended(self, prompt: Prompt) -> bool:
        """Whether somebody could answer it."""
        return any(self.has_subscriber(topic, prompt.kind) for topic in prompt.topics)

    def _rests(self, serial: str) -> bool:
        """Whether no code of this device is asked for just now: too many were wrong."""
        until, error = self._resting.get(serial, (0.0, None))
        return isinstance(error, errors.TooManyWrongCodes) and self._clock.boot() < until


def about_devices(serials: tuple[str, ...]) -> str:
    """What a "no" to a code of any of these devices holds for."""
    return " ".join(serials)


def _too_many(roles: str, seconds: float) -> str:
    return f"{ATTEMPTS} codes in a row were refused for {roles}; xacct asks again in {seconds:.0f} s."


_OUTCOMES: dict[type[errors.XacctError], str] = {errors.Declined: "declined", errors.TimedOut: "timeout"}
