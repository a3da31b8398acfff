"""Programs that print a code: of a device its own in `[prompts]`, else its `mfa_process`, else the one for all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xacct.desktop.program import CodeProgram
from xacct.desktop.ways import Unusable

if TYPE_CHECKING:
    from collections.abc import Callable

    from xacct.desktop.parts import Parts
    from xacct.desktop.ways import Way
    from xacct.prompts.prompt import Prompt


def way(given: Parts) -> Way | Unusable:
    """What asks the program for all devices, and those that have their own."""
    chosen = given.chosen
    if not chosen.command:
        return Unusable()
    return _asking(given, lambda serial: serial in chosen.devices or serial not in given.mfa_processes())


def for_devices(given: Parts) -> Way | Unusable:
    """What asks the devices' own programs, where there is none for all."""
    if given.chosen.command or not given.chosen.devices:
        return Unusable()
    return _asking(given, given.chosen.devices.__contains__)


def of_profiles(given: Parts) -> Way:
    """What asks the `mfa_process` of devices, as the AWS files have it at the time."""

    def device(prompt: Prompt) -> str:
        return next((serial for serial in prompt.serials if takes(serial)), prompt.serial)

    def takes(serial: str) -> bool:
        return serial in given.mfa_processes() and serial not in given.chosen.devices

    # By a shell, as aws-vault has it run (vault/mfa.go, ProcessMfaProvider).
    return CodeProgram(
        lambda prompt: ["/bin/sh", "-c", given.mfa_processes().get(device(prompt), "false")], takes, device
    )


def _asking(given: Parts, takes: Callable[[str], bool]) -> Way:
    def device(prompt: Prompt) -> str:
        """The first that has a program of its own, where several will do."""
        return next((serial for serial in prompt.serials if serial in given.chosen.devices), prompt.serial)

    def command(prompt: Prompt) -> list[str]:
        return list(given.chosen.devices.get(device(prompt), given.chosen.command))

    return CodeProgram(command, takes, device)
