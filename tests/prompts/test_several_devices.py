"""Several devices of one user: one question, whose answer is of the device that was chosen. In virtual time."""

import asyncio
from contextlib import suppress

import pytest
from virtual_time import in_virtual_time

from xacct import errors
from xacct.clock import AwsClock
from xacct.event_bus import EventBus
from xacct.prompts.broker import ATTEMPTS, COOL_DOWN, PromptBroker
from xacct.prompts.challenge import with_code
from xacct.prompts.used_codes import UsedCodes

A, B = "arn:aws:iam::123456789012:mfa/phone", "arn:aws:iam::123456789012:mfa/token"
BOTH = (A, B)


class Desk:
    """A broker, and an AWS that takes the codes of `good`."""

    def __init__(self, clock):
        self.clock = AwsClock(clock.read)
        self.broker = PromptBroker(self.clock, EventBus(), UsedCodes())
        self.good, self.sent = {"222222"}, []

    def ask(self, serials=BOTH):
        return asyncio.ensure_future(
            with_code(self.broker, self.clock, serials, lambda: ("prod",), lambda: True, self._call)
        )

    async def _call(self, serial, code):
        self.sent.append((serial, code))
        if code not in self.good:
            raise errors.WrongCode("AWS did not accept the MFA code.", "")
        return "credentials"

    async def prompt(self):
        await asyncio.sleep(1)
        [prompt] = self.broker.open_prompts
        return prompt

    async def answer(self, code, serial=None):
        self.broker.answer((await self.prompt()).id, code, serial)


def at_a_desk(test):
    @in_virtual_time
    async def within(clock):
        desk = Desk(clock)
        with desk.broker.subscribe():
            await test(desk)

    within.__name__ = test.__name__
    return within


@at_a_desk
async def test_a_code_is_of_the_device_that_was_chosen_and_else_of_the_first(desk):
    asked = desk.ask()
    assert (await desk.prompt()).serials == BOTH
    await desk.answer("222222", B)
    assert await asked == "credentials"
    asked = desk.ask()
    await desk.answer("333333")
    await desk.answer("222222", A)
    assert await asked == "credentials", "and a code that one has used is no used code of the other"
    assert desk.sent == [(B, "222222"), (A, "333333"), (A, "222222")]


@at_a_desk
async def test_a_code_of_a_device_that_is_not_asked_for_is_sent_to_nobody(desk):
    asked = desk.ask((A,))
    with pytest.raises(errors.BadInput, match="No code of"):
        await desk.answer("222222", B)
    assert desk.sent == []
    await desk.answer("222222", A)
    await asked


@at_a_desk
async def test_a_used_code_is_turned_away_for_its_device_alone(desk):
    asked = desk.ask()
    await desk.answer("222222", A)
    await asked
    asked = desk.ask()
    with pytest.raises(errors.CodeUsed):
        await desk.answer("222222", A)
    assert (await desk.prompt()).not_before is None, "the other device has a code now"
    await desk.answer("222222", B)
    await asked


@at_a_desk
async def test_three_wrong_codes_of_a_device_rest_that_one_alone(desk):
    asked = desk.ask()
    for number in range(ATTEMPTS):
        await desk.answer(f"10000{number}", A)
    prompt = await desk.prompt()
    assert (prompt.serials, prompt.attempt, prompt.attempts) == ((B,), ATTEMPTS + 1, 2 * ATTEMPTS)
    assert f"It was one of {A}." in prompt.problem
    with pytest.raises(errors.BadInput):
        await desk.answer("222222", A)
    await desk.answer("222222", B)
    assert await asked == "credentials"
    with pytest.raises(errors.TooManyWrongCodes):
        await desk.ask((A,))
    await asyncio.sleep(COOL_DOWN)
    asked = desk.ask((A,))
    await desk.answer("222222", A)
    assert await asked == "credentials"


@at_a_desk
async def test_when_all_are_at_rest_nobody_is_asked(desk):
    asked = desk.ask()
    for serial in BOTH:
        for number in range(ATTEMPTS):
            await desk.answer(f"10000{number}", serial)
    with pytest.raises(errors.TooManyWrongCodes):
        await asked
    with pytest.raises(errors.TooManyWrongCodes):
        await desk.ask()
    assert desk.broker.open_prompts == []


@at_a_desk
async def test_one_question_is_open_for_a_device_whoever_asks(desk):
    first, second, third = desk.ask(), desk.ask((B,)), desk.ask((B, A))
    assert (await desk.prompt()).serials == BOTH
    desk.good |= {"444444", "555555"}
    for code in ("222222", "444444", "555555"):
        await desk.answer(code)
        await asyncio.sleep(1)
    assert await asyncio.gather(first, second, third) == ["credentials"] * 3


@at_a_desk
async def test_a_no_is_for_the_whole_question_and_lifts_no_rest(desk):
    asked = desk.ask()
    for number in range(ATTEMPTS):
        await desk.answer(f"10000{number}", A)
    desk.broker.decline((await desk.prompt()).id)
    with pytest.raises(errors.Declined):
        await asked
    with pytest.raises(errors.Declined):
        await desk.ask()
    with pytest.raises(errors.TooManyWrongCodes):
        await desk.ask((A,))


@in_virtual_time
async def test_whoever_is_there_for_one_of_them_is_asked(clock):
    desk = Desk(clock)
    with desk.broker.subscribe(frozenset({B})):
        asked = desk.ask()
        await desk.answer("222222", B)
        assert await asked == "credentials"
    with pytest.raises(errors.NobodyToAsk):
        await desk.ask((A,))
    with suppress(errors.HumanNeeded):
        await asked
