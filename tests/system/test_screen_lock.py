"""A screen that locks, and a machine that goes to sleep, told by real D-Buses: what the daemon then does."""

import asyncio
import json
import os
import shutil
import subprocess
import threading
import time

import pytest
from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus
from stack import Stack, wait_until

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="there is no dbus-daemon here"),
]

LOGIND = "org.freedesktop.login1"
MANAGER = "org.freedesktop.login1.Manager"
SESSION = "org.freedesktop.login1.Session"
PATH = "/org/freedesktop/login1"
OURS, THEIRS = f"{PATH}/session/_31", f"{PATH}/session/_32"
SETTINGS = "[lock]\non_screen_lock = true\non_suspend = true\n"


class Bus:
    """A dbus-daemon of the test's own."""

    def __init__(self, directory, name):
        self.socket = directory / f"{name}.bus"
        self.address = f"unix:path={self.socket}"
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            ["dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address={self.address}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self.socket.exists, what="the bus")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.socket.unlink(missing_ok=True)


class Desktop:
    """Who sends the signals: logind on one bus, a desktop on the other, and strangers. It has a loop in a thread."""

    def __init__(self, directory):
        self.system, self.session = Bus(directory, "system"), Bus(directory, "session")
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.do(self._logind())

    def do(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)

    async def _logind(self):
        self.logind = await MessageBus(self.system.address, BusType.SYSTEM).connect()
        self.logind.add_message_handler(self._answer)
        await self.logind.request_name(LOGIND)

    def _answer(self, message):
        if message.message_type is MessageType.METHOD_CALL and message.member == "Get":
            uid = os.geteuid() + (message.path == THEIRS)
            return Message.new_method_return(message, "v", [Variant("(uo)", [uid, f"{PATH}/user/_x"])])
        return None

    def says(self, path, interface, member, signature="", *body):
        """logind emits a signal."""
        signal = Message.new_signal(path, interface, member, signature, list(body))
        self.do(self._send(self.logind, signal))

    def screen_saver(self, name, active):
        """A desktop emits a signal."""

        async def emit():
            bus = await MessageBus(self.session.address).connect()
            path = "/" + name.replace(".", "/")
            await self._send(bus, Message.new_signal(path, name, "ActiveChanged", "b", [active]))
            await self._end(bus)

        self.do(emit())

    def stranger(self):
        """Somebody else emits logind's signals: to all, and to each connection there is."""

        async def emit():
            bus = await MessageBus(self.system.address, BusType.SYSTEM).connect()
            names = await bus.call(
                Message(
                    destination="org.freedesktop.DBus", path="/", interface="org.freedesktop.DBus", member="ListNames"
                )
            )
            for to in [None, *(name for name in names.body[0] if name.startswith(":"))]:
                for path, interface, member, signature, body in (
                    (PATH, MANAGER, "PrepareForSleep", "b", [True]),
                    (OURS, SESSION, "Lock", "", []),
                ):
                    signal = Message.new_signal(path, interface, member, signature, body)
                    signal.destination = to
                    await self._send(bus, signal)
            await self._end(bus)

        self.do(emit())

    async def _send(self, bus, message):
        await bus.send(message)
        # Its answer comes after the bus has taken what was sent before.
        await bus.call(
            Message(destination="org.freedesktop.DBus", path="/", interface="org.freedesktop.DBus", member="GetId")
        )

    async def _end(self, bus):
        bus.disconnect()
        await bus.wait_for_disconnect()

    def close(self):
        self.do(self._end(self.logind))
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()
        for bus in (self.system, self.session):
            bus.stop()


@pytest.fixture
def desktop(tmp_path, monkeypatch):
    desktop = Desktop(tmp_path)
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", desktop.system.address)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", desktop.session.address)
    yield desktop
    desktop.close()


def watching(stack, ways=3):
    """Until the daemon listens: logind's names two connections, the desktop's one."""
    wait_until(lambda: stack.log().count("watching") >= ways, what="the watch")


def locked(stack):
    return stack.status()["locked"]


def unlock(stack):
    stack.api("POST", "/v1/unlock")
    assert not locked(stack)


def causes(stack, number):
    """What locked, once so many lines have been written."""

    def written():
        found = [line["what"] for line in stack.api("GET", "/v1/audit") if line["event"] == "locked"]
        return found if len(found) >= number else None

    return wait_until(written, what="the audit")


def test_a_screen_that_locks_locks_and_one_that_unlocks_does_not_unlock(desktop, tmp_path):
    with Stack(tmp_path / "s", settings=SETTINGS) as stack:
        watching(stack)
        stack.login("prod")
        ways = {
            "logind asks": lambda: desktop.says(OURS, SESSION, "Lock"),
            "logind knows": lambda: desktop.says(
                OURS,
                "org.freedesktop.DBus.Properties",
                "PropertiesChanged",
                "sa{sv}as",
                SESSION,
                {"LockedHint": Variant("b", True)},
                [],
            ),
            "GNOME": lambda: desktop.screen_saver("org.gnome.ScreenSaver", active=True),
            "KDE": lambda: desktop.screen_saver("org.freedesktop.ScreenSaver", active=True),
        }
        for what, lock in ways.items():
            began = time.monotonic()
            lock()
            wait_until(lambda: locked(stack), 5, f"{what}: the lock")
            assert time.monotonic() - began < 2
            desktop.says(OURS, SESSION, "Unlock")
            desktop.screen_saver("org.gnome.ScreenSaver", active=False)
            time.sleep(0.3)
            assert locked(stack), what
            unlock(stack)
        assert stack.status("prod")["state"] == "held", "a lock takes nothing away"
        assert causes(stack, 4) == ["screen"] * 4


def test_a_suspend_locks_before_it_and_its_end_does_not(desktop, tmp_path):
    with Stack(tmp_path / "s", settings=SETTINGS) as stack:
        watching(stack)
        desktop.says(PATH, MANAGER, "PrepareForSleep", "b", False)
        time.sleep(0.3)
        assert not locked(stack)
        desktop.says(PATH, MANAGER, "PrepareForSleep", "b", True)
        wait_until(lambda: locked(stack), 5, "the lock")
        assert causes(stack, 1) == ["suspend"]


def test_other_peoples_sessions_and_strangers_words_lock_nothing(desktop, tmp_path):
    with Stack(tmp_path / "s", settings=SETTINGS) as stack:
        watching(stack)
        desktop.says(THEIRS, SESSION, "Lock")
        desktop.stranger()
        time.sleep(1)
        assert not locked(stack)
        desktop.says(OURS, SESSION, "Lock")
        wait_until(lambda: locked(stack), 5, "the lock")


def test_what_is_not_wanted_is_not_watched_until_it_is(desktop, tmp_path):
    with Stack(tmp_path / "s", settings="[lock]\n") as stack:
        time.sleep(0.5)
        assert "dbus_fast" not in modules_of(stack), "nobody asked for it"
        stack.settings_file.write_text("[lock]\non_screen_lock = true\n")
        stack.api("POST", "/v1/reload")
        watching(stack, 2)
        assert "dbus_fast" in modules_of(stack)
        desktop.says(PATH, MANAGER, "PrepareForSleep", "b", True)
        time.sleep(0.3)
        assert not locked(stack)
        desktop.says(OURS, SESSION, "Lock")
        wait_until(lambda: locked(stack), 5, "the lock")


def modules_of(stack):
    """Files that the daemon has mapped."""
    if os.geteuid() != 0:
        pytest.skip("only root may look at an undumpable process")
    with open(f"/proc/{stack.daemon.pid}/maps") as maps:  # noqa: PTH123
        return maps.read()


def test_a_bus_that_is_gone_is_a_note_and_no_more(desktop, tmp_path):
    with Stack(tmp_path / "s", settings=SETTINGS) as stack:
        watching(stack)
        assert stack.status()["notes"] == []
        desktop.session.stop()
        notes = wait_until(lambda: stack.status()["notes"], what="a note")
        assert len(notes) == 1
        assert notes[0].startswith("on_screen_lock of [lock] has no help of the desktop's screen saver: ")
        problems = stack.api("POST", "/v1/reload")["problems"]
        assert [problem["code"] for problem in problems] == ["bad-config"]
        assert sum("not watched" in line for line in stack.log().splitlines()) == 1
        desktop.says(OURS, SESSION, "Lock")
        wait_until(lambda: locked(stack), 5, "the lock by the other way")
        stack.login("prod")
        desktop.session.start()


def test_without_any_bus_it_starts_and_says_so(tmp_path, monkeypatch):
    for name in ("SYSTEM", "SESSION"):
        monkeypatch.setenv(f"DBUS_{name}_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    with Stack(tmp_path / "s", settings=SETTINGS) as stack:
        wait_until(lambda: len(stack.status()["notes"]) == 3, what="three notes")
        stack.login("prod")
        assert json.dumps(stack.status()["notes"]).count("No such file") == 3
