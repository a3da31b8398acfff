"""The operating system's keychain, asked in threads and with time limits: nothing waits for it longer.

What it answers later is there for the next who asks; what it does later is waited for before it is asked for more.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from xacct import errors
from xacct.host.threads import run_in_daemon_thread

if TYPE_CHECKING:
    from collections.abc import Callable

    from xacct.state.key_items import Items

log = structlog.get_logger("xacct.state")

T = TypeVar("T")


class Asking:
    """Some items of the keychain. Each method raises KeychainUnavailable; `patience` is seconds.

    Args:
        items: the keychain; its methods may block.
    """

    def __init__(self, items: Items) -> None:
        self._items = items
        self._reading: dict[str, asyncio.Future[bytes | None]] = {}
        self._writing: list[asyncio.Future[None]] = []

    async def read(self, name: str, patience: float) -> bytes | None:
        """What the keychain has under this name; all who want it meanwhile wait for the one answer."""
        asking = self._reading.get(name)
        if asking is None or asking.done():
            asking = self._reading[name] = run_in_daemon_thread(lambda: self._items.get(name))
            asking.add_done_callback(lambda asking: self._answered(name, asking))
        return await _in_time(asking, patience)

    def _answered(self, name: str, asking: asyncio.Future[bytes | None]) -> None:
        """Whoever waits has the answer from now on, and nobody else: it is a secret."""
        _heard(asking)
        if self._reading.get(name) is asking:  # guard: keychains-answer-is-not-kept
            del self._reading[name]

    async def put(self, name: str, label: str, secret: bytes, patience: float, before: bytes | None = None) -> None:
        """Keep this secret; what is kept too late is taken back, to what was there `before`."""
        given_up = False

        def put() -> None:
            self._items.put(name, label, secret)
            if given_up and before is not None:
                self._items.put(name, label, before)  # guard: late-switch-is-taken-back
            elif given_up:
                self._items.drop(name)

        try:
            await self._asked(put, patience)
        except errors.KeychainSlow:
            given_up = True
            raise

    async def drop(self, name: str, patience: float) -> None:
        """Keep nothing under this name."""
        await self._asked(lambda: self._items.drop(name), patience)
        self._reading.pop(name, None)

    async def settled(self, patience: float) -> None:
        """Wait until the keychain has done what it was given up on: a late removal would be of what comes now."""
        if self._writing:
            await asyncio.wait(self._writing, timeout=patience)
        if any(not each.done() for each in self._writing):
            raise _slow()

    async def undo(self, name: str, patience: float) -> None:
        """Have it removed; where the keychain takes long, that goes on by itself. Raises nothing."""
        try:
            await self._asked(lambda: self._items.drop(name), patience)
        except errors.KeychainUnavailable as problem:
            log.warning("not taken back out of the keychain", why=problem.sentence)

    async def _asked(self, work: Callable[[], None], patience: float) -> None:
        asking = run_in_daemon_thread(work)
        asking.add_done_callback(_heard)
        self._writing = [each for each in [*self._writing, asking] if not each.done()]
        await _in_time(asking, patience)


def _slow() -> errors.KeychainSlow:
    return errors.KeychainSlow("The keychain does not answer.", "A dialog of it may be open: answer it, and try again.")


async def _in_time(asking: asyncio.Future[T], patience: float) -> T:
    """What the keychain answers.

    Raises:
        KeychainUnavailable: nothing in time, or that it can't.
    """
    await asyncio.wait({asking}, timeout=patience)  # guard: keychain-is-not-waited-for-longer
    if not asking.done():
        raise _slow()
    try:
        return asking.result()
    except errors.KeychainUnavailable:
        raise
    except Exception as error:  # noqa: BLE001 - D-Bus and its libraries raise what they like
        raise errors.KeychainUnavailable(
            f"The keychain can't be asked ({type(error).__name__}).", "Look at it with its own program."
        ) from None


def _heard(asking: asyncio.Future[Any]) -> None:
    """Whoever asked may have gone: then nobody else looks at what went wrong."""
    if not asking.cancelled():
        asking.exception()
