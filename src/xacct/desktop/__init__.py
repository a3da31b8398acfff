"""How a human is asked and told beside terminals: a file for each prompter, and a line in this table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xacct.desktop import command, dialogs, notices, stored_seed

if TYPE_CHECKING:
    from collections.abc import Callable

    from xacct.desktop.parts import Parts, Run

PROMPTERS: dict[str, Callable[[Parts], Run | None]] = {
    "command": command.prompter,
    "device-command": command.for_devices,
    "dialog": dialogs.prompter,
    "notice": notices.prompter,
    "stored-seed": stored_seed.prompter,
}
"""By what the control API calls each (docs/control-api.md, `asks`). None: it can't be used here, or is switched off."""


def prompters(given: Parts) -> dict[str, Run]:
    """Those that can be used here."""
    found = {name: make(given) for name, make in PROMPTERS.items()}
    return {name: run for name, run in found.items() if run is not None}
