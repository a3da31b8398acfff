"""The programs of `[prompts]` that print a code: one for each device that has its own, and one for all others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xacct.desktop.program import CodeProgram
from xacct.desktop.ways import Unusable

if TYPE_CHECKING:
    from xacct.desktop.parts import Parts
    from xacct.desktop.ways import Way
    from xacct.prompts.prompt import Prompt


def way(given: Parts) -> Way | Unusable:
    """What asks the program for all devices, and those that have their own."""
    return _asking(given, None) if given.chosen.command else Unusable()


def for_devices(given: Parts) -> Way | Unusable:
    """What asks the devices' own programs, where there is none for all."""
    if given.chosen.command or not given.chosen.devices:
        return Unusable()
    return _asking(given, frozenset(given.chosen.devices))


def _asking(given: Parts, topics: frozenset[str] | None) -> Way:
    def device(prompt: Prompt) -> str:
        """The first that has a program of its own, where several will do."""
        return next((serial for serial in prompt.serials if serial in given.chosen.devices), prompt.serial)

    def command(prompt: Prompt) -> list[str]:
        return list(given.chosen.devices.get(device(prompt), given.chosen.command))

    return CodeProgram(command, topics, device)
