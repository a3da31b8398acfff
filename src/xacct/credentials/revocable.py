"""Waiting for something that may be taken back meanwhile: whoever waits is turned away at once, not at the end.

What is waited for goes on for the others, for nobody's wait is ever the reason to end a renewal.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")


class RevocableWaits:
    """Those who wait behind one right.

    Args:
        check: raises what they are told where the right has been taken back.
    """

    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check
        self._revoked: set[asyncio.Future[None]] = set()

    def __len__(self) -> int:
        return len(self._revoked)

    def revoke(self) -> None:
        """The right has been taken back: turn away whoever waits."""
        for revoked in self._revoked:
            if not revoked.done():
                revoked.set_result(None)

    async def run(self, waiting: Coroutine[Any, Any, T]) -> T:
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
        revoked: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._revoked.add(revoked)
        try:
            both: set[asyncio.Future[Any]] = {work, revoked}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            self._check()
            return work.result()
        finally:
            self._revoked.discard(revoked)
            work.cancel()
            work.add_done_callback(look_at)


def look_at(work: asyncio.Future[T]) -> None:
    """Look at an outcome that nobody waits for any more, so that it is no "exception never retrieved"."""
    if not work.cancelled():
        work.exception()
