"""Watches that are wanted, fail and come back, in virtual time; and each watcher against a stand-in of its system."""

import asyncio
import plistlib
import sys
from types import SimpleNamespace

import pytest
import structlog
from virtual_time import clock, in_virtual_time

from xacct.host import bus, logind, screen_macos, screensaver, watches
from xacct.host.lock_watchers import ON_SCREEN_LOCK, ON_SUSPEND, watchers
from xacct.host.watches import RETRY, Unwatchable, Watcher, Watches

__all__ = ["clock"]

US = 1000


class Mechanism:
    """A watcher that does what the test says."""

    def __init__(self, setting=ON_SCREEN_LOCK):
        self.watcher = Watcher(setting, "it", self.watch, "a hint")
        self.fails = None
        self.begun = self.running = 0
        self.told = self.broken = None

    async def watch(self, told, ready):
        self.begun += 1
        if self.fails:
            raise self.fails
        self.running += 1
        self.told, self.broken = told, asyncio.get_running_loop().create_future()
        ready()
        try:
            await self.broken
        finally:
            self.running -= 1


@pytest.fixture
def loud():
    """Log lines, which the suite is otherwise deaf to."""
    before = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(0))
    with structlog.testing.capture_logs() as logs:
        yield logs
    structlog.configure(wrapper_class=before)


@in_virtual_time
async def test_what_is_wanted_runs_and_what_it_has_to_tell_is_told_by_its_setting(clock):
    screen, sleep, told = Mechanism(), Mechanism(ON_SUSPEND), []
    watching = Watches([screen.watcher, sleep.watcher], told.append)
    watching.want({ON_SCREEN_LOCK})
    watching.want({ON_SCREEN_LOCK})
    await asyncio.sleep(1)
    assert (screen.running, screen.begun, sleep.begun) == (1, 1, 0)
    screen.told()
    assert told == [ON_SCREEN_LOCK]
    watching.want({ON_SUSPEND})
    await asyncio.sleep(1)
    assert (screen.running, sleep.running) == (0, 1)
    await watching.close()
    assert sleep.running == 0


@in_virtual_time
async def test_what_fails_is_a_problem_one_warning_and_tried_again(clock, loud):
    watcher = Mechanism()
    watching = Watches([watcher.watcher], lambda _: None)
    watcher.fails = Unwatchable("there is no bus")
    watching.want({ON_SCREEN_LOCK})
    await asyncio.sleep(3 * RETRY + 1)
    assert watcher.begun == 4
    [problem] = watching.problems
    assert (problem.code, problem.hint) == ("bad-config", "a hint")
    assert problem.sentence == "on_screen_lock of [lock] has no help of it: there is no bus."
    assert [line["why"] for line in loud if line["log_level"] == "warning"] == ["there is no bus"]
    watcher.fails = None
    await asyncio.sleep(RETRY)
    assert watching.problems == []
    watcher.broken.set_exception(Unwatchable("the bus has gone"))
    await asyncio.sleep(1)
    assert "the bus has gone" in watching.problems[0].sentence
    await asyncio.sleep(RETRY)
    assert (watcher.running, watching.problems) == (1, [])
    await watching.close()


@in_virtual_time
async def test_a_bug_in_a_way_is_a_problem_too_and_quotes_nothing(clock):
    watcher = Mechanism()
    watching = Watches([watcher.watcher], lambda _: None)
    watcher.fails = ZeroDivisionError("canary")
    watching.want({ON_SCREEN_LOCK})
    await asyncio.sleep(1)
    assert watching.problems[0].sentence.endswith(": ZeroDivisionError.")
    watching.want(())
    assert watching.problems == []
    await asyncio.sleep(2 * RETRY)
    assert watcher.begun == 1


# What each watcher takes for a lock.


@pytest.fixture
def heard(monkeypatch):
    """What the watchers were to listen to, and a bus to tell them of it."""
    told = SimpleNamespace(times=0, rules=None, service=None, owners={"/ours": US, "/theirs": US + 1})

    async def listen(address, rules, heard, ready, service=None):
        told.rules, told.service = rules, service
        told.signal = lambda member, *body, path="/ours": heard(
            None, SimpleNamespace(member=member, body=list(body), path=path)
        )
        await asyncio.get_running_loop().create_future()

    async def property_of(_connection, of, path, interface, name):
        assert (of, interface, name) == ("org.freedesktop.login1", "org.freedesktop.login1.Session", "User")
        if path not in told.owners:
            raise Unwatchable("gone")
        return [told.owners[path], "/user"]

    monkeypatch.setattr(bus, "listen", listen)
    monkeypatch.setattr(bus, "property_of", property_of)

    def count():
        told.times += 1

    told.count = count
    return told


async def watched(watch):
    task = asyncio.ensure_future(watch)
    await asyncio.sleep(0)
    return task


def hint(value):
    return {"LockedHint": SimpleNamespace(value=value)}


@in_virtual_time
@pytest.mark.parametrize("breaks", ["the question", "the bus"])
async def test_a_lock_whose_session_can_not_be_told_any_more_counts(clock, heard, monkeypatch, breaks):
    async def listen(_address, _rules, told, _ready, _service=None):
        told(None, SimpleNamespace(member="Lock", body=[], path="/theirs"))
        await asyncio.sleep(1)
        raise Unwatchable("the connection to the bus broke")

    async def property_of(*_):
        if breaks == "the question":
            raise ConnectionResetError
        await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(bus, "listen", listen)
    monkeypatch.setattr(bus, "property_of", property_of)
    with pytest.raises(Unwatchable):
        await logind.watch_screen("bus", US, heard.count, lambda: None)
    assert heard.times == 1


@pytest.mark.parametrize(
    ("signal", "path", "locks"),
    [
        (("Lock",), "/ours", True),
        (("Lock",), "/theirs", False),
        (("Lock",), "/gone", True),
        (("Unlock",), "/ours", False),
        (("PropertiesChanged", "I", hint(True), []), "/ours", True),
        (("PropertiesChanged", "I", hint(True), []), "/theirs", False),
        (("PropertiesChanged", "I", hint(False), []), "/ours", False),
        (("PropertiesChanged", "I", {"IdleHint": SimpleNamespace(value=True)}, []), "/ours", False),
    ],
)
def test_logind_tells_of_sessions_and_ours_count(clock, heard, signal, path, locks):
    @in_virtual_time
    async def test(clock):
        task = await watched(logind.watch_screen("bus", US, heard.count, lambda: None))
        heard.signal(*signal, path=path)
        await asyncio.sleep(1)
        assert heard.times == locks
        assert heard.service == "org.freedesktop.login1"
        assert all("sender='org.freedesktop.login1'" in rule for rule in heard.rules), "anybody could lock us"
        task.cancel()

    test(clock=clock)


@in_virtual_time
async def test_logind_tells_of_a_suspend_before_it_and_not_after(clock, heard):
    task = await watched(logind.watch_sleep("bus", heard.count, lambda: None))
    for body in ([False], [], [1, 2]):
        heard.signal("PrepareForSleep", *body)
    assert heard.times == 0
    heard.signal("PrepareForSleep", True)
    assert heard.times == 1
    assert all("sender='org.freedesktop.login1'" in rule for rule in heard.rules), "anybody could lock us"
    task.cancel()


@in_virtual_time
async def test_screen_savers_tell_when_they_begin(clock, heard):
    task = await watched(screensaver.watch({"DBUS_SESSION_BUS_ADDRESS": "x"}, heard.count, lambda: None))
    for signal in (("ActiveChanged", False), ("ActiveChanged",), ("WakeUpScreen", True)):
        heard.signal(*signal)
    assert heard.times == 0
    heard.signal("ActiveChanged", True)
    assert heard.times == 1
    for desktop in ("org.gnome.ScreenSaver", "org.freedesktop.ScreenSaver"):
        assert any(f"interface='{desktop}'" in rule for rule in heard.rules)
    task.cancel()


def test_where_the_buses_are():
    assert bus.system_address({}) == "unix:path=/var/run/dbus/system_bus_socket"
    assert bus.system_address({"DBUS_SYSTEM_BUS_ADDRESS": "a"}) == "a"
    assert bus.session_address({"DBUS_SESSION_BUS_ADDRESS": "b", "XDG_RUNTIME_DIR": "/run/user/1"}) == "b"
    assert bus.session_address({"XDG_RUNTIME_DIR": "/run/user/1"}) == "unix:path=/run/user/1/bus"
    with pytest.raises(Unwatchable, match="no session bus"):
        bus.session_address({})


@pytest.mark.parametrize(
    ("kind", "destination", "taken"), [("SIGNAL", None, True), ("SIGNAL", ":1.7", False), ("METHOD_CALL", None, False)]
)
def test_what_is_sent_to_us_alone_may_be_anybodys(kind, destination, taken):
    message = SimpleNamespace(message_type=SimpleNamespace(name=kind), destination=destination)
    assert bus._is_broadcast(message) is taken


async def test_a_bus_that_is_not_there_is_said(tmp_path):
    with pytest.raises(Unwatchable, match="No such file"):
        await bus.listen(f"unix:path={tmp_path}/none", [], print, print)
    with pytest.raises(Unwatchable, match="no connection"):
        await bus.listen("nonsense", [], print, print)


async def test_without_the_library_that_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "dbus_fast.aio", None)
    with pytest.raises(Unwatchable, match="dbus-fast is not installed"):
        await bus.listen("unix:path=/none", [], print, print)


# macOS: what ioreg prints, from a program that prints it.


def registry(*sessions, archived=dict):
    return plistlib.dumps(archived({"IOConsoleLocked": False, "IOConsoleUsers": list(sessions)}))


LOCKED = {"kCGSSessionUserIDKey": US, "kCGSSessionOnConsoleKey": True, "CGSSessionScreenIsLocked": True}
UNLOCKED = {"kCGSSessionUserIDKey": US, "kCGSSessionOnConsoleKey": True}


@pytest.mark.parametrize(
    ("printed", "locked"),
    [
        (registry(LOCKED), True),
        (registry(UNLOCKED), False),
        (registry(UNLOCKED | {"CGSSessionScreenIsLocked": False}), False),
        (registry(LOCKED | {"kCGSSessionUserIDKey": US + 1}, UNLOCKED), False),
        (registry(UNLOCKED | {"kCGSSessionUserIDKey": US + 1}, LOCKED), True),
        (registry(LOCKED, archived=lambda root: [root]), True),
        (registry(), False),
        (plistlib.dumps({}), False),
    ],
)
def test_the_registry_says_whose_screen_is_locked(printed, locked):
    assert screen_macos.is_locked(printed, US) is locked


@pytest.mark.parametrize("printed", [b"", b"<plist", b"IOConsoleUsers", plistlib.dumps({"IOConsoleUsers": 5})])
def test_what_is_no_registry_is_said(printed):
    with pytest.raises(Unwatchable, match="printed something else"):
        screen_macos.is_locked(printed, US)


async def test_a_screen_that_is_found_locked_is_told_once_each_time(tmp_path, monkeypatch):
    monkeypatch.setattr(screen_macos, "EVERY", 0.01)
    file, told, looks = tmp_path / "registry", [], asyncio.Queue()
    file.write_bytes(registry(UNLOCKED))
    task = asyncio.ensure_future(
        screen_macos.watch(US, lambda: told.append(1), lambda: looks.put_nowait(1), ["/bin/cat", str(file)])
    )
    for printed, times in ((LOCKED, 1), (UNLOCKED, 1), (LOCKED, 2)):
        draft = tmp_path / "draft"
        draft.write_bytes(registry(printed))
        draft.replace(file)
        while not looks.empty():
            looks.get_nowait()
        for _ in range(3):
            await looks.get()
        assert len(told) == times
    task.cancel()


async def test_a_program_that_is_missing_or_never_ends_is_said(monkeypatch):
    with pytest.raises(Unwatchable, match="can't be started"):
        await screen_macos.watch(US, print, print, ["/no/such/ioreg"])
    monkeypatch.setattr(screen_macos, "PATIENCE", 0.05)
    with pytest.raises(Unwatchable, match="did not end"):
        await screen_macos.watch(US, print, print, ["/bin/sleep", "60"])
    monkeypatch.setattr(screen_macos, "MOST", 1024)
    monkeypatch.setattr(screen_macos, "PATIENCE", 10)
    with pytest.raises(Unwatchable, match="printed more than 1 KiB"):
        await screen_macos.watch(US, print, print, ["/bin/cat", "/dev/zero"])


@pytest.mark.parametrize(
    ("platform", "settings"),
    [
        ("linux", [ON_SCREEN_LOCK, ON_SCREEN_LOCK, ON_SUSPEND]),
        ("darwin", [ON_SCREEN_LOCK]),
        ("freebsd", [ON_SCREEN_LOCK]),
    ],
)
def test_each_system_has_its_watchers(platform, settings):
    assert [watcher.setting for watcher in watchers({}, platform)] == settings


@in_virtual_time
async def test_a_system_without_a_watcher_says_so(clock):
    watching = watches.Watches(watchers({}, "freebsd"), print)
    watching.want({ON_SCREEN_LOCK})
    await asyncio.sleep(1)
    assert "no way to tell on freebsd" in watching.problems[0].sentence
    await watching.close()
