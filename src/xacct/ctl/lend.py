"""`attend --pinentry`: this terminal is lent to the daemon, whose pinentry asks on it."""

import os
import termios
from typing import Final
from urllib.parse import urlencode

from xacct import wire
from xacct.ctl import terminal
from xacct.ctl.client import Client
from xacct.ctl.failure import HUMAN, CtlError, HungUpError, NotRunningError, UnreachableError
from xacct.ctl.terminal import Terminal

_CTYPE: Final = ("LC_ALL", "LC_CTYPE", "LANG")
"""Where the locale of characters is looked for, in this order (POSIX, Environment Variables)."""


def query() -> str:
    """Return what says which terminal this is.

    Raises:
        CtlError: no standard stream is one, and "/dev/tty" is another for each process.
    """
    name = terminal.name()
    if name is None:
        raise CtlError(
            "Only a terminal that is the standard input or output can be lent.",
            "xacctctl attend, which asks itself",
            HUMAN,
        )
    ctype = next((value for name in _CTYPE if (value := os.environ.get(name))), "")
    words = {"attend": "1", "tty": f"/dev/{name}", "term": os.environ.get("TERM", ""), "ctype": ctype}
    return urlencode(words)


def once(client: Client, tty: Terminal, query: str) -> bool:
    """Lend it until the daemon goes; False when it isn't there."""
    try:
        stream = client.stream("GET", f"{wire.EVENTS}?{query}")
    except (NotRunningError, UnreachableError, HungUpError):
        return False
    tty.show("Attending by pinentry: it asks here when xacctd has a question (Ctrl-C ends).")
    modes = termios.tcgetattr(tty.fileno())
    try:
        for raw in stream:
            if raw.get("event") == "prompt-closed":
                _tidy(tty, modes)
                tty.show(str(raw.get("sentence", "")))
    except HungUpError:
        pass  # a daemon that was killed rather than stopped
    finally:
        stream.close()
        _tidy(tty, modes)
    return True


def _tidy(tty: Terminal, modes: list[int | list[bytes | int]]) -> None:
    """Undo what a pinentry that was ended from outside has left: no echo, say."""
    try:
        termios.tcsetattr(tty.fileno(), termios.TCSADRAIN, modes)
    except termios.error:
        return
