"""Which program is asked for a code: a device's own, or the one for all. Real programs."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from waiting import until

from xacct import errors
from xacct.clock import AwsClock
from xacct.credentials.events import Events
from xacct.desktop import humans
from xacct.desktop.parts import Parts
from xacct.host import clock as host_clock
from xacct.prompts.broker import PromptBroker
from xacct.prompts.used_codes import UsedCodes
from xacct.settings import Prompts

ALICES = "arn:aws:iam::123456789012:mfa/alice"
BOBS = "arn:aws:iam::123456789012:mfa/bob"


def given(**chosen):
    events = Events()
    broker = PromptBroker(AwsClock(host_clock.read), events, UsedCodes())
    return Parts(Prompts(desktop=False, **chosen), broker, events, {}, lambda: 0.0)


@asynccontextmanager
async def asking(parts):
    run = humans(parts).runs["prompter"]
    task = asyncio.ensure_future(run())
    await asyncio.sleep(0)
    yield lambda serial: parts.broker.ask(serial, lambda: ("prod",), lambda: True)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_device_has_a_program_of_its_own():
    async with asking(given(command=("echo", "111111"), devices={ALICES: ("echo", "222222")})) as code_of:
        assert await code_of(ALICES) == "222222"
        assert await code_of(BOBS) == "111111"


async def test_with_none_for_all_nobody_answers_for_another_device():
    parts = given(devices={ALICES: ("echo", "222222")})
    async with asking(parts) as code_of:
        assert await code_of(ALICES) == "222222"
        assert parts.broker.has_subscriber(ALICES)
        with pytest.raises(errors.NobodyToAsk):
            await code_of(BOBS)


async def test_another_devices_prompt_starts_no_program(tmp_path):
    started = tmp_path / "started"
    parts = given(devices={ALICES: ("touch", str(started))})
    async with asking(parts) as code_of:
        with parts.broker.subscribe(frozenset({BOBS})):
            asked = asyncio.ensure_future(code_of(BOBS))
            [prompt] = await until(lambda: parts.broker.open_prompts)
            parts.broker.answer(prompt.id, "333333")
            assert await asked == "333333"
    assert not started.exists()


@pytest.mark.parametrize(
    ("chosen", "code"),
    [
        ({}, "444444"),
        ({"command": ("echo", "111111")}, "444444"),
        ({"devices": {ALICES: ("echo", "222222")}}, "222222"),
    ],
)
async def test_a_profiles_own_command_is_asked_for_its_device(chosen, code):
    processes = {}
    parts = given(**chosen)._replace(mfa_processes=lambda: processes)
    async with asking(parts) as code_of:
        processes[ALICES] = 'echo "$XACCT_MFA_SERIAL" >/dev/null; printf "444 444\n"'  # the files were read again
        assert await code_of(ALICES) == code
        assert ("mfa-process" in humans(parts).asks()) is True
        if "command" not in chosen:
            with pytest.raises(errors.NobodyToAsk):
                await code_of(BOBS)


async def test_a_profiles_own_command_that_fails_is_no_answer():
    parts = given()._replace(mfa_processes=lambda: {ALICES: "exit 1"})
    async with asking(parts) as code_of:
        with parts.broker.subscribe(frozenset({ALICES})):
            asked = asyncio.ensure_future(code_of(ALICES))
            [prompt] = await until(lambda: parts.broker.open_prompts)
            await asyncio.sleep(0.05)
            assert prompt.open
            parts.broker.answer(prompt.id, "333333")
            assert await asked == "333333"


def test_without_programs_there_is_no_such_way():
    assert humans(given()).asks() == ()


@pytest.mark.parametrize(
    ("chosen", "name"),
    [
        ({"devices": {ALICES: ("true",)}}, "device-command"),
        ({"command": ("true",)}, "command"),
        ({"command": ("true",), "devices": {ALICES: ("true",)}}, "command"),
    ],
)
def test_what_answers_for_some_devices_alone_is_called_so(chosen, name):
    assert humans(given(**chosen)).asks() == (name,)
