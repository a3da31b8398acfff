"""What happens in the keeper, as values anybody may listen to: prompts, renewals, failures, ends of MFA sessions."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xacct.errors import XacctError
    from xacct.prompts.prompt import Prompt

BACKLOG = 1000
"""Events a listener may lag behind before it loses the oldest: a stuck terminal must not hold memory."""


@dataclass(frozen=True, slots=True)
class PromptOpened:
    """A prompt is open, or its terms have changed (another attempt, a later `not_before`)."""

    prompt: Prompt


@dataclass(frozen=True, slots=True)
class PromptClosed:
    """A prompt is gone; `outcome` is answered, declined, withdrawn or timeout."""

    prompt: Prompt
    outcome: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Renewed:
    """Fresh credentials are held; `mfa_expires_at` is the MFA session's end, where there is one."""

    role: str
    expires_at: float | None
    mfa_expires_at: float | None


@dataclass(frozen=True, slots=True)
class Failed:
    """Credentials could not be had or renewed."""

    role: str
    error: XacctError


@dataclass(frozen=True, slots=True)
class Expired:
    """Credentials ran out and nothing has replaced them."""

    role: str


@dataclass(frozen=True, slots=True)
class MfaEndsSoon:
    """An MFA session ends in `seconds`; past that `roles` need a code."""

    serial: str
    seconds: float
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LockChanged:
    """From now on no credentials leave, or (`locked` false) they leave again."""

    locked: bool


Event = PromptOpened | PromptClosed | Renewed | Failed | Expired | MfaEndsSoon | LockChanged


class EventBus:
    """A bulletin board: publish never waits, each listener has a queue of its own."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[Event]] = set()

    def publish(self, event: Event) -> None:
        """Hand `event` to everybody listening now."""
        for queue in self._listeners:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(event)

    @contextmanager
    def listen(self) -> Iterator[asyncio.Queue[Event]]:
        """A queue of what happens from now on."""
        queue: asyncio.Queue[Event] = asyncio.Queue(BACKLOG)
        self._listeners.add(queue)
        try:
            yield queue
        finally:
            self._listeners.discard(queue)
