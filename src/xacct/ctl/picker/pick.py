"""Asking somebody at a terminal which roles they want."""

from __future__ import annotations

import os

from xacct import wire
from xacct.ctl import shape, terminal
from xacct.ctl.picker import numbers, often
from xacct.ctl.picker.choice import Choice
from xacct.ctl.picker.view import frame
from xacct.ctl.screen.raw import Screen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xacct.ctl.client import Client
    from xacct.ctl.terminal import Terminal


def pick(client: Client, title: str = "Log in to", *, single: bool = False) -> list[str] | None:
    """Return the names of the roles that were picked, none where nothing was; None where there is no terminal.

    Args:
        client: the daemon's.
        title: what it is for.
        single: whether it is to be one role.
    """
    tty = terminal.find()
    if tty is None:
        return None
    answer: wire.StatusAnswer = client.call("GET", wire.STATUS, shape.status())
    rows = often.ordered(answer["roles"])
    if os.environ.get("TERM", "dumb") == "dumb":
        names = numbers.pick(tty, rows, answer["now"], title, single=single)
    else:
        names = _drawn(tty, Choice(rows, title, single=single), answer["now"])
    often.note(names)
    return names


def _drawn(tty: Terminal, choice: Choice, now: float) -> list[str]:
    with Screen(tty.fileno(), tty.output) as screen:
        while True:
            screen.draw(frame(choice, now, screen.size))
            for key in screen.wait()[0]:
                if (decided := choice.type(key)) is not None:
                    return decided
