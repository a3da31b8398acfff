"""Watches over the machine (its screen, its sleep): kept up while a setting wants them, and said where they can't be.

A way is one mechanism that can tell. One that fails is tried again; that it fails is logged once, and a problem as long
as it lasts.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from xacct import errors

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    Watch = Callable[[Callable[[], None], Callable[[], None]], Awaitable[None]]
    """Watches until cancelled: calls the first whenever it happens, the second once it is sure to notice."""

log = structlog.get_logger("xacct.host")

RETRY = 30.0
"""Seconds until a way that has failed is tried again."""


class Unwatchable(Exception):
    """It can't be watched this way; the argument says why."""


@dataclass(frozen=True, eq=False)
class Way:
    """One mechanism: the [lock] setting that wants it, what it is called, how it watches, what it means if it fails."""

    setting: str
    name: str
    watch: Watch
    hint: str


class Watches:
    """Keeps ways going. `told` is called with the setting of a way that has something to tell."""

    def __init__(self, ways: Sequence[Way], told: Callable[[str], None]) -> None:
        self._ways = ways
        self._told = told
        self._running: dict[Way, asyncio.Task[None]] = {}
        self._up: set[Way] = set()
        self._trouble: dict[Way, str] = {}

    def want(self, settings: Collection[str]) -> None:
        """These settings are on now: start what they want, end what nothing wants any more."""
        for way in self._ways:
            if way.setting in settings and way not in self._running:
                self._running[way] = asyncio.get_running_loop().create_task(self._keep_up(way))
            elif way.setting not in settings and way in self._running:
                self._running.pop(way).cancel()
                self._up.discard(way)
                self._trouble.pop(way, None)

    @property
    def problems(self) -> list[errors.XacctError]:
        """What can't be watched now, and why."""
        return [
            errors.ConfigError(f"{way.setting} of [lock] has no help of {way.name}: {why}.", way.hint)
            for way, why in self._trouble.items()
        ]

    async def close(self) -> None:
        """End every watch."""
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)
        self._running.clear()

    async def _keep_up(self, way: Way) -> None:
        while True:
            try:
                await way.watch(lambda: self._told(way.setting), lambda: self._is_up(way))
            except Unwatchable as trouble:
                self._is_down(way, str(trouble))
            except Exception as bug:  # noqa: BLE001 - a watch that breaks must not be one that is thought to be up
                self._is_down(way, type(bug).__name__)
            await asyncio.sleep(RETRY)

    def _is_up(self, way: Way) -> None:
        if way not in self._up:
            log.debug("watching", setting=way.setting, by=way.name)
        self._up.add(way)
        self._trouble.pop(way, None)

    def _is_down(self, way: Way, why: str) -> None:
        if self._trouble.get(way) != why:
            log.warning("not watched", setting=way.setting, by=way.name, why=why)
        self._up.discard(way)
        self._trouble[way] = why  # guard: watch-that-fails-is-said
