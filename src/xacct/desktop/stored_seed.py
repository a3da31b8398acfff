"""Answers the prompts of those MFA devices whose TOTP seed is in the keychain, while the agent is not locked.

A code that AWS has refused is followed by no other of the same seed: that is wrong, and three refusals would leave a
human without a prompt as well.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from xacct import errors
from xacct.prompts.events import PromptClosed, PromptOpened

if TYPE_CHECKING:
    from xacct.desktop.parts import Parts, Run
    from xacct.desktop.seeds import Seeds
    from xacct.prompts.prompt import Kind, Prompt

log = structlog.get_logger("xacct.prompts")

REST = 15.0
"""Seconds without another try after the keychain could not be asked: an SDK's retries are the same demand."""


def answerer(given: Parts) -> Run | None:
    """What answers for devices with a stored seed; None where seeds can't be stored."""
    return None if given.seeds is None else StoredSeeds(given, given.seeds).run


class StoredSeeds:
    """Answers until it is cancelled."""

    def __init__(self, given: Parts, seeds: Seeds) -> None:
        self._broker = given.broker
        self._events = given.events
        self._boot = given.boot
        self._locked = given.locked
        self._seeds = seeds
        self._resting: dict[str, float] = {}
        self._refused: dict[str, float | None] = {}
        self._sent: dict[str, int] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}

    def takes(self, topic: str, kind: Kind = "mfa") -> bool:
        """Whether it would answer for this device, just now."""
        if kind != "mfa" or (added := self._seeds.added(topic)) is None:
            return False
        if self._locked():  # guard: locked-agent-gives-no-codes
            return False
        return self._refused.get(topic) != added and self._boot() >= self._resting.get(topic, float("-inf"))

    async def run(self) -> None:
        """Answer prompts until cancelled."""
        with self._events.subscribe() as queue, self._broker.subscribe_way(self.takes):
            try:
                while True:
                    self._heed(await queue.get())
            finally:
                for task in self._asking.values():
                    task.cancel()
                await asyncio.gather(*self._asking.values(), return_exceptions=True)

    def _heed(self, event: object) -> None:
        if isinstance(event, PromptClosed) and event.prompt.id in self._asking:
            self._asking[event.prompt.id].cancel()
        elif isinstance(event, PromptOpened) and event.prompt.kind == "mfa" and event.prompt.id not in self._asking:
            serial = next((each for each in event.prompt.serials if self.takes(each)), None)
            if serial is not None:
                task = asyncio.get_running_loop().create_task(self._answer(event.prompt, serial))
                self._asking[event.prompt.id] = task
                task.add_done_callback(lambda _: self._asking.pop(event.prompt.id, None))

    async def _answer(self, prompt: Prompt, serial: str) -> None:
        if self._sent.pop(serial, 0) == prompt.attempt - 1 > 0:  # guard: refused-seed-is-not-tried-again
            self._refused[serial] = self._seeds.added(serial)
            self._broker.give_up(prompt.id, f"AWS refused the code of the stored seed of {serial}.", _again(serial))
            return
        while prompt.open and self.takes(serial):
            await asyncio.sleep(self._broker.wait_for_fresh(prompt))
            try:
                code = await self._seeds.code(serial)
                if self.takes(serial):  # it may have been locked meanwhile
                    self._broker.answer(prompt.id, code, serial)
                    self._sent[serial] = prompt.attempt
                    log.info("answered by the stored seed", serial=serial)
            except errors.CodeUsed:
                continue  # the next one, once it comes
            except errors.PromptNotOpen:
                return
            except errors.KeychainUnavailable as why:
                self._resting[serial] = self._boot() + REST
                self._broker.give_up(prompt.id, f"The stored seed of {serial} can't be read. {why.sentence}", why.hint)
                return
            else:
                return


def _again(serial: str) -> str:
    return f"If it is the wrong one: xacctctl mfa remove {serial}; then xacctctl mfa add {serial}"
