"""How a human is asked and told: a file for each way to ask, and a line in a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from xacct import settings
from xacct.desktop import command, dialogs, notices, notification, pinentry, stored_seed, terminal
from xacct.desktop.prompter import Prompter
from xacct.desktop.ways import Unusable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from xacct.desktop.parts import Parts, Run
    from xacct.desktop.ways import Way

MFA_PROCESS = "mfa-process"

WAYS: dict[settings.WayName, dict[str, Callable[[Parts], Way | Unusable]]] = {
    "terminal": {"terminal": terminal.way},
    "command": {"command": command.way, "device-command": command.for_devices, MFA_PROCESS: command.of_profiles},
    "pinentry": {"pinentry": pinentry.way},
    "dialog": {"dialog": dialogs.way},
    "notification": {"notification": notification.way},
}
"""By their names in `prompts.order`; below each, by what the control API calls them (docs/control-api.md, `asks`)."""

BESIDE: dict[str, Callable[[Parts], Run | None]] = {"notice": notices.teller, "stored-seed": stored_seed.answerer}
"""What asks nobody: it tells, or answers by itself. None: it can't be used here, or is switched off."""


class Humans(NamedTuple):
    """How humans are asked and told here.

    Attributes:
        asks: The ways that can be used beside terminals, and what asks nobody.
        unusable: Why ways of `prompts.order` can't be, now.
        runs: What goes on in the background.
    """

    asks: Callable[[], tuple[str, ...]]
    unusable: Callable[[], Mapping[str, str]]
    runs: Mapping[str, Run]


def humans(given: Parts) -> Humans:
    """Everything in the order of the settings, without what can't be used."""
    usable: list[dict[str, Way]] = []
    unusable: dict[str, str] = {}
    for names in given.chosen.stages:
        made = {name: make(given) for way in names for name, make in WAYS[way].items()}
        usable.append({name: way for name, way in made.items() if not isinstance(way, Unusable)})
        unusable |= {name: way.why for name, way in made.items() if isinstance(way, Unusable) and way.why}
    prompter = Prompter(given.broker, given.events, usable, settings.seconds(given.chosen.next_after), given.boot)
    beside = {name: run for name, make in BESIDE.items() if (run := make(given)) is not None}
    ways = tuple(name for at_once in usable for name in at_once if name != "terminal")

    def asks() -> tuple[str, ...]:
        return (*(name for name in ways if name != MFA_PROCESS or given.mfa_processes()), *beside)

    return Humans(asks, lambda: {**unusable, **prompter.unusable()}, {"prompter": prompter.run, **beside})
