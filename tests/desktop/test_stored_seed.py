"""A stored seed answers: when, with which code, and when it leaves that to others. In virtual time."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from virtual_time import clock, in_virtual_time

from xacct import errors
from xacct.clock import AwsClock
from xacct.credentials.events import Events
from xacct.desktop import humans
from xacct.desktop.parts import Parts
from xacct.desktop.stored_seed import REST
from xacct.prompts.broker import GRACE, PromptBroker
from xacct.prompts.used_codes import UsedCodes
from xacct.settings import Prompts
from xacct.state.totp import Seed

__all__ = ["clock"]

SERIAL, OTHER = "arn:aws:iam::123456789012:mfa/alice", "arn:aws:iam::123456789012:mfa/bob"
SEED = Seed("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")


class Desk:
    """A broker, and stored seeds that answer its prompts."""

    def __init__(self, clock):
        self.clock = AwsClock(clock.read)
        self.events = Events()
        self.broker = PromptBroker(self.clock, self.events, UsedCodes())
        self.stored, self.trouble, self.locked, self.reads = {SERIAL: 1.0}, None, False, 0

    def added(self, serial):
        return self.stored.get(serial)

    async def code(self, _serial):
        self.reads += 1
        if self.trouble:
            raise self.trouble
        return SEED.code(self.clock.likeliest())

    @asynccontextmanager
    async def answering(self):
        given = Parts(Prompts(desktop=False), self.broker, self.events, {}, self.clock.boot, self, lambda: self.locked)
        run = humans(given).runs["stored-seed"]
        task = asyncio.ensure_future(run())
        await asyncio.sleep(0)
        yield self
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def ask(self, serial=SERIAL, attempt=1, problem=None):
        return await self.broker.ask(serial, lambda: ("prod",), lambda: True, attempt, problem)

    def use(self, code):
        """AWS has accepted it."""
        self.broker.used_codes.mark_used(SERIAL, code, self.clock.boot())
        self.broker.used_codes.accept(SERIAL, self.clock.likeliest())


def answering(test):
    """Run a test while stored seeds answer."""

    @in_virtual_time
    async def within(clock):
        async with Desk(clock).answering() as desk:
            await test(desk)

    within.__name__ = test.__name__
    return within


@answering
async def test_it_answers_for_its_device_and_for_no_other(desk):
    assert await desk.ask() == SEED.code(desk.clock.likeliest())
    with pytest.raises(errors.NobodyToAsk):
        await desk.ask(OTHER)
    assert desk.reads == 1


@answering
async def test_a_code_is_given_once_and_the_next_one_waited_for(desk):
    first = await desk.ask()
    desk.use(first)
    second = await desk.ask()
    assert second != first
    assert second == SEED.code(desk.clock.likeliest())


@answering
async def test_a_code_that_somebody_has_typed_is_not_given_again(desk):
    """Used, and refused: nothing says that a fresh one has to be waited for."""
    desk.broker.used_codes.mark_used(SERIAL, SEED.code(desk.clock.likeliest()), desk.clock.boot())
    used = SEED.code(desk.clock.likeliest())
    assert await desk.ask() != used


@answering
async def test_a_locked_agent_gives_no_codes(desk):
    desk.locked = True
    with pytest.raises(errors.NobodyToAsk):
        await desk.ask()
    desk.locked = False
    assert await desk.ask()


@answering
async def test_a_keychain_that_is_locked_is_told_in_a_sentence_and_asked_again_later(desk):
    desk.trouble = errors.KeychainLocked("The keychain is locked.", "Unlock it.")
    with pytest.raises(errors.NobodyToAsk, match=r"can't be read\. The keychain is locked\.") as refused:
        await desk.ask()
    assert refused.value.hint == "Unlock it."
    desk.trouble = None
    with pytest.raises(errors.NobodyToAsk):
        await desk.ask()
    assert desk.reads == 1
    await asyncio.sleep(REST)
    assert await desk.ask()


@answering
async def test_with_somebody_else_there_the_question_stays_and_says_why(desk):
    desk.trouble = errors.KeychainLocked("The keychain is locked.", "Unlock it.")
    with desk.broker.subscribe():
        asking = asyncio.ensure_future(desk.ask())
        await asyncio.sleep(1)
        [prompt] = desk.broker.open_prompts
        assert "The keychain is locked." in prompt.problem
        desk.broker.answer(prompt.id, "123456")
        assert await asking == "123456"


@answering
async def test_a_seed_whose_code_was_refused_is_not_tried_again_until_it_is_another(desk):
    await desk.ask()
    with pytest.raises(errors.NobodyToAsk, match="AWS refused the code of the stored seed"):
        await desk.ask(attempt=2, problem="AWS did not accept the MFA code.")
    await asyncio.sleep(3600)
    with pytest.raises(errors.NobodyToAsk):
        await desk.ask()
    desk.stored[SERIAL] = 2.0
    assert await desk.ask()


@answering
async def test_a_wrong_code_of_somebody_elses_is_none_of_the_seeds(desk):
    desk.locked = True
    with desk.broker.subscribe():
        asking = asyncio.ensure_future(desk.ask())
        await asyncio.sleep(0)
        desk.broker.answer(desk.broker.open_prompts[0].id, "000000")
        assert await asking == "000000"
    desk.locked = False
    assert await desk.ask(attempt=2, problem="AWS did not accept the MFA code.")


@answering
async def test_what_is_stored_and_removed_counts_at_once(desk):
    desk.stored.clear()
    with pytest.raises(errors.NobodyToAsk):
        await desk.ask()
    desk.stored[OTHER] = 1.0
    assert await desk.ask(OTHER)


@answering
async def test_a_question_that_is_withdrawn_reads_no_more(desk):
    desk.use(await desk.ask())
    asking = asyncio.ensure_future(desk.ask())
    await asyncio.sleep(0.1)
    asking.cancel()
    await asyncio.sleep(GRACE + 60)
    assert desk.reads == 1


def test_without_a_place_for_seeds_there_is_no_such_prompter(clock):
    desk = Desk(clock)
    given = Parts(Prompts(desktop=False), desk.broker, desk.events, {}, desk.clock.boot)
    assert "stored-seed" not in humans(given).runs
