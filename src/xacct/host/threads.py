"""Work that may block, in a thread of its own that nobody waits for at the end of the process.

asyncio.to_thread's threads are joined when the loop is closed: a keychain's dialog that nobody answers would keep the
daemon from ending.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def run_in_daemon_thread(work: Callable[[], T]) -> asyncio.Future[T]:
    """Do this work in a thread. Whoever cancels the future hears no more of it; the work goes on."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        try:
            outcome = work()
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is awaited
            tell(future.set_exception, error)
        else:
            tell(future.set_result, outcome)

    def tell(settle: Callable[[Any], None], outcome: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens
            loop.call_soon_threadsafe(_unless_done, future, settle, outcome)

    # guard: kept-process-ends-whatever-keychain-does
    threading.Thread(target=run, name="xacct-work", daemon=True).start()
    return future


def _unless_done(future: asyncio.Future[T], settle: Callable[[Any], None], outcome: Any) -> None:
    if not future.done():
        settle(outcome)
