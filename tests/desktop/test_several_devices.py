"""Several devices of one user: for which a program answers, and what a dialog says."""

import asyncio

from waiting import until

from xacct.clock import AwsClock
from xacct.credentials.events import Events
from xacct.desktop import dialogs, humans
from xacct.desktop.parts import Parts
from xacct.host import clock as host_clock
from xacct.prompts.broker import PromptBroker
from xacct.prompts.used_codes import UsedCodes
from xacct.settings import Prompts

PHONE, TOKEN = "arn:aws:iam::123456789012:mfa/phone", "arn:aws:iam::123456789012:mfa/token"


def broker_and(events):
    return PromptBroker(AwsClock(host_clock.read), events, UsedCodes())


async def test_a_program_of_one_of_them_answers_for_that_one():
    events = Events()
    broker = broker_and(events)
    chosen = Prompts(
        desktop=False, devices={TOKEN: ("sh", "-c", 'test "$XACCT_MFA_SERIAL" = ' + TOKEN + " && echo 123456")}
    )
    run = humans(Parts(chosen, broker, events, {}, lambda: 0.0)).runs["prompter"]
    task = asyncio.ensure_future(run())
    await asyncio.sleep(0)
    assert await broker.ask_any((PHONE, TOKEN), lambda: ("prod",), lambda: True) == (TOKEN, "123456")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_dialog_names_the_one_it_asks_for_and_the_others():
    broker = broker_and(Events())
    with broker.subscribe():
        asked = asyncio.ensure_future(broker.ask_any((PHONE, "<b>x"), lambda: ("prod",), lambda: True))
        [prompt] = await until(lambda: broker.open_prompts)
        lines = dialogs.text(prompt).splitlines()
        assert lines[1] == f"Device: {PHONE}"
        assert lines[2] == "Of the others ((b)x): xacctctl attend"
        broker.answer(prompt.id, "123456")
        assert await asked == (PHONE, "123456")
