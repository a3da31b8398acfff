"""Notifications over a real message bus, with a double of the desktop that shows them."""

import asyncio
import shutil
import subprocess
from contextlib import asynccontextmanager

import pytest
from dbus_fast import Message, MessageType
from dbus_fast.aio import MessageBus
from desk import Desk
from scripted_pinentry import HANG, ScriptedPinentry
from waiting import until

from xacct import errors

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="there is no dbus-daemon here"),
]

NAME, PATH = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"
DISMISSED = 2
"""Why a notification has gone: a human has closed it."""


@pytest.fixture
async def address(tmp_path):
    socket = tmp_path / "bus"
    command = ["dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address=unix:path={socket}"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    await until(socket.exists, "the bus")
    yield f"unix:path={socket}"
    process.terminate()
    process.wait(10)


class Desktop:
    """Shows notifications, and has a human who does something with them."""

    def __init__(self, capabilities):
        self.capabilities = capabilities
        self.shown = {}
        self.words = []

    @asynccontextmanager
    async def running(self, address):
        self.bus = await MessageBus(address).connect()
        self.bus.add_message_handler(self._answer)
        await self.bus.request_name(NAME)
        yield self
        self.bus.disconnect()
        await self.bus.wait_for_disconnect()

    def _answer(self, message):
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        if message.member == "GetCapabilities":
            return Message.new_method_return(message, "as", [self.capabilities])
        if message.member == "Notify":
            number = len(self.words) + 1
            self.words.append(message.body)
            self.shown[number] = message.sender
            return Message.new_method_return(message, "u", [number])
        if message.member == "CloseNotification":
            self.shown.pop(message.body[0], None)
            return Message.new_method_return(message)
        return None

    async def notified(self):
        await until(lambda: self.shown, "a notification")
        [number] = self.shown
        return number

    async def chooses(self, action, number, *, to=None):
        await emit(self.bus, "ActionInvoked", "us", [number, action], to)


async def emit(bus, member, signature, body, to=None):
    signal = Message.new_signal(PATH, NAME, member, signature, body)
    signal.destination = to
    await bus.send(signal)


@pytest.fixture
async def desktop(address):
    async with Desktop(["body", "actions"]).running(address) as desktop:
        yield desktop


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def environment(address, tmp_path):
    """Of a desktop whose dialog answers 123456."""
    dialog = tmp_path / "zenity"
    dialog.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/asked\necho 123456\n')
    dialog.chmod(0o755)
    env = {"DISPLAY": ":7", "PATH": f"{tmp_path}:/usr/bin:/bin", "DBUS_SESSION_BUS_ADDRESS": address}
    # What runs a dialog looks for it in the PATH of the process.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", env["PATH"])
        yield env


@pytest.mark.parametrize("action", ["open", "default"])
@pytest.mark.parametrize("to_us_alone", [False, True])
async def test_its_action_opens_the_dialog(desk, desktop, environment, tmp_path, action, to_us_alone):
    async with desk.asking(environment, order=("notification",)) as found:
        assert found.asks()[0] == "notification"
        asked = desk.code()
        number = await desktop.notified()
        assert not (tmp_path / "asked").exists()
        [_, _, _, summary, body, actions, hints, timeout] = desktop.words[0]
        assert (summary, body) == ("MFA code for prod", f"Device: {desk.serial}")
        assert actions == ["default", "Answer", "open", "Answer…", "no", "No"]
        assert hints["urgency"].value == 2
        assert timeout == 0
        await desktop.chooses(action, number, to=desktop.shown[number] if to_us_alone else None)
        assert await asked == "123456"
        assert desk.serial in (tmp_path / "asked").read_text()


async def test_its_action_opens_pinentry_where_there_is_no_dialog(desk, desktop, environment, tmp_path):
    (tmp_path / "zenity").unlink()
    program = ScriptedPinentry(tmp_path, ("OK",))
    environment["PATH"] = str(tmp_path)
    async with desk.asking(environment, order=("notification",)):
        asked = desk.leave()
        number = await desktop.notified()
        assert program.asked == 0
        await desktop.chooses("open", number)
        await asked
        assert program.asked == 1


async def test_its_other_action_says_no(desk, desktop, environment):
    async with desk.asking(environment, order=("notification",)):
        asked = desk.code()
        await desktop.chooses("no", await desktop.notified())
        with pytest.raises(errors.Declined):
            await asked


async def test_one_that_is_put_aside_says_nothing_and_the_next_is_asked(desk, desktop, environment):
    order = ("notification", "command")
    async with desk.asking(environment, order=order, next_after="1h", command=("echo", "444444")):
        asked = desk.code()
        await emit(desktop.bus, "NotificationClosed", "uu", [await desktop.notified(), DISMISSED])
        assert await asked == "444444"


async def test_it_goes_when_somebody_else_was_faster(desk, desktop, environment, tmp_path):
    ScriptedPinentry(tmp_path, HANG)
    async with desk.asking(environment, order=(("pinentry", "notification"),)):
        asked = desk.code()
        await desktop.notified()
        [prompt] = desk.broker.open_prompts
        desk.broker.answer(prompt.id, "333333")
        assert await asked == "333333"
        await until(lambda: not desktop.shown, "the notification's end")


async def test_a_strangers_signal_is_no_answer(desk, desktop, environment, address):
    stranger = await MessageBus(address).connect()
    async with desk.asking(environment, order=("notification",)):
        asked = desk.code()
        number = await desktop.notified()
        for to in (None, desktop.shown[number]):
            await emit(stranger, "ActionInvoked", "us", [number, "no"], to)
        await emit(desktop.bus, "ActionInvoked", "us", [number + 1, "no"])
        await emit(desktop.bus, "ActionInvoked", "us", [number, "something else"])
        await stranger.introspect("org.freedesktop.DBus", "/")  # what was sent before has arrived by then
        await desktop.chooses("open", number)
        assert await asked == "123456"
    stranger.disconnect()
    await stranger.wait_for_disconnect()


async def test_a_desktop_without_actions_is_passed_over_at_once(desk, environment, address):
    order = ("notification", "command")
    async with (
        Desktop(["body"]).running(address) as desktop,
        desk.asking(environment, order=order, next_after="1h", command=("echo", "444444")) as found,
    ):
        assert await desk.code() == "444444"
        assert desktop.words == []
        assert found.unusable()["notification"] == "the desktop's notifications have no actions"


async def test_no_desktop_and_no_bus_are_passed_over_at_once(desk, environment):
    order = ("notification", "command")
    for address, why in ((None, "refuses"), ("unix:path=/nowhere/bus", "no connection to the bus")):
        environment |= {"DBUS_SESSION_BUS_ADDRESS": address} if address else {}
        chosen = {"order": order, "next_after": "1h", "command": ("echo", "444444")}
        async with asyncio.timeout(30), desk.asking(environment, **chosen) as found:
            assert await desk.code() == "444444"
            assert why in found.unusable()["notification"]
