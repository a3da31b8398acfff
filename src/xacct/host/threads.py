"""Work that may block, in a thread that nobody waits for at the end of the process.

asyncio.to_thread's threads are joined when the loop is closed: a keychain's dialog that nobody answers would keep the
daemon from ending. And there are only so many of them: work that hangs would keep other work waiting. Here each has a
thread of its own; a few threads stay for the next, because to start one keeps the loop for longer than most work takes.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

KEPT: Final = 2
"""Threads that stay though they have nothing to do: a request has one at a time, seldom two."""

_idle: Final[list[SimpleQueue[Callable[[], None]]]] = []
"""By what each thread without work can be given some."""


def run_in_daemon_thread(work: Callable[[], T]) -> asyncio.Future[T]:
    """Do this work in a thread, at once. Whoever cancels the future hears no more of it; the work goes on.

    Raises:
        RuntimeError: the system has no thread left.
    """
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

    _thread().put(run)
    return future


def _thread() -> SimpleQueue[Callable[[], None]]:
    """Return a thread with nothing to do: one that stayed, or else a new one."""
    try:
        return _idle.pop()  # guard: work-waits-for-no-other-work
    except IndexError:
        pass
    given: SimpleQueue[Callable[[], None]] = SimpleQueue()
    # guard: kept-process-ends-whatever-keychain-does
    threading.Thread(target=_work, args=(given,), name="xacct-work", daemon=True).start()
    return given


def _work(given: SimpleQueue[Callable[[], None]]) -> None:
    """Do what is given, piece by piece, and stay as long as few others do."""
    while True:
        given.get()()  # held by no name: what was done is let go before the next is waited for
        if len(_idle) >= KEPT:
            return
        _idle.append(given)


def _unless_done(future: asyncio.Future[T], settle: Callable[[Any], None], outcome: Any) -> None:
    if not future.done():
        settle(outcome)
