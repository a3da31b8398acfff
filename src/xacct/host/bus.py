"""Signals of a D-Bus, by dbus-fast: loaded when the first is wanted, for it costs a tenth of a second and 5 MiB."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from xacct.host.watches import Unwatchable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dbus_fast.aio import MessageBus
    from dbus_fast.message import Message

    Heard = Callable[[MessageBus, Message], None]

SYSTEM = "unix:path=/var/run/dbus/system_bus_socket"
"""Where every system's is (D-Bus specification, "Well-known Message Bus Instances")."""

PATIENCE = 10.0
"""Seconds that a bus, or who is on it, gets to answer."""

_BUS = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")
_PROPERTIES = "org.freedesktop.DBus.Properties"
_PEER = "org.freedesktop.DBus.Peer"


def system_address(env: Mapping[str, str]) -> str:
    """The system bus's address."""
    return env.get("DBUS_SYSTEM_BUS_ADDRESS") or SYSTEM


def session_address(env: Mapping[str, str]) -> str:
    """The session bus's address: the environment's, or where systemd puts it for those without that environment.

    Raises:
        Unwatchable: there is none.
    """
    if env.get("DBUS_SESSION_BUS_ADDRESS"):
        return env["DBUS_SESSION_BUS_ADDRESS"]
    if env.get("XDG_RUNTIME_DIR"):
        return f"unix:path={env['XDG_RUNTIME_DIR']}/bus"
    raise Unwatchable("there is no session bus (DBUS_SESSION_BUS_ADDRESS is not set)")


async def listen(
    address: str, rules: Sequence[str], heard: Heard, ready: Callable[[], None], service: str | None = None
) -> None:
    """Hand over the signals that match, until the connection ends.

    Args:
        address: the bus's.
        rules: what is to be heard (D-Bus specification, "Match Rules").
        heard: is handed each, and the bus it came by.
        ready: called once nothing can be missed any more.
        service: who has to be there to send them.

    Raises:
        Unwatchable: always, in the end; it says why.
    """
    bus = await connect(address)
    try:
        bus.add_message_handler(lambda message: heard(bus, message) if _is_broadcast(message) else None)
        for rule in rules:
            await call(bus, *_BUS, "AddMatch", "s", rule)
        if service is not None:
            await call(bus, service, "/", _PEER, "Ping")
        ready()
        await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
    except Unwatchable:
        raise
    except Exception as error:  # noqa: BLE001 - likewise
        raise Unwatchable(f"the connection to the bus broke ({_kind(error)})") from None
    finally:
        bus.disconnect()
    raise Unwatchable("the bus has closed the connection")


async def connect(address: str) -> MessageBus:
    """A connection to a bus.

    Raises:
        Unwatchable: there is none to be had.
    """
    try:
        from dbus_fast.aio import MessageBus  # noqa: PLC0415 - see above
    except ImportError:
        raise Unwatchable("dbus-fast is not installed") from None
    try:
        bus = MessageBus(address)
        async with asyncio.timeout(PATIENCE):
            await bus.connect()
    except Exception as error:  # noqa: BLE001 - whatever a library has to say, it costs this watch and no more
        raise Unwatchable(f"no connection to the bus ({_kind(error)})") from None
    return bus


async def call(
    bus: MessageBus, to: str, path: str, interface: str, member: str, signature: str = "", *body: Any
) -> list[Any]:
    """What a method answers.

    Raises:
        Unwatchable: an error, or nothing within PATIENCE.
    """
    return (await reply_of(bus, to, path, interface, member, signature, *body)).body


async def reply_of(
    bus: MessageBus, to: str, path: str, interface: str, member: str, signature: str = "", *body: Any
) -> Message:
    """The same, with who has answered.

    Raises:
        Unwatchable: as for `call`.
    """
    from dbus_fast import Message, MessageType  # noqa: PLC0415 - likewise

    question = Message(
        destination=to, path=path, interface=interface, member=member, signature=signature, body=list(body)
    )
    try:
        async with asyncio.timeout(PATIENCE):
            reply = await bus.call(question)
    except TimeoutError:
        raise Unwatchable(f"{to} does not answer") from None
    if reply is None or reply.message_type is MessageType.ERROR:
        raise Unwatchable(f"{to} refuses {member}" + (f" ({reply.error_name})" if reply else ""))
    return reply


async def property_of(bus: MessageBus, of: str, path: str, interface: str, name: str) -> Any:
    """The value of a property.

    Raises:
        Unwatchable: as for `call`.
    """
    [variant] = await call(bus, of, path, _PROPERTIES, "Get", "ss", interface, name)
    return variant.value


def _is_broadcast(message: Message) -> bool:
    """Signals come to us by our rules, which name their sender. What is addressed to us may be anybody's."""
    return message.message_type.name == "SIGNAL" and message.destination is None  # guard: nothing-sent-to-us-alone


def _kind(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
