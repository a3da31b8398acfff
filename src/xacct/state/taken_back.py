"""What was taken back, in plain: the lock, and roles logged out of. So a daemon that is killed has taken it back still.

Names of roles are no secret. It is a state (snapshot.py) that holds nothing else. It lies in the state directory; where
that can't be written, in the runtime directory, which a reboot empties.
"""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING

import structlog

from xacct import errors, fileio

if TYPE_CHECKING:
    from collections.abc import Hashable
    from pathlib import Path

    from xacct.host.saver import Saver


log = structlog.get_logger("xacct.state")

MOST_BYTES = 1024 * 1024
"""A thousand names of roles are a tenth of that."""


class TakenBack:
    """Keeps it where the next daemon finds it.

    Attributes:
        problem: why it is not in the state directory.
        lost: whether it is nowhere.

    Args:
        state: the file in the state directory.
        runtime: the file in the runtime directory.
        saver: writes them off the event loop.
    """

    def __init__(self, state: Path, runtime: Path, saver: Saver) -> None:
        self.problem: errors.XacctError | None = None
        self.lost = False
        self._state = state
        self._runtime = runtime
        self._saver = saver
        self._wanted: Hashable = None
        self._written: Hashable = None

    def read(self) -> list[bytes]:
        """What an earlier daemon noted: all of it holds, for whichever of two is older takes nothing more back."""
        found = []
        for file in (self._state, self._runtime):
            with contextlib.suppress(OSError):
                found.append(fileio.read(file, MOST_BYTES, follow=False))
        return found

    def keep(self, what: Hashable, content: bytes) -> None:
        """Keep this from now on, soon.

        Args:
            what: tells one content from another.
            content: empty where nothing is taken back.
        """
        if what != self._wanted or self.problem is not None:
            self._wanted = what
            self._saver.put(partial(self._write, what, content))

    async def settled(self) -> None:
        """Wait until it is kept, or can't be. A disk that does not answer counts as one that takes nothing."""
        await self._saver.settled()
        if self._written != self._wanted:
            self._say("the disk does not answer", lost=True)

    def flush(self) -> None:
        """Keep it here and now: for whoever reads it next."""
        self._saver.flush()

    def _write(self, what: Hashable, content: bytes) -> None:
        """In a thread."""
        try:
            _put(self._state, content)
        except OSError as error:
            try:
                _put(self._runtime, content)
            except OSError:
                self._say(str(error.strerror), lost=True)
            else:
                self._say(str(error.strerror), lost=False)
        else:
            with contextlib.suppress(OSError):
                self._runtime.unlink(missing_ok=True)
            self.problem, self.lost = None, False
        self._written = what

    def _say(self, why: str, *, lost: bool) -> None:
        if self.problem is None:
            log.warning("what was taken back is not kept", why=why)
        self.lost = lost
        self.problem = errors.StateNotKept(
            f"What is locked and logged out of can't be written to {self._state} ({why}).",
            f"It holds until {'xacctd ends' if lost else 'the next reboot'}. Mend the disk; xacct tries again.",
        )


def _put(file: Path, content: bytes) -> None:
    if content:
        fileio.write_private(file, content)
    else:
        file.unlink(missing_ok=True)
