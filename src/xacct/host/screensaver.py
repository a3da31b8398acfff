"""What desktops tell on the session bus when they lock: ActiveChanged(true) of their screen saver."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xacct.host import bus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dbus_fast.aio import MessageBus
    from dbus_fast.message import Message

INTERFACES = (
    "org.freedesktop.ScreenSaver",  # KDE, and whoever follows the common name
    "org.gnome.ScreenSaver",
    "org.cinnamon.ScreenSaver",
    "org.mate.ScreenSaver",
    "org.xfce.ScreenSaver",
)


async def watch(env: Mapping[str, str], told: Callable[[], None], ready: Callable[[], None]) -> None:
    """Tell of each lock. `env` says where the bus is; other arguments and end are those of `bus.listen`."""

    def heard(_: MessageBus, message: Message) -> None:
        if message.member == "ActiveChanged" and message.body == [True]:
            told()

    rules = [f"type='signal',interface='{interface}',member='ActiveChanged'" for interface in INTERFACES]
    await bus.listen(bus.session_address(env), rules, heard, ready)
