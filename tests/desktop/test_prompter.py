"""A program is asked: real programs, real processes, no desktop."""

import asyncio
import os
import random
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from virtual_time import clock, in_virtual_time
from waiting import until

from xacct import errors
from xacct.asker import Asker
from xacct.clock import AwsClock
from xacct.credentials.events import Events, Expired, Failed, MfaEndsSoon
from xacct.desktop import dialogs, notices
from xacct.desktop.program import CodeProgram, Dialog
from xacct.desktop.prompter import Prompter
from xacct.host import clock as host_clock
from xacct.prompts.approved import ANY, LOGOUT, OFFERED, ONCE, Lasting, Terms
from xacct.prompts.broker import PromptBroker
from xacct.prompts.events import PromptClosed, PromptOpened
from xacct.prompts.prompt import Permission
from xacct.prompts.used_codes import UsedCodes
from xacct.signin import ConsoleLogin, DeviceCode, SignIn

__all__ = ["clock"]

CORP = SignIn("corp", "https://corp.awsapps.com/start", "eu-central-1")
SERIAL = "arn:aws:iam::123456789012:mfa/U"


@pytest.fixture
def events():
    return Events()


@pytest.fixture
def broker(events):
    return PromptBroker(AwsClock(host_clock.read), events, UsedCodes())


def program(tmp_path, text):
    file = tmp_path / f"ask-{random.random()}"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return lambda _new_prompt: [str(file)]


async def ask(broker, wanted=lambda: True):
    return await broker.ask(SERIAL, lambda: ("prod",), wanted)


async def attending(broker, events, command, *, dialog):
    way = Dialog(command) if dialog else CodeProgram(command)
    task = asyncio.ensure_future(Prompter(broker, events, [{"way": way}], 1.0, time.monotonic).run())
    await asyncio.sleep(0)
    return task


async def end(task):
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_program_gives_the_code(broker, events, tmp_path):
    task = await attending(broker, events, program(tmp_path, "echo 123456"), dialog=False)
    assert await ask(broker) == "123456"
    await end(task)


async def test_cancel_in_a_dialog_is_a_no(broker, events, tmp_path):
    task = await attending(broker, events, program(tmp_path, "exit 1"), dialog=True)
    with pytest.raises(errors.Declined):
        await ask(broker)
    await end(task)


async def test_a_dialog_asks_again_after_nonsense(broker, events, tmp_path):
    count = tmp_path / "count"
    text = f"echo x >> {count}; [ $(wc -l < {count}) -gt 1 ] && echo 654321 || echo nonsense"
    task = await attending(broker, events, program(tmp_path, text), dialog=True)
    assert await ask(broker) == "654321"
    await end(task)


async def test_a_dialog_goes_when_somebody_else_was_faster(broker, events, tmp_path):
    pid = tmp_path / "pid"
    task = await attending(broker, events, program(tmp_path, f"echo $$ > {pid}; exec sleep 60"), dialog=True)
    asked = asyncio.ensure_future(ask(broker))
    await until(lambda: pid.exists() and pid.read_text().strip(), "a dialog")
    [prompt] = broker.open_prompts
    broker.answer(prompt.id, "111111")
    assert await asked == "111111"
    await until(lambda: not Path(f"/proc/{pid.read_text().strip()}").exists(), "the dialog's end")
    await end(task)


async def test_a_program_that_is_missing_leaves_the_prompt_to_others(broker, events):
    task = await attending(broker, events, lambda _: ["/does/not/exist"], dialog=False)
    asked = asyncio.ensure_future(ask(broker))
    [prompt] = await until(lambda: broker.open_prompts)
    broker.answer(prompt.id, "222222")
    assert await asked == "222222"
    await end(task)


async def sign_in(broker, until=lambda: asyncio.sleep(3600)):
    async def begin():
        return DeviceCode("secret", "ABCD-EFGH", "https://device.example/", 0.0, 5.0)

    return await broker.signed_in(CORP, lambda: ("prod",), lambda: True, begin, lambda _code: until())


async def test_a_dialog_that_is_closed_with_ok_leaves_a_sign_in_to_the_browser(broker, events, tmp_path):
    task = await attending(broker, events, program(tmp_path, f"touch {tmp_path}/shown"), dialog=True)
    signing_in = asyncio.ensure_future(sign_in(broker))
    await until((tmp_path / "shown").exists)
    await asyncio.sleep(0.2)
    assert not signing_in.done()
    assert [prompt.kind for prompt in broker.open_prompts] == ["sign-in"]
    signing_in.cancel()
    await end(task)


async def test_what_a_terminal_has_opened_a_browser_for_is_in_no_dialog_and_no_notice(broker, events, tmp_path):
    task = await attending(broker, events, program(tmp_path, f"touch {tmp_path}/shown; exit 1"), dialog=True)

    async def begin():
        url = "https://oidc.example/authorize?state=s"
        return SimpleNamespace(mode="redirect", url=url, user_code="", take=None)

    waits = asyncio.sleep(3600)
    signing_in = asyncio.ensure_future(
        broker.signed_in(CORP, lambda: ("prod",), lambda: True, begin, lambda _begun: waits)
    )
    [prompt] = await until(lambda: broker.open_prompts)
    await asyncio.sleep(0.2)
    assert not (tmp_path / "shown").exists()
    assert notices.words_of(PromptOpened(prompt)) is None
    assert "state=" not in repr(prompt)
    signing_in.cancel()
    await end(task)


async def test_a_sign_in_that_breaks_leaves_no_question_behind(broker, events):
    closed = []
    events.call(PromptClosed, closed.append)

    async def begin():
        return SimpleNamespace(mode="code", url="https://example/", user_code="ABCD", take=None)

    async def finish(_begun):
        raise KeyError("accessToken")

    with broker.subscribe(), pytest.raises(KeyError):
        await broker.signed_in(CORP, lambda: ("prod",), lambda: True, begin, finish)
    assert broker.open_prompts == []
    assert [event.outcome for event in closed] == ["withdrawn"]


async def test_a_dialog_that_is_cancelled_declines_a_sign_in(broker, events, tmp_path):
    task = await attending(broker, events, program(tmp_path, "exit 1"), dialog=True)
    with pytest.raises(errors.Declined, match=r"\(corp\) for prod was declined"):
        await sign_in(broker)
    await end(task)


async def test_a_program_that_prints_codes_is_not_asked_to_sign_in(broker, events, tmp_path):
    task = await attending(broker, events, program(tmp_path, "echo 123456"), dialog=False)
    with pytest.raises(errors.NobodyToAsk):
        await sign_in(broker)
    await end(task)


class FromElsewhere:
    """A sign-in in another machine's browser, whose end the human brings."""

    mode, url, user_code = "paste", "https://cross.example/", ""

    def __init__(self):
        self.brought = asyncio.get_running_loop().create_future()

    def take(self, shown):
        if shown != "the text":
            raise errors.BadInput("That is not it.", "")
        self.brought.set_result(shown)


async def test_a_dialog_asks_for_what_another_machines_browser_shows(broker, events, tmp_path):
    count = tmp_path / "count"
    text = f"echo x >> {count}; [ $(wc -l < {count}) -gt 1 ] && echo the text || echo nonsense"
    task = await attending(broker, events, program(tmp_path, text), dialog=True)
    begun, shown = FromElsewhere(), []

    async def begin():
        return begun

    async def finish(_begun):
        shown.extend(broker.open_prompts)
        return await begun.brought

    me = ConsoleLogin("arn:aws:iam::123456789012:user/me", "eu-central-1")
    got = await broker.signed_in(me, lambda: ("prod",), lambda: True, begin, finish)
    assert got == "the text"
    assert "Sign in to AWS (arn:aws:iam::123456789012:user/me)" in dialogs.text(shown[0])
    assert "paste here what it shows" in dialogs.text(shown[0])
    assert "--entry" in dialogs._zenity(shown[0])
    await end(task)


async def use(broker, **more):
    """A human's yes to the use of a role: how long it holds, and who has said it."""
    permission = Permission("prod", "a shell", **more)
    opened = asyncio.ensure_future(broker.permission(permission, "use of prod", lambda: True))
    [prompt] = await until(lambda: broker.open_prompts)
    return await opened, prompt.answered_by.way


@pytest.mark.parametrize(
    ("printed", "lasting"),
    [
        ("until logout (for all)", LOGOUT),
        ("once", ONCE),
        ("once|once", ONCE),
        ("for 15 min", Lasting("minutes", OFFERED)),
    ],
)
async def test_a_dialog_asks_for_how_long_and_what_is_chosen_holds(broker, events, tmp_path, printed, lasting):
    task = await attending(broker, events, program(tmp_path, f"echo '{printed}'"), dialog=True)
    assert await use(broker) == (lasting, "way")
    await end(task)


@pytest.mark.parametrize("printed", ["true", "echo for ever", "echo once; exit 1", "exit 1"])
async def test_a_dialog_in_which_nothing_was_chosen_says_no(broker, events, tmp_path, printed):
    task = await attending(broker, events, program(tmp_path, printed), dialog=True)
    with pytest.raises(errors.Declined):
        await use(broker)
    await end(task)


async def test_where_there_is_one_length_a_dialog_takes_yes_or_no(broker, events, tmp_path):
    terms = Terms(("once",), ONCE)
    task = await attending(broker, events, program(tmp_path, "true"), dialog=True)
    assert await use(broker, terms=terms) == (ONCE, "way")
    await end(task)


@pytest.mark.parametrize("command", [dialogs._zenity, dialogs._kdialog, dialogs._osascript])
async def test_a_dialog_says_who_asks_and_lists_the_lengths(broker, events, command):
    tree = ((7, "aws"), (3, "bash"), (2, "kitty"))
    more = {"allows": "reading", "account": "1" * 12, "asker": Asker("pid 7, /bin/aws", tree, "/home", "aws s3 ls")}
    with broker.subscribe():
        for terms, listed in ((ANY, True), (Terms(("once",), ONCE), False)):
            permission = Permission("prod", "a shell", terms=terms, **more)
            opened = asyncio.ensure_future(broker.permission(permission, "use of prod", lambda: True))
            [prompt] = await until(lambda: broker.open_prompts)
            said = command(prompt)
            [shown] = [word.removeprefix("--text=") for word in said if "Let a program use the role prod?" in word]
            assert shown.splitlines() == [
                "Let a program use the role prod?",
                "It calls itself: a shell",
                "Process: pid 7, /bin/aws",
                "Allows: reading in account 111111111111",
                "Started by: bash 3, kitty 2",
                "Directory: /home",
                "Command: aws s3 ls",
                "For how long?" if listed else "Yes means: once",
            ]
            words = [each.words for each in ANY.choices]
            assert any(word in words for word in said) == listed
            broker.decline(prompt.id)
            await asyncio.gather(opened, return_exceptions=True)
            broker.forget("use of prod")


async def test_a_code_is_no_answer_to_a_sign_in(broker):
    with broker.subscribe():
        signing_in = asyncio.ensure_future(sign_in(broker))
        [prompt] = await until(lambda: broker.open_prompts)
        with pytest.raises(errors.BadInput, match="a sign-in in the browser"):
            broker.answer(prompt.id, "123456")
        with pytest.raises(errors.BadInput):
            broker.confirm(prompt.id)
        assert "ABCD-EFGH" in dialogs.text(prompt)
        assert "https://device.example/" in dialogs.text(prompt)
        assert "ABCD" not in notices.words_of(PromptOpened(prompt))
        signing_in.cancel()


@pytest.mark.parametrize(
    ("env", "platform", "program_name"),
    [
        ({}, "linux", None),
        ({"DISPLAY": ":0", "PATH": "/nowhere"}, "linux", None),
        ({}, "darwin", "osascript"),
    ],
)
def test_which_dialog_there_is(env, platform, program_name, broker):
    command = dialogs.command(env, platform)
    assert (command is None) == (program_name is None)


@pytest.mark.parametrize("name", ["zenity", "kdialog"])
async def test_the_dialog_says_who_asks_for_what(broker, events, tmp_path, name):
    (tmp_path / name).write_text('#!/bin/sh\nprintf "%s\\n" "$@" > "$0.said"\necho 333333\n')
    (tmp_path / name).chmod(0o755)
    env = {"DISPLAY": ":0", "PATH": f"{tmp_path}"}
    command = dialogs.command(env, "linux")
    real = os.environ["PATH"]
    try:
        os.environ["PATH"] = f"{tmp_path}:{real}"
        task = await attending(broker, events, command, dialog=True)
        assert await ask(broker) == "333333"
        await end(task)
    finally:
        os.environ["PATH"] = real
    said = (tmp_path / f"{name}.said").read_text()
    assert "prod" in said
    assert SERIAL in said


def test_what_notices_say():
    assert "30 min" in notices.words_of(MfaEndsSoon(SERIAL, 1800.0, ("prod", "staging")))
    assert "login prod" in notices.words_of(MfaEndsSoon(SERIAL, 1800.0, ("prod", "staging")))
    assert notices.words_of(Failed("prod", errors.AccessDenied("AWS refuses prod."))) == "prod: AWS refuses prod."
    assert notices.words_of(Failed("prod", errors.Throttled("slow"))) is None
    assert notices.words_of(Expired("prod")) is None


async def test_a_notice_is_shown_once_in_a_while(events, tmp_path):
    said = tmp_path / "said"
    boot = [0.0]
    shown = notices.Notices(
        events, lambda words: ["/bin/sh", "-c", 'echo "$1" >> "$2"', "sh", words, str(said)], lambda: boot[0]
    )
    task = asyncio.ensure_future(shown.run())
    await asyncio.sleep(0)
    for _ in range(3):
        events.publish(MfaEndsSoon(SERIAL, 600.0, ("prod",)))
    await until(lambda: said.exists() and said.read_text(), "a notice")
    await asyncio.sleep(0.1)
    assert len(said.read_text().splitlines()) == 1
    await end(task)


async def test_what_was_said_long_ago_is_forgotten(events):
    """Roles and labels are others' words, and there is no end of them."""
    boot, told = [0.0], []
    shown = notices.Notices(events, lambda words: told.append(words) or ["/bin/true"], lambda: boot[0])
    task = asyncio.ensure_future(shown.run())
    await asyncio.sleep(0)
    for number in range(5):
        boot[0] += notices.QUIET
        events.publish(MfaEndsSoon(SERIAL, 600.0, (f"role-{number}",)))
        await until(lambda number=number: len(told) == number + 1)
    assert len(shown._shown) == 1
    await until(lambda: not shown._tasks)
    await end(task)


@in_virtual_time
async def test_a_prompt_answered_in_time_needs_no_notice(clock, events, broker):
    told = []
    shown = notices.Notices(events, lambda words: told.append(words) or ["/bin/true"], lambda: 0.0)
    task = asyncio.ensure_future(shown.run())
    with broker.subscribe():
        await asyncio.sleep(0)
        asked = asyncio.ensure_future(ask(broker))
        await asyncio.sleep(notices.UNANSWERED / 2)
        broker.answer(broker.open_prompts[0].id, "123456")
        await asked
    await asyncio.sleep(2 * notices.UNANSWERED)
    assert told == []
    await end(task)


async def test_a_program_hears_for_which_device_and_role(broker, events, tmp_path):
    command = program(tmp_path, f'echo "$XACCT_MFA_SERIAL $XACCT_ROLE" > {tmp_path}/told; echo 123456')
    task = await attending(broker, events, command, dialog=False)
    assert await ask(broker) == "123456"
    assert (tmp_path / "told").read_text() == f"{SERIAL} prod\n"
    await end(task)


async def test_a_program_that_leaves_another_behind_is_heard_at_once(broker, events, tmp_path):
    task = await attending(broker, events, program(tmp_path, "sleep 60 & echo 123456"), dialog=False)
    assert await ask(broker) == "123456"
    await end(task)
