"""The programs of `[prompts]` that print a code: one for each device that has its own, and one for all others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xacct.desktop.prompter import Prompter

if TYPE_CHECKING:
    from xacct.desktop.parts import Parts, Run
    from xacct.prompts.prompt import Prompt


def prompter(given: Parts) -> Run | None:
    """What asks the program for all devices, and those that have their own; None where there is none for all."""
    return _asking(given, None) if given.chosen.command else None


def for_devices(given: Parts) -> Run | None:
    """What asks the devices' own programs; None where there are none, or `prompter` does."""
    if given.chosen.command or not given.chosen.devices:
        return None
    return _asking(given, frozenset(given.chosen.devices))


def _asking(given: Parts, topics: frozenset[str] | None) -> Run:
    def device(prompt: Prompt) -> str:
        """The first that has a program of its own, where several will do."""
        return next((serial for serial in prompt.serials if serial in given.chosen.devices), prompt.serial)

    def command(prompt: Prompt) -> list[str]:
        return list(given.chosen.devices.get(device(prompt), given.chosen.command))

    return Prompter(given.broker, given.events, command, dialog=False, topics=topics, device=device).run
