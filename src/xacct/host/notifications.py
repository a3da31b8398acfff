"""A notification with actions, and which of them a human chooses (Desktop Notifications Specification 1.2)."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from xacct.host import bus
from xacct.host.watches import Unwatchable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dbus_fast.aio import MessageBus
    from dbus_fast.message import Message

_SERVER = ("org.freedesktop.Notifications", "/org/freedesktop/Notifications", "org.freedesktop.Notifications")
_BUS = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")
_RULE = f"type='signal',interface='{_SERVER[2]}',path='{_SERVER[1]}'"

NEVER = 0
"""The time-out of a notification that stays until it is taken away."""

CRITICAL = 2
"""The urgency of what desktops don't hide by themselves."""

_CLOSE_PATIENCE = 1.0


class CannotShow(Exception):
    """There is nobody who shows notifications with actions; the argument says why."""


async def choose(env: Mapping[str, str], summary: str, body: str, actions: Mapping[str, str]) -> str | None:
    """Show a notification, and return which action is chosen; None where it is put aside. Cancelled: it goes.

    Args:
        env: Says where the session bus is.
        summary: Its first line.
        body: Its text, without markup.
        actions: What buttons say, by what is returned. "default" is a click on the notification itself.

    Raises:
        CannotShow: There is nobody who shows it.
    """
    try:
        connection = await bus.connect(bus.session_address(env))
        try:
            return await _chosen(connection, summary, body, actions)
        finally:
            connection.disconnect()
    except Unwatchable as why:
        raise CannotShow(str(why)) from None
    except Exception as error:  # noqa: BLE001 - whatever the library has to say, it costs this notification and no more
        raise CannotShow(f"the connection to the bus broke ({type(error).__name__})") from None


async def _chosen(connection: MessageBus, summary: str, body: str, actions: Mapping[str, str]) -> str | None:
    signals: asyncio.Queue[Message] = asyncio.Queue(100)

    def heard(message: Message) -> None:
        if message.message_type.name == "SIGNAL" and message.interface == _SERVER[2] and not signals.full():
            signals.put_nowait(message)

    connection.add_message_handler(heard)
    await bus.call(connection, *_BUS, "AddMatch", "s", _RULE)
    [capabilities] = await bus.call(connection, *_SERVER, "GetCapabilities")
    if "actions" not in capabilities:
        raise Unwatchable("the desktop's notifications have no actions")
    shown = await _show(connection, summary, body, actions)
    [number] = shown.body
    try:
        gone = asyncio.ensure_future(connection.wait_for_disconnect())  # type: ignore[no-untyped-call]
        while True:
            told = asyncio.ensure_future(signals.get())
            await asyncio.wait({told, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not told.done():
                raise Unwatchable("the bus has closed the connection")
            signal = told.result()
            # A signal may be anybody's: it counts where it comes from whoever has shown the notification.
            # guard: notifications-action-from-its-server
            if signal.sender != shown.sender or not signal.body or signal.body[0] != number:
                continue
            if signal.member == "ActionInvoked" and signal.signature == "us" and signal.body[1] in actions:
                return str(signal.body[1])
            if signal.member == "NotificationClosed":
                return None
    finally:
        told.cancel()
        gone.cancel()
        await _close(connection, number)


async def _show(connection: MessageBus, summary: str, body: str, actions: Mapping[str, str]) -> Message:
    from dbus_fast import Variant  # noqa: PLC0415 - loaded where it is wanted

    pairs = [word for pair in actions.items() for word in pair]
    hints = {"urgency": Variant("y", CRITICAL), "desktop-entry": Variant("s", "xacct")}
    return await bus.reply_of(
        connection, *_SERVER, "Notify", "susssasa{sv}i", "xacct", 0, "", summary, body, pairs, hints, NEVER
    )


async def _close(connection: MessageBus, number: int) -> None:
    """Take it away, where it is there still."""
    with contextlib.suppress(Exception):
        async with asyncio.timeout(_CLOSE_PATIENCE):
            await bus.call(connection, *_SERVER, "CloseNotification", "u", number)
