"""In which order a human is asked: one way after the other, several at once, what can't ask passed over at once."""

import asyncio
import time
from contextlib import asynccontextmanager

import pytest
from desk import Desk
from virtual_time import clock, in_virtual_time

from xacct import errors, settings
from xacct.desktop import WAYS, humans
from xacct.desktop.parts import Parts
from xacct.desktop.prompter import UNUSABLE_FOR, Prompter
from xacct.desktop.terminal import Terminals
from xacct.desktop.ways import PassOn, Unusable
from xacct.prompts.subscribers import Tty

__all__ = ["clock"]


@pytest.fixture
def desk(clock):
    return Desk(clock.read)


AFTER = 10.0


class Scripted:
    """A way that notes when it is asked, and then does what a test wants."""

    def __init__(self, then="wait", kinds=("mfa",)):
        self.then = then
        self.kinds = kinds
        self.asked = []
        self.cancelled = 0

    def takes(self, topic, kind):
        return kind in self.kinds

    async def ask(self, asked):
        self.asked.append(asyncio.get_running_loop().time())
        try:
            await self.then_do(asked)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    async def then_do(self, asked):
        if isinstance(self.then, Exception):
            raise self.then
        if self.then == "wait":
            await asyncio.sleep(3600)
        elif self.then != "seen":
            asked.answer(self.then)


@asynccontextmanager
async def asking(desk, *order):
    def boot():
        return asyncio.get_running_loop().time()

    named = [{f"{number}{place}": way for place, way in enumerate(ways)} for number, ways in enumerate(order)]
    prompter = Prompter(desk.broker, desk.events, named, AFTER, boot)
    task = asyncio.ensure_future(prompter.run())
    await asyncio.sleep(0)
    prompter.began = boot()
    try:
        yield prompter
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def when(prompter, way):
    return [round(at - prompter.began) for at in way.asked]


@in_virtual_time
async def test_the_next_is_asked_after_a_while_and_the_one_before_goes_on(clock, desk):
    first, second, third = Scripted(), Scripted(), Scripted("123456")
    async with asking(desk, [first, second], [third]) as prompter:
        assert await desk.code() == "123456"
        assert [when(prompter, way) for way in (first, second, third)] == [[0], [0], [AFTER]]
        await asyncio.sleep(1)
        assert (first.cancelled, second.cancelled) == (1, 1), "the answer ends all"


@in_virtual_time
async def test_what_cannot_ask_is_passed_over_at_once(clock, desk):
    broken, silent, other = Scripted(PassOn("it is broken")), Scripted(PassOn()), Scripted(kinds=("confirm",))
    last = Scripted("123456")
    async with asking(desk, [broken], [other], [silent], [last]) as prompter:
        assert await desk.code() == "123456"
        assert when(prompter, last) == [0]
        assert other.asked == []
        assert prompter.unusable() == {"00": "it is broken"}


@in_virtual_time
async def test_of_several_at_once_all_have_to_pass_before_the_next_is_asked_at_once(clock, desk):
    silent, waiting, last = Scripted(PassOn()), Scripted(), Scripted("123456")
    async with asking(desk, [silent, waiting], [last]) as prompter:
        assert await desk.code() == "123456"
        assert when(prompter, last) == [AFTER]


@in_virtual_time
async def test_whoever_has_it_in_hand_is_left_to_it(clock, desk):
    seen, last = Scripted("seen"), Scripted("123456")
    async with asking(desk, [seen], [last]):
        asked = desk.code()
        await asyncio.sleep(3 * AFTER)
        assert last.asked == []
        asked.cancel()


@in_virtual_time
async def test_after_a_wrong_code_the_way_that_gave_it_is_asked_at_once(clock, desk):
    first, second, third = Scripted(), Scripted("111111"), Scripted()
    async with asking(desk, [first], [second], [third]) as prompter:
        assert await desk.code() == "111111"
        second.then = "222222"
        assert await desk.code(attempt=2, problem="That code was wrong.") == "222222"
        assert when(prompter, second) == [AFTER, AFTER]
        assert third.asked == []


@in_virtual_time
async def test_a_new_prompt_begins_at_the_beginning(clock, desk):
    first, second = Scripted(), Scripted("111111")
    async with asking(desk, [first], [second]) as prompter:
        await desk.code()
        second.then = "222222"
        await desk.code()
        assert when(prompter, second) == [AFTER, 2 * AFTER]


@in_virtual_time
async def test_one_that_breaks_is_not_the_end_of_the_others(clock, desk, caplog):
    bug, last = Scripted(RuntimeError("123456 in a message")), Scripted("654321")
    async with asking(desk, [bug], [last]) as prompter:
        assert await desk.code() == "654321"
        assert when(prompter, last) == [0]
    assert "123456" not in caplog.text


@in_virtual_time
async def test_where_nobody_can_ask_nobody_is_waited_for_and_it_is_tried_again(clock, desk):
    way = Scripted(PassOn("its screen is gone"))
    async with asking(desk, [way]) as prompter:
        with pytest.raises(errors.NobodyToAsk):
            await desk.code()
        with pytest.raises(errors.NobodyToAsk):
            await desk.code()
        assert len(way.asked) == 1
        await asyncio.sleep(UNUSABLE_FOR)
        way.then = "123456"
        assert await desk.code() == "123456"
        assert prompter.unusable() == {}


@in_virtual_time
async def test_a_terminal_that_attends_has_its_time_and_one_that_goes_none(clock, desk):
    last = Scripted()
    async with asking(desk, [Terminals(parts(desk, {}), lambda: Unusable("none here"))], [last]) as prompter:
        with desk.broker.subscribe():
            asked = desk.code()
            await asyncio.sleep(AFTER / 2)
            assert last.asked == []
        await asyncio.sleep(1)
        assert when(prompter, last) == [AFTER / 2]
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        another = desk.code()
        await asyncio.sleep(1)
        assert len(last.asked) == 2, "nobody attends: at once"
        another.cancel()


@in_virtual_time
async def test_a_terminal_that_is_lent_in_vain_is_passed_over_at_once(clock, desk):
    last = Scripted("123456")
    async with asking(desk, [Terminals(parts(desk, {}), lambda: Unusable("there is no pinentry"))], [last]) as prompter:
        with desk.broker.subscribe(lent=Tty("/dev/pts/0")):
            assert await desk.code() == "123456"
        assert when(prompter, last) == [0]
        assert prompter.unusable() == {"00": "there is no pinentry"}


@in_virtual_time
async def test_a_terminal_answers_while_the_others_are_asked(clock, desk):
    other = Scripted()
    async with asking(desk, [Terminals(parts(desk, {}), lambda: Unusable("none here")), other]):
        with desk.broker.subscribe():
            asked = desk.code()
            await asyncio.sleep(1)
            [prompt] = desk.broker.open_prompts
            desk.broker.answer(prompt.id, "333333")
            assert await asked == "333333"
            await asyncio.sleep(1)
            assert other.cancelled == 1


def parts(desk, env, **chosen):
    return Parts(settings.Prompts(**chosen), desk.broker, desk.events, env, time.monotonic)


def test_each_way_can_be_named(desk):
    found = humans(parts(desk, {}, order=tuple(WAYS), command=("true",)))
    assert found.asks == ("command",)
    assert found.unusable().keys() == {"pinentry", "dialog", "notification"}


def test_what_is_not_named_is_not_asked(desk):
    assert humans(parts(desk, {}, order=("terminal",), command=("true",))).asks == ()


def test_without_a_desktop_wanted_nothing_opens_there(desk):
    env = {"DISPLAY": ":0", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere"}
    found = humans(parts(desk, env, order=("dialog", "notification"), desktop=False))
    assert found.asks == ()
    assert found.unusable() == dict.fromkeys(("dialog", "notification"), "prompts.desktop is false")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('order = ["terminal", ["dialog", "terminal"]]', "names 'terminal' twice"),
        ('order = ["terminal", "telephone"]', "Invalid"),
        ('order = ["terminal", []]', "length|Expected"),
        ('order = "terminal"', "Expected `array`"),
        ('next_after = "-1s"', "no duration"),
        ("next_after = -1", "can't be negative"),
    ],
)
def test_an_order_that_cannot_be_meant_is_refused(tmp_path, text, why):
    (tmp_path / "config.toml").write_text(f"[prompts]\n{text}\n")
    with pytest.raises(errors.ConfigError, match=why):
        settings.read(tmp_path / "config.toml")


def test_an_order_as_it_is_written(tmp_path):
    (tmp_path / "config.toml").write_text(
        '[prompts]\norder = ["terminal", ["pinentry", "dialog"], "notification"]\nnext_after = "15s"\n'
    )
    read = settings.read(tmp_path / "config.toml").prompts
    assert read.stages == [("terminal",), ("pinentry", "dialog"), ("notification",)]
