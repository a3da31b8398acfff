"""Waiting for something that may be taken back meanwhile: whoever waits is turned away at once, not at the end.

What is waited for goes on for the others, for nobody's wait is ever the reason to end a renewal.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")


class Bolts:
    """Those who wait behind one right.

    Args:
        check: raises what they are told where the right has been taken back.
    """

    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check
        self._bolts: set[asyncio.Future[None]] = set()

    def __len__(self) -> int:
        return len(self._bolts)

    def fall(self) -> None:
        """The right has been taken back: turn away whoever waits."""
        for bolt in self._bolts:
            if not bolt.done():
                bolt.set_result(None)

    async def behind(self, waiting: Coroutine[Any, Any, T]) -> T:
        """What `waiting` gives, unless the right is taken back before or meanwhile.

        Raises:
            XacctError: what `check` raises. Otherwise what `waiting` raises.
        """
        try:
            self._check()
        except BaseException:
            waiting.close()
            raise
        work = asyncio.ensure_future(waiting)
        bolt: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._bolts.add(bolt)
        try:
            both: set[asyncio.Future[Any]] = {work, bolt}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            self._check()
            return work.result()
        finally:
            self._bolts.discard(bolt)
            work.cancel()
            work.add_done_callback(_look_at)


def _look_at(work: asyncio.Future[T]) -> None:
    """Look at an outcome that came too late for anybody, so that it is no "exception never retrieved"."""
    if not work.cancelled():
        work.exception()
