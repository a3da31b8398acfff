"""The programs of `[prompts]` that print a code: one for each device that has its own, and one for all others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xacct.desktop.prompter import Prompter

if TYPE_CHECKING:
    from xacct.desktop.surroundings import Run, Surroundings
    from xacct.prompts.prompt import Prompt


def prompter(given: Surroundings) -> Run | None:
    """What asks them; None where there are none."""
    general, of_devices = given.chosen.command, given.chosen.devices
    if not general and not of_devices:
        return None

    def command(prompt: Prompt) -> list[str]:
        return list(of_devices.get(prompt.serial, general))

    topics = None if general else frozenset(of_devices)
    return Prompter(given.broker, given.events, command, dialog=False, topics=topics).run
