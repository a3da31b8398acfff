"""Real pinentries: on a pseudo-terminal, and where there is none."""

import asyncio
import os
import pty
import shutil
import subprocess
import sys
import termios
from contextlib import asynccontextmanager

import pytest
from desk import SERIAL, Desk
from stack import Stack
from waiting import PATIENCE, until

from xacct import errors
from xacct.asker import Asker
from xacct.desktop.parts import Parts
from xacct.desktop.pinentry import Pinentry
from xacct.desktop.prompter import Prompter
from xacct.host import clock as host_clock
from xacct.prompts.subscribers import Tty
from xacct.settings import Prompts

PROGRAMS = ["pinentry-curses", "pinentry-tty"]
CTRL_C, CTRL_D, TO_CANCEL = b"\x03", b"\x04", b"\t\t\r"

pytestmark = [
    pytest.mark.system,
    *(pytest.mark.skipif(shutil.which(program) is None, reason=f"there is no {program} here") for program in PROGRAMS),
]


class Screen:
    """A terminal with a human before it."""

    def __init__(self):
        self.master, slave = pty.openpty()
        self.name = os.ttyname(slave)
        self.slave = slave
        self.shown = b""
        asyncio.get_running_loop().add_reader(self.master, self._read)

    def _read(self):
        self.shown += os.read(self.master, 4096)

    async def shows(self, *words):
        await until(lambda: all(word in self.shown for word in words), f"{words} on the screen")

    def type(self, keys):
        self.shown = b""
        os.write(self.master, keys)

    def close(self):
        asyncio.get_running_loop().remove_reader(self.master)
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
async def screen():
    screen = Screen()
    yield screen
    screen.close()


@pytest.fixture
def desk():
    return Desk()


async def answer(asked):
    return await asyncio.wait_for(asked, PATIENCE)


@asynccontextmanager
async def asking(desk, program, screen, ctype="C.UTF-8"):
    env = {"PATH": os.environ["PATH"]}
    parts = Parts(Prompts(), desk.broker, desk.events, env, lambda: host_clock.read().boot)
    way = Pinentry(shutil.which(program), parts, screen and Tty(screen.name, "xterm", ctype))
    prompter = Prompter(desk.broker, desk.events, [{"pinentry": way}], 1.0, parts.boot)
    task = asyncio.ensure_future(prompter.run())
    await asyncio.sleep(0)
    try:
        yield prompter
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("program", PROGRAMS)
async def test_a_code_is_typed_and_a_wrong_one_typed_again(desk, screen, program):
    async with asking(desk, program, screen):
        asked = desk.code()
        await screen.shows(b"MFA code for prod", SERIAL.encode(), b"MFA code")
        screen.type(b"nonsense\r")
        await screen.shows(b"An MFA code is six digits.", SERIAL.encode(), b"MFA code")
        screen.type(b"987 654\r")  # of digits that the serial number has not in this order: it may be shown again
        assert await answer(asked) == "987654"
        assert b"987" not in screen.shown, "what is typed is not shown"
        again = desk.code(attempt=2, problem="AWS refuses that code.")
        await screen.shows(b"AWS refuses that code.")
        screen.type(b"654321\r")
        assert await answer(again) == "654321"


@pytest.mark.parametrize(
    ("program", "key"),
    [("pinentry-curses", TO_CANCEL), ("pinentry-curses", CTRL_C), ("pinentry-tty", CTRL_C), ("pinentry-tty", CTRL_D)],
)
async def test_a_cancel_is_a_no(desk, screen, program, key):
    async with asking(desk, program, screen):
        asked = desk.code()
        await screen.shows(b"MFA code for prod")
        await asyncio.sleep(0.2)
        screen.type(key)
        with pytest.raises(errors.Declined):
            await answer(asked)


@pytest.mark.parametrize(("program", "yes", "no"), [("pinentry-curses", b"\r", CTRL_C), ("pinentry-tty", b"y", b"n")])
async def test_yes_and_no(desk, screen, program, yes, no):
    async with asking(desk, program, screen):
        asked = desk.leave()
        await screen.shows(b"Let a program use the role prod?", b"shell 1")
        await asyncio.sleep(0.2)
        screen.type(yes)
        await answer(asked)
        asked = desk.leave("other")
        await screen.shows(b"the role other?")
        await asyncio.sleep(0.2)
        screen.type(no)
        with pytest.raises(errors.Declined):
            await answer(asked)


@pytest.mark.parametrize("ctype", ["C", "C.UTF-8"])
@pytest.mark.parametrize("program", PROGRAMS)
async def test_whatever_a_program_calls_itself_a_human_sees_what_a_yes_is_to(desk, screen, program, ctype):
    async with asking(desk, program, screen, ctype):
        asker = Asker(f"pid 4711, /home/{'ö' * 300}", ((4711, "sh"),), "é" * 300, "ü " * 300)
        asked = desk.leave(allows="reading only", asker=asker)
        await screen.shows(b"use the role prod?", b"pid 4711", b"Allows: reading only", b"Yes means: until logout")
        await asyncio.sleep(0.2)
        screen.type(CTRL_C)
        with pytest.raises(errors.Declined):
            await answer(asked)


@pytest.mark.parametrize("program", PROGRAMS)
async def test_it_goes_when_somebody_else_was_faster(desk, screen, program):
    async with asking(desk, program, screen) as prompter:
        asked = desk.code()
        await screen.shows(b"MFA code for prod")
        [prompt] = desk.broker.open_prompts
        desk.broker.answer(prompt.id, "333333")
        assert await answer(asked) == "333333"
        await until(lambda: not prompter._asking, "pinentry's end")


@pytest.mark.parametrize("program", [*PROGRAMS, "pinentry"])
async def test_without_a_terminal_and_a_display_it_is_passed_over(desk, program):
    async with asking(desk, program, None) as prompter:
        with pytest.raises(errors.NobodyToAsk):
            await answer(desk.code())
        assert "needs a terminal here" in prompter.unusable()["pinentry"]


@pytest.fixture
def stack(tmp_path, request):
    """A daemon whose user has chosen a pinentry."""
    home = tmp_path / "s" / "home" / ".gnupg"
    home.mkdir(parents=True)
    (home / "gpg-agent.conf").write_text(f"pinentry-program {shutil.which(request.param)}\n")
    with Stack(tmp_path / "s") as stack:
        yield stack


@pytest.mark.parametrize("stack", PROGRAMS, indirect=True)
async def test_on_a_terminal_that_is_lent_the_daemon_asks(stack, screen):
    attending = subprocess.Popen(
        [sys.executable, "-m", "xacct.ctl", "attend", "--pinentry"],
        env={**stack.env, "TERM": "xterm", "LC_ALL": "C.UTF-8"},
        stdin=screen.slave,
        stdout=screen.slave,
        stderr=screen.slave,
        start_new_session=True,
    )
    try:
        await screen.shows(b"Attending by pinentry")
        assert stack.status()["attended"] == 1
        login = {"roles": ["prod"], "attend": False}
        logging_in = asyncio.ensure_future(asyncio.to_thread(stack.api, "POST", "/v1/login", login))
        await screen.shows(b"MFA code for prod")
        echo = termios.tcgetattr(screen.slave)[3] & termios.ECHO
        assert not echo, "pinentry has the terminal"
        screen.type(f"{stack.code()}\r".encode())
        assert (await answer(logging_in))[-1] == {"event": "done", "failed": 0}
        await screen.shows(b"A code was given.")
        assert termios.tcgetattr(screen.slave)[3] & termios.ECHO
        assert "pinentry" not in stack.log(), "nothing to be said of it"
    finally:
        attending.terminate()
        attending.wait(PATIENCE)
    await until(lambda: stack.status()["attended"] == 0)


@pytest.mark.parametrize("tty", ["/etc/passwd", "/dev/../etc/passwd", "pts/3", "/dev/pts/3%0ABYE", ""])
@pytest.mark.parametrize("stack", PROGRAMS[:1], indirect=True)
def test_what_is_no_terminal_cannot_be_lent(stack, tty):
    assert stack.api("GET", f"/v1/events?attend=1&tty={tty}")["error"]["sentence"] == "That is no terminal."
