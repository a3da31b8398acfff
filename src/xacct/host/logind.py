"""What systemd-logind tells on the system bus (org.freedesktop.login1(5)): a session's screen locks, a suspend comes.

`Lock` asks a desktop to lock, `LockedHint` says that it has. Both are told to everybody, so whose session it is has to
be looked up. `PrepareForSleep` comes before the machine sleeps; nothing waits for us, but at the latest it is what we
read first on waking.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from xacct.host import bus
from xacct.host.watches import Unwatchable

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbus_fast.aio import MessageBus
    from dbus_fast.message import Message

    Tell = Callable[[], None]

_LOGIND = "org.freedesktop.login1"
_SESSION = "org.freedesktop.login1.Session"
_FROM = f"type='signal',sender='{_LOGIND}',"  # guard: only-logind-is-heard

SLEEP = (_FROM + "path='/org/freedesktop/login1',interface='org.freedesktop.login1.Manager',member='PrepareForSleep'",)
SCREEN = (
    _FROM + f"interface='{_SESSION}',member='Lock'",
    _FROM + f"interface='org.freedesktop.DBus.Properties',member='PropertiesChanged',arg0='{_SESSION}'",
)


async def watch_sleep(address: str, told: Tell, ready: Tell) -> None:
    """Tell of each suspend, just before it. Arguments and end are those of `bus.listen`."""

    def heard(_: MessageBus, message: Message) -> None:
        if message.member == "PrepareForSleep" and message.body == [True]:
            told()

    await bus.listen(address, SLEEP, heard, ready, _LOGIND)


async def watch_screen(address: str, uid: int, told: Tell, ready: Tell) -> None:
    """Tell of each lock of a session of user `uid`. Other arguments and end are those of `bus.listen`."""
    looking: set[asyncio.Task[None]] = set()

    async def look(connection: MessageBus, session: str) -> None:
        if await _is_of(connection, session, uid):
            told()

    def heard(connection: MessageBus, message: Message) -> None:
        if _is_lock(message):
            task = asyncio.get_running_loop().create_task(look(connection, message.path or "/"))
            looking.add(task)
            task.add_done_callback(looking.discard)

    try:
        await bus.listen(address, SCREEN, heard, ready, _LOGIND)
    except Unwatchable:
        if looking:  # guard: screen-that-nobody-can-tell-of-may-be-ours
            told()
        raise
    finally:
        for task in looking:
            task.cancel()


def _is_lock(message: Message) -> bool:
    if message.member == "PropertiesChanged":
        changed = message.body[1]
        return "LockedHint" in changed and changed["LockedHint"].value is True
    return message.member == "Lock"


async def _is_of(connection: MessageBus, session: str, uid: int) -> bool:
    """Whose session it is; one that can't be asked any more may have been ours."""
    try:
        owner = await bus.property_of(connection, _LOGIND, session, _SESSION, "User")
    except Exception:  # noqa: BLE001 - whatever a library has to say of a connection that breaks
        return True  # guard: session-that-cannot-be-asked-may-be-ours
    return bool(owner[0] == uid)  # guard: anothers-screen-does-not-lock
