"""The agent lock: while it is locked no credentials leave, whoever asks; what is held stays held and is renewed.

Consumers wait for credentials behind it, so that locking reaches those who wait already, at once. They are turned away;
what they waited for goes on, for nobody's wait is ever the reason to end a renewal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from xacct import errors
from xacct.credentials.events import Changed, Events, LockChanged
from xacct.credentials.revocable import RevocableWaits

if TYPE_CHECKING:
    from collections.abc import Coroutine

log = structlog.get_logger("xacct.credentials")

T = TypeVar("T")


class AgentLock:
    """Locked or not. A daemon starts as the one before it ended, the first one unlocked.

    Args:
        events: the bus that each change is published on.
    """

    def __init__(self, events: Events) -> None:
        self.locked = False
        self._decided = False
        self._events = events
        self._waiting = RevocableWaits(self.check)

    def lock(self, why: str) -> bool:
        """Let nothing leave from now on. `why` is for the log. Returns whether it was unlocked before."""
        if self.locked:
            return False
        self.locked = True
        self._waiting.revoke()  # guard: who-waits-behind-lock-hears-at-once
        log.info("locked", why=why)
        self._publish()
        return True

    def unlock(self) -> bool:
        """Let credentials leave again. Returns whether it was locked before."""
        self._decided = True
        if not self.locked:
            return False
        self.locked = False
        log.info("unlocked")
        self._publish()
        return True

    def remember(self, *, locked: bool) -> None:
        """What an earlier process ended as; what this one was told since is newer."""
        if locked and not self._decided:  # guard: restart-locked-stays-locked, restart-unlocked-since-stays-unlocked
            self.lock("as before the restart")

    def _publish(self) -> None:
        self._events.publish(LockChanged(locked=self.locked))
        self._events.publish(Changed())

    def check(self) -> None:
        """Go on only where credentials may leave.

        Raises:
            Locked: they may not.
        """
        if self.locked:  # guard: locked-nothing-leaves
            raise errors.Locked("xacct is locked: xacctctl unlock")

    async def run_unless_locked(self, waiting: Coroutine[Any, Any, T]) -> T:
        """What `waiting` gives, unless it is locked before or meanwhile.

        Raises:
            Locked: it is. Otherwise what `waiting` raises.
        """
        return await self._waiting.run(waiting)
