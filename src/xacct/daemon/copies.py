"""Keeps shells' copies of the user's AWS config file equal to it, both ways, and removes those that nobody has."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from xacct.copies import store
from xacct.host.file_events import FileEvents
from xacct.host.threads import run_in_daemon_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

log = structlog.get_logger("xacct.copies")

LOOK = 60.0
"""Seconds between two looks at whose the copies are."""

POLL = 0.5
"""Seconds between two looks at the files, where the system doesn't tell of changes, or one is being written."""

REST = 0.05
"""Seconds between two looks at least: a file that is written all the time costs no more than that."""

_PID = re.compile(r"pid-(\d{1,10})")


class Copies:
    """The copies in one runtime directory.

    Args:
        runtime: where they are.
        tokens: where the files of grants' tokens are, for ended grants as well.
        living: returns the ids of the grants in force.
    """

    def __init__(self, runtime: Path, tokens: Path, living: Callable[[], Collection[str]]) -> None:
        self._runtime = str(runtime)
        self._tokens = tokens
        self._living = living
        self._said: dict[str, str] = {}

    async def run(self) -> None:
        """Watch until cancelled."""
        loop, changed = asyncio.get_running_loop(), asyncio.Event()
        events, looked = FileEvents(loop, changed.set), loop.time()
        try:
            while True:
                changed.clear()
                patience = await run_in_daemon_thread(lambda: self._looked(events))  # a home may be slow to answer
                await asyncio.sleep(REST)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), patience)
                if loop.time() - looked >= LOOK:
                    looked = loop.time()
                    living = self._living()
                    await run_in_daemon_thread(lambda living=living: self.tidy(living))  # type: ignore[misc]
        finally:
            events.close()

    def _looked(self, events: FileEvents) -> float:
        """Watch what there is, and bring it up to date. Returns the seconds until it is looked again at the latest."""
        copies = store.all_in(self._runtime)
        events.watch({self._runtime, *copies, *self._originals(copies)})
        unsettled = [copy for copy in copies if not self._look(copy)]
        unsettled += set(store.all_in(self._runtime)) - set(copies)  # made before we watched, when we begin
        return POLL if unsettled or (copies and not events.works) else LOOK

    def _originals(self, copies: Collection[str]) -> set[str]:
        found = set()
        for copy in copies:
            try:
                about = store.about_of(copy)
            except OSError:
                continue
            found |= {str(Path(os.path.realpath(path)).parent) for path in (about.config, about.credentials)}
        return found

    def _look(self, copy: str) -> bool:
        """Bring one copy up to date; false while somebody writes it. What can't be written is said once."""
        try:
            if not store.synced(copy, time.time()):
                return False
        except store.Failed as failure:
            said = str(failure)
        except OSError as error:
            said = error.strerror or "it can't be used"
        else:
            self._said.pop(copy, None)
            return True
        if self._said.get(copy) != said:
            log.warning("a shell's copy of the config file differs", why=said)
            self._said[copy] = said
        return True

    def tidy(self, living: Collection[str]) -> None:
        """Remove the copies whose grants have ended, or whose processes have; those with keys in them at once."""
        for copy in store.all_in(self._runtime):
            kept = not store.holds_secrets(copy)
            store.remove(copy, lambda user, kept=kept: self._is_in_use(user, living, keep_ended=kept))  # type: ignore[misc]

    def _is_in_use(self, user: str, living: Collection[str], *, keep_ended: bool) -> bool:
        if pid := _PID.fullmatch(user):
            return _runs(int(pid[1]))
        return user in living or (keep_ended and (self._tokens / user).exists())


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
