"""A notification that says who wants what; its action opens the dialog or, where there is none, pinentry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xacct.desktop import dialogs, pinentry
from xacct.desktop.ways import PassOn, Unusable
from xacct.host import notifications

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xacct.desktop.parts import Parts
    from xacct.desktop.ways import Asked, Way
    from xacct.prompts.prompt import Kind

_OPEN: Final = "open"
_NO: Final = "no"

ACTIONS: Final[Mapping[str, str]] = {"default": "Answer", _OPEN: "Answer…", _NO: "No"}
"""What is on its buttons; "default" is a click on the notification itself."""


class Notification:
    """Shows a notification, and asks by another way once a human chooses so.

    Args:
        env: The daemon's environment.
        then: What asks then.
    """

    def __init__(self, env: Mapping[str, str], then: Way) -> None:
        self._env = env
        self._then = then

    def takes(self, topic: str, kind: Kind) -> bool:
        """What the other way does."""
        return self._then.takes(topic, kind)

    async def ask(self, asked: Asked) -> None:
        """Show it, and wait for what a human does with it."""
        await asked.fresh()
        summary, _, body = dialogs.text(asked.prompt).partition("\n")
        try:
            chosen = await notifications.choose(self._env, summary, body, ACTIONS)
        except notifications.CannotShow as error:
            raise PassOn(str(error)) from None
        if chosen is None:
            raise PassOn  # put aside, which says neither yes nor no
        if chosen == _NO:
            asked.decline()
        else:
            await self._then.ask(asked)


def way(given: Parts) -> Way | Unusable:
    """What asks so: it takes a session bus, and a way that can be opened."""
    if not given.chosen.desktop:
        return Unusable("prompts.desktop is false")
    if not given.env.get("DBUS_SESSION_BUS_ADDRESS") and not given.env.get("XDG_RUNTIME_DIR"):
        return Unusable("there is no session bus")
    openable = [found for make in (dialogs.way, pinentry.way) if not isinstance(found := make(given), Unusable)]
    return Notification(given.env, openable[0]) if openable else Unusable("it has neither dialog nor pinentry to open")
