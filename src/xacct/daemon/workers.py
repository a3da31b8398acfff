"""What goes on in the daemon by itself: begun and ended together, and each begun again where it breaks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    Run = Callable[[], Coroutine[None, None, None]]

log = structlog.get_logger("xacct")

PATIENCE = 1.0
"""Seconds that all of them get to end: dialogs are closed meanwhile."""

PAUSE = 1.0
"""Seconds before one that has broken is begun again."""


class Workers:
    """Background tasks, by name.

    Args:
        runs: what each of them does, until it is cancelled or has nothing more to do.
    """

    def __init__(self, runs: Mapping[str, Run]) -> None:
        self._runs = runs
        self._all: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Begin all of them."""
        self._all = asyncio.get_running_loop().create_task(self._work(), name="workers")

    async def end(self) -> None:
        """End all of them. One that does not end within PATIENCE is left alone."""
        if self._all is not None:
            self._all.cancel()
            await asyncio.wait({self._all}, timeout=PATIENCE)

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as group:
            for name, run in self._runs.items():
                group.create_task(_again_and_again(name, run), name=name)


async def _again_and_again(name: str, run: Run) -> None:
    """Do it; a defect in one must be the end neither of it nor of the others."""
    while True:
        try:
            await run()
        except Exception as bug:  # noqa: BLE001 - the type only: a message may quote what it choked on
            log.error("worker broke", worker=name, kind=type(bug).__name__)  # noqa: TRY400
            await asyncio.sleep(PAUSE)
        else:
            return
