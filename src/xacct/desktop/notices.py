"""Desktop notices: an MFA session that is about to end, a role that could not be renewed, a prompt nobody sees."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from xacct import errors
from xacct.credentials.events import Failed, MfaEndsSoon
from xacct.host.child import output_of
from xacct.prompts.events import PromptOpened
from xacct.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from xacct.credentials.events import Event, Events
    from xacct.desktop.parts import Parts, Run
    from xacct.prompts.prompt import Prompt

UNANSWERED = 5.0
"""Seconds a prompt may wait before a notice says so: the terminal that shows it may be behind a window."""

_LISTS = "xacctctl accounts"
"""What asks for a sign-in for no role."""

QUIET = 300.0
"""Seconds between two notices of the same words."""


def command(env: Mapping[str, str], platform: str = sys.platform) -> Callable[[str], list[str]] | None:
    """How to show a notice here, or None where nothing can."""
    if platform == "darwin":
        script = 'on run argv\ndisplay notification (item 1 of argv) with title "xacct"\nend run'
        return lambda words: ["osascript", "-e", script, plain(words)]
    if not env.get("DBUS_SESSION_BUS_ADDRESS"):
        return None
    import shutil  # noqa: PLC0415 - late: of use on a desktop

    if shutil.which("notify-send", path=env.get("PATH")):
        # Behind the dashes nothing is an option, whatever it begins with.
        # guard: notice-words-not-markup, notice-words-not-options
        return lambda words: ["notify-send", "--app-name=xacct", "--", "xacct", plain(words)]
    return None


def teller(given: Parts) -> Run | None:
    """What shows notices; None where nothing can, or they are switched off."""
    show = command(given.env) if given.chosen.desktop else None
    if show is None:
        return None
    asked = any("notification" in names for names in given.chosen.stages)  # a prompt has its own notification then
    return Notices(given.events, show, given.boot, prompts=not asked).run


def words_of(event: Event) -> str | None:
    """What a notice says of an event; None for what needs none."""
    match event:
        case MfaEndsSoon(serial, seconds, roles):
            some = ", ".join(roles[:3]) + ("…" if len(roles) > 3 else "")  # noqa: PLR2004
            what = "MFA session" if serial else "sign-in"
            return f"The {what} of {some} ends in {seconds / 60:.0f} min. xacctctl login {roles[0]}"
        case Failed(role, error) if isinstance(error, errors.Refusal):
            return f"{role}: {error.sentence}"
        case PromptOpened(prompt):
            return _asked_by(prompt)
    return None


def _asked_by(prompt: Prompt) -> str | None:
    if prompt.kind == "confirm":
        return f"{prompt.label} asks to use {prompt.roles[0]}. xacctctl attend"
    if prompt.kind == "mfa":
        return f"An MFA code is needed for {prompt.roles[0]}. xacctctl login {prompt.roles[0]}"
    if prompt.mode == "redirect":
        return None  # a terminal has opened a browser for it, and that is where the human is
    # No code: whoever reads a notice does not know who has asked for it.
    where = "attend" if prompt.label == _LISTS else f"login {prompt.roles[0]}"
    return f"A sign-in to {prompt.whereto} is needed for {prompt.roles[0]}. xacctctl {where}"


class Notices:
    """Shows notices until cancelled.

    Args:
        boot: reads the boot-time clock.
        prompts: whether a prompt that nobody answers is told of.
    """

    def __init__(
        self, events: Events, show: Callable[[str], list[str]], boot: Callable[[], float], *, prompts: bool = True
    ) -> None:
        self._prompts = prompts
        self._events = events
        self._show = show
        self._boot = boot
        self._shown: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Work until cancelled."""
        with self._events.subscribe() as queue:
            try:
                while True:
                    task = asyncio.get_running_loop().create_task(self._tell(await queue.get()))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)
            finally:
                for task in self._tasks:
                    task.cancel()

    async def _tell(self, event: Event) -> None:
        words = words_of(event)
        if isinstance(event, PromptOpened):
            if not self._prompts:
                return
            await asyncio.sleep(UNANSWERED)
            if not event.prompt.open:
                return
        self._shown = {said: at for said, at in self._shown.items() if self._boot() < at + QUIET}
        if words is None or words in self._shown:
            return
        self._shown[words] = self._boot()
        await output_of(self._show(words))
