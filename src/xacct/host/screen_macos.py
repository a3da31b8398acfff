"""Whether the screen of a macOS session is locked, from the I/O registry: looked at every few seconds.

macOS tells it at once only to programs with a run loop of its own frameworks. The registry says the same of each
console session, in a plist that `ioreg` prints: CGSSessionScreenIsLocked, which is there only while it is so.
"""

from __future__ import annotations

import asyncio
import plistlib
from typing import TYPE_CHECKING, Any

from xacct.host import child
from xacct.host.watches import Unwatchable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

EVERY = 3.0
"""Seconds between two looks; one takes some 20 ms of another process."""

PATIENCE = 10.0
MOST = 1024 * 1024
"""Bytes that it may print: a session is about one KiB."""

COMMAND = ("/usr/sbin/ioreg", "-n", "Root", "-d1", "-a")


async def watch(
    uid: int, told: Callable[[], None], ready: Callable[[], None], command: Sequence[str] = COMMAND
) -> None:
    """Tell whenever a console session of user `uid` is found locked that was not before.

    Raises:
        Unwatchable: the registry can't be read.
    """
    before = False
    while True:
        now = is_locked(await _printed(command), uid)
        ready()
        if now and not before:
            told()
        before = now
        await asyncio.sleep(EVERY)


def is_locked(printed: bytes, uid: int) -> bool:
    """Whether what `ioreg` has printed says that a session of user `uid` is locked.

    Raises:
        Unwatchable: it is no plist of the registry.
    """
    try:
        root = plistlib.loads(printed)
        sessions = (root[0] if isinstance(root, list) else root).get("IOConsoleUsers", [])
        return any(_is_locked(session, uid) for session in sessions)
    except Exception as error:  # noqa: BLE001 - plistlib raises what its parsers do
        raise Unwatchable(f"ioreg printed something else ({type(error).__name__})") from None


def _is_locked(session: dict[str, Any], uid: int) -> bool:
    return session.get("kCGSSessionUserIDKey") == uid and bool(session.get("CGSSessionScreenIsLocked"))


async def _printed(command: Sequence[str]) -> bytes:
    try:
        return (await child.run(command, timeout=PATIENCE, limit=MOST)).out
    except child.ChildError as error:
        raise Unwatchable(f"ioreg {error.why}") from None
