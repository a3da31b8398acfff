"""Watches over the machine (its screen, its sleep): kept up while a setting wants them, and said where they can't be.

A watcher that fails is tried again; that it fails is logged once, and a problem as long as it lasts.
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
"""Seconds until a watcher that has failed is tried again."""


class Unwatchable(Exception):
    """This watcher can't watch; the argument says why."""


@dataclass(frozen=True, eq=False)
class Watcher:
    """One mechanism: the [lock] setting that wants it, what it is called, how it watches, what it means if it fails."""

    setting: str
    name: str
    watch: Watch
    hint: str


class Watches:
    """Keeps watchers running.

    Args:
        watchers: all there are.
        told: called with the setting of a watcher that has something to tell.
    """

    def __init__(self, watchers: Sequence[Watcher], told: Callable[[str], None]) -> None:
        self._watchers = watchers
        self._told = told
        self._running: dict[Watcher, asyncio.Task[None]] = {}
        self._up: set[Watcher] = set()
        self._trouble: dict[Watcher, str] = {}

    def want(self, settings: Collection[str]) -> None:
        """These settings are on now: start what they want, end what nothing wants any more."""
        for watcher in self._watchers:
            if watcher.setting in settings and watcher not in self._running:
                self._running[watcher] = asyncio.get_running_loop().create_task(self._keep_up(watcher))
            elif watcher.setting not in settings and watcher in self._running:
                self._running.pop(watcher).cancel()
                self._up.discard(watcher)
                self._trouble.pop(watcher, None)

    @property
    def problems(self) -> list[errors.XacctError]:
        """What can't be watched now, and why."""
        return [
            errors.ConfigError(f"{watcher.setting} of [lock] has no help of {watcher.name}: {why}.", watcher.hint)
            for watcher, why in self._trouble.items()
        ]

    async def close(self) -> None:
        """End every watch."""
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)
        self._running.clear()

    async def _keep_up(self, watcher: Watcher) -> None:
        while True:
            try:
                await watcher.watch(lambda: self._told(watcher.setting), lambda: self._is_up(watcher))
            except Unwatchable as trouble:
                self._is_down(watcher, str(trouble))
            except Exception as bug:  # noqa: BLE001 - a watch that breaks must not be one that is thought to be up
                self._is_down(watcher, type(bug).__name__)
            await asyncio.sleep(RETRY)

    def _is_up(self, watcher: Watcher) -> None:
        if watcher not in self._up:
            log.debug("watching", setting=watcher.setting, by=watcher.name)
        self._up.add(watcher)
        self._trouble.pop(watcher, None)

    def _is_down(self, watcher: Watcher, why: str) -> None:
        if self._trouble.get(watcher) != why:
            log.warning("not watched", setting=watcher.setting, by=watcher.name, why=why)
        self._up.discard(watcher)
        self._trouble[watcher] = why  # guard: watch-that-fails-is-said
