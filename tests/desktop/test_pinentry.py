"""pinentry is asked: a scripted one, in real processes."""

import asyncio
import os
from pathlib import Path
from urllib.parse import unquote

import pytest
from scripted_pinentry import HANG, ScriptedPinentry
from waiting import until

from xacct import errors
from xacct.asker import Asker
from xacct.desktop import pinentry
from xacct.desktop.assuan import DATA, line_of
from xacct.desktop.parts import Parts
from xacct.desktop.ways import Unusable
from xacct.prompts.prompt import Permission
from xacct.settings import Prompts

CODE = ("D 123456", "OK")
CANCELLED = ("ERR 83886179 Operation cancelled <Pinentry>",)
NOT_CONFIRMED = ("ERR 83886194 Not confirmed <Pinentry>",)
TIMED_OUT = ("ERR 83886142 Timeout <Pinentry>",)
NO_SCREEN = ("S ERROR gtk2.open_tty_for_read 83918950 ", "ERR 83918950 Inappropriate ioctl for device <Pinentry>")


@pytest.fixture
def scripted(tmp_path):
    def make(*answers, **how):
        return ScriptedPinentry(tmp_path, *answers, **how)

    return make


def at_a_desktop(program, **more):
    return {"DISPLAY": ":7", "PATH": f"{program.directory}:/usr/bin:/bin", **more}


def asking(desk, program, *, order=("pinentry",), **more):
    return desk.asking(at_a_desktop(program, **more), order=order, desktop=False)


async def test_a_code_typed_there_is_the_answer(desk, scripted):
    program = scripted(CODE)
    async with asking(desk, program):
        assert await desk.code() == "123456"
    desc = next(line for line in program.heard if line.startswith("SETDESC "))
    assert desc == f"SETDESC MFA code for prod%0ADevice: {desk.serial}"
    assert "OPTION display=:7" in program.heard
    assert "OPTION no-grab" in program.heard
    assert not any("ttyname" in line for line in program.heard)


async def test_a_cancel_is_a_no(desk, scripted):
    async with asking(desk, scripted(CANCELLED)):
        with pytest.raises(errors.Declined):
            await desk.code()


@pytest.mark.parametrize("answer", [NOT_CONFIRMED, CANCELLED])
async def test_yes_and_no_to_the_use_of_a_role(desk, scripted, answer):
    program = scripted(("OK",), answer)
    async with asking(desk, program):
        await desk.leave()
        with pytest.raises(errors.Declined):
            await desk.leave("other")
    assert program.heard.count("CONFIRM") == 2
    assert "GETPIN" not in program.heard
    assert program.heard.count("SETOK _Yes, until logout (for all)") == program.heard.count("SETCANCEL _No") == 2
    [first, _] = [line for line in program.heard if line.startswith("SETDESC ")]
    means = "Yes means: until logout (for all); for another length: xacctctl attend"
    assert first == f"SETDESC Let a program use the role prod?%0AIt calls itself: shell 1%0A{means}"


async def test_what_is_no_code_is_asked_for_again_in_the_same_conversation(desk, scripted):
    program = scripted(("D nonsense", "OK"), ("D 654", "D 321", "OK"))
    async with asking(desk, program):
        assert await desk.code() == "654321"
    assert "SETERROR An MFA code is six digits." in program.heard
    assert program.heard.count("GETINFO flavor") == 1, "one program, asked twice"


async def test_a_code_that_aws_has_refused_is_asked_for_again_with_the_reason(desk, scripted):
    program = scripted(("D 111111", "OK"), ("D 222222", "OK"))
    async with asking(desk, program):
        assert await desk.code() == "111111"
        assert await desk.code(attempt=2, problem="AWS took 111111 for no code <b>") == "222222"
    assert "SETERROR AWS took 111111 for no code (b)" in program.heard


async def test_a_percent_sign_and_spaces_come_through(desk, scripted):
    async with asking(desk, scripted(("D 12%33%20456", "OK"))):
        assert await desk.code() == "123456"


async def test_anothers_answer_ends_it(desk, scripted):
    program = scripted(HANG)
    async with asking(desk, program):
        asked = desk.code()
        await until(lambda: program.asked, "pinentry's window")
        [prompt] = desk.broker.open_prompts
        desk.broker.answer(prompt.id, "333333")
        assert await asked == "333333"
        await until(lambda: not Path(f"/proc/{program.pid}").exists(), "pinentry's end")


async def test_a_prompt_that_nobody_wants_any_more_ends_it(desk, scripted):
    program = scripted(HANG)
    async with asking(desk, program):
        asked = desk.code()
        await until(lambda: program.asked, "pinentry's window")
        desk.wanted = False
        with pytest.raises(errors.TimedOut):
            await asked
        await until(lambda: not Path(f"/proc/{program.pid}").exists(), "pinentry's end")


async def test_its_time_is_the_prompts_and_when_it_is_over_nothing_was_said(desk, scripted):
    program = scripted(TIMED_OUT)
    async with asking(desk, program):
        asked = desk.code()
        await until(lambda: program.asked)
        await until(lambda: not Path(f"/proc/{program.pid}").exists(), "pinentry's end")
        assert not asked.done()
        asked.cancel()
    [seconds] = [int(line.removeprefix("SETTIMEOUT ")) for line in program.heard if line.startswith("SETTIMEOUT ")]
    assert 595 <= seconds <= 600


@pytest.mark.parametrize(
    ("how", "answers", "why"),
    [
        ({}, [NO_SCREEN], "can't ask (error 32870)"),
        ({"flavour": "gnome3:curses"}, [], "(gnome3:curses) needs a terminal here"),
        ({"flavour": "tty"}, [], "(tty) needs a terminal here"),
        ({"greeting": "hello"}, [], "does not speak as a pinentry does"),
        ({"greeting": "x" * 9000}, [], "printed too much at once"),
        ({}, [("D " + "1" * (DATA + 1), "OK")], "does not speak as a pinentry does"),
        ({}, [("BYE",)], "does not speak as a pinentry does"),
        ({}, [("ERR",)], "does not speak as a pinentry does"),
        ({}, [("S x",) * 1001], "does not speak as a pinentry does"),
    ],
)
async def test_one_that_cannot_ask_is_passed_over_at_once_and_said(desk, scripted, how, answers, why):
    program = scripted(*answers, **how)
    env = at_a_desktop(program)
    order = ("pinentry", "command")
    async with desk.asking(env, order=order, next_after="1h", command=("echo", "444444"), desktop=False) as found:
        assert await desk.code() == "444444"
        assert why in found.unusable()["pinentry"]


async def test_where_it_alone_is_asked_and_cannot_nobody_is_there(desk, scripted):
    async with asking(desk, scripted(NO_SCREEN)) as found:
        with pytest.raises(errors.NobodyToAsk):
            await desk.code()
        assert not desk.broker.has_subscriber(desk.serial)
        assert found.unusable().keys() == {"pinentry"}


async def test_its_environment_has_nothing_secret(desk, scripted):
    program = scripted(CODE)
    with_secrets = {"AWS_SECRET_ACCESS_KEY": "s", "XACCT_SOURCE": "x", "LC_ALL": "C.UTF-8", "GNUPGHOME": "/nowhere"}
    async with asking(desk, program, **with_secrets):
        assert await desk.code() == "123456"
    given = program.env.keys() - {"PWD", "_", "SHLVL"}  # the shell's own
    assert given == {"DISPLAY", "PATH", "LC_ALL", "GNUPGHOME"}
    assert "OPTION lc-ctype=C.UTF-8" in program.heard


async def test_no_code_is_logged(desk, scripted, capfd, caplog):
    async with asking(desk, scripted(("D 99", "OK"), ("D 987654", "OK"))):
        await desk.code()
    out, err = capfd.readouterr()
    assert "987654" not in out + err + caplog.text


async def test_a_description_can_neither_end_its_line_nor_be_endless(desk, scripted):
    program = scripted(CODE)
    names = ("100%\nGETPIN\r", *("é" * 600,) * 4)
    async with asking(desk, program):
        await desk.broker.ask(desk.serial, lambda: names, lambda: True, 1, "50%\nCONFIRM")
    assert program.heard.count("GETPIN") == 1
    assert "CONFIRM" not in program.heard
    desc = next(line for line in program.heard if line.startswith("SETDESC "))
    assert "100%25 GETPIN" in desc
    assert len(desc.encode()) <= 1000
    assert "SETERROR 50%25 CONFIRM" in program.heard


NO_LOCALE = ("S ERROR curses.dialog_create_copy 83886246 ", "ERR 83886246 A locale function failed <Pinentry>")


async def test_on_a_terminal_that_has_no_such_characters_it_asks_without_them(desk, scripted):
    """pinentry-curses converts what it shows, and asks nothing where its locale has no é: a label may have one."""
    program = scripted(NO_LOCALE, CODE)
    async with asking(desk, program) as found:
        code = await desk.broker.ask(desk.serial, lambda: ("café",), lambda: True, 1, "Trop tôt … encore")
        assert code == "123456"
        assert not found.unusable()
    descs = [line for line in program.heard if line.startswith("SETDESC ")]
    assert ["café" in descs[0], "caf?" in descs[1]] == [True, True]
    assert all(desc.isascii() for desc in descs[1:])
    assert program.heard[-1] == "GETPIN"
    assert "SETERROR Trop t?t ... encore" in program.heard


async def test_one_that_has_no_characters_at_all_is_passed_over(desk, scripted):
    async with asking(desk, scripted(NO_LOCALE, NO_LOCALE)) as found:
        with pytest.raises(errors.NobodyToAsk):
            await desk.code()
        assert "error 166" in found.unusable()["pinentry"]


async def test_a_sign_in_is_not_for_it(desk, scripted):
    async with asking(desk, scripted()):
        assert desk.broker.has_subscriber(desk.serial)
        assert desk.broker.has_subscriber("prod", "confirm")
        assert not desk.broker.has_subscriber("corp", "sign-in")


# Which program it is.


@pytest.fixture
def found(tmp_path):
    home = tmp_path / "home"
    (home / ".gnupg").mkdir(parents=True)
    folder = tmp_path / "bin"
    folder.mkdir()

    def put(name):
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
        return str(folder / name)

    def configured(text, directory=home / ".gnupg"):
        directory.mkdir(exist_ok=True)
        (directory / "gpg-agent.conf").write_text(text)

    def find(**more):
        return pinentry.find({"HOME": str(home), "PATH": str(folder), **more})

    find.put, find.configured, find.home = put, configured, home
    return find


def test_the_users_own_comes_first(found, tmp_path):
    found.put("pinentry")
    own = found.put("pinentry-own")
    found.configured(f"# pinentry-program /wrong\nmax-cache-ttl 60\n  pinentry-program   {own}  \n")
    assert found() == own
    assert found(GNUPGHOME=str(tmp_path / "other")) != own
    found.configured(f"pinentry-program {own}\n", tmp_path / "other")
    assert found(GNUPGHOME=str(tmp_path / "other"), HOME="/nowhere") == own


def test_else_it_is_the_systems(found):
    assert isinstance(found(), Unusable)
    mac = found.put("pinentry-mac")
    assert found() == mac
    systems = found.put("pinentry")
    assert found() == systems
    found.configured("default-cache-ttl 60\n")
    assert found() == systems


def test_one_that_is_named_and_not_there_is_said_and_no_other_is_taken(found):
    found.put("pinentry")
    found.configured("pinentry-program /does/not/exist\n")
    assert "/does/not/exist, which gpg-agent.conf names" in found().why


def test_a_configuration_that_cannot_be_read_names_none(found):
    os.mkfifo(found.home / ".gnupg/gpg-agent.conf")
    assert found.put("pinentry") == found()


@pytest.mark.parametrize(
    ("env", "platform", "usable"),
    [
        ({}, "linux", False),
        ({}, "darwin", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
    ],
)
def test_without_a_display_it_is_not_asked_for_a_window(found, desk, env, platform, usable):
    path = str(Path(found.put("pinentry")).parent)
    parts = Parts(Prompts(), desk.broker, desk.events, {"PATH": path, **env}, lambda: 0.0)
    assert isinstance(pinentry.way(parts, platform), pinentry.Pinentry) == usable


@pytest.mark.parametrize("long", ["word " * 200, "\U0001f600" * 300, "e\u00e9%" * 300])
@pytest.mark.parametrize("terminal", [False, True])
async def test_no_long_word_pushes_away_what_a_yes_is_to(desk, terminal, long):
    """A line of the protocol has 1000 bytes, and a program's own words stand before what it would be allowed."""
    asker = Asker(f"pid 4711, {long}", ((4711, long), (1, long)), long, long)
    words = Permission("prod", long, asker=asker, scope=long, allows=f"reading {long}")
    with desk.broker.subscribe():
        asking = asyncio.ensure_future(desk.broker.permission(words, "use of prod", lambda: True))
        await asyncio.sleep(0)
        [prompt] = desk.broker.open_prompts
        said = pinentry._description(prompt, terminal=terminal)
        asking.cancel()
    sent = unquote(line_of("SETDESC", said).decode()).removeprefix("SETDESC ").split("\n")
    assert sent[0] == "Let a program use the role prod?"
    for begins in (
        "It calls itself: ",
        "Process: pid 4711",
        "Allows: reading ",
        "Started by: ",
        "Directory: ",
        "Command: ",
    ):
        assert sum(line.startswith(begins) for line in sent) == 1, begins
    assert " ".join(sent).endswith("Yes means: until logout (for all); for another length: xacctctl attend")
    if terminal:
        assert len(sent) <= pinentry.MOST_LINES
        assert max(map(len, sent)) <= pinentry.WIDTH
