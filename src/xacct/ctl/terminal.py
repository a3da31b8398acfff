"""The terminal a human sits at: /dev/tty, whatever stdin and stdout are tied to."""

from __future__ import annotations

import os
import time

from xacct.ctl.render import clean, folded, paint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

_LINE: Final = 1024
_WIDE: Final = 80
_SETTLE: Final = 0.2
"""Seconds a shell may take to bring the pipeline it started us in to the foreground."""


class Terminal:
    """A terminal in line mode. Echo stays on: a code is good for one use and thirty seconds."""

    def __init__(self, input_fd: int, output_fd: int) -> None:
        self._input = input_fd
        self._output = output_fd
        self._asked = 0  # characters of what is asked, on the line where the cursor is

    def fileno(self) -> int:
        """Return the descriptor to wait on for a typed line."""
        return self._input

    @property
    def output(self) -> int:
        """The descriptor to draw on."""
        return self._output

    def line(self) -> str | None:
        """Return the line that was typed, None for Ctrl-D or a terminal that is gone."""
        try:
            raw = os.read(self._input, _LINE)
        except OSError:
            return None
        self._asked = 0  # Enter was typed
        return raw.decode("utf-8", "replace").strip() if raw else None

    def show(self, text: str, tone: str = "") -> None:
        """Print one line, in the colour of `tone`."""
        self._asked = 0
        # guard: terminal-what-attends-shows-words
        self._write(paint(folded(clean(text), self._columns()), tone, tty=True) + "\n")

    def ask(self, text: str) -> None:
        """Replace what was asked last by `text`, however many rows it took, and leave the cursor behind it."""
        above = max(0, self._asked - 1) // (self._columns() or _WIDE)
        up = f"\x1b[{above}A" if above else ""
        self._asked = len(clean(text))
        self._write(f"\r{up}\x1b[{'J' if above else 'K'}{clean(text)}")  # guard: terminal-what-asks-shows-words

    def forget(self) -> None:
        """Throw away what was typed and not read, so that it does not end up in the shell."""
        import termios  # noqa: PLC0415 - of use once something is asked

        try:
            termios.tcflush(self._input, termios.TCIFLUSH)
        except termios.error:
            return

    def _columns(self) -> int | None:
        try:
            return os.get_terminal_size(self._output).columns or None
        except OSError:
            return None

    def _write(self, text: str) -> None:
        try:
            os.write(self._output, text.encode())
        except OSError:
            return  # a terminal that went away takes its questions with it


def find() -> Terminal | None:
    """Return the human's terminal, None if there is none or we may not read it (`&`)."""
    try:
        tty = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return _standard_streams()
    if _in_foreground(tty):
        return Terminal(tty, tty)
    os.close(tty)
    return None


def name() -> str | None:
    """Return the terminal's short name, like `pts/3`, if one of the standard streams is it."""
    for descriptor in (0, 2, 1):
        try:
            return os.ttyname(descriptor).removeprefix("/dev/")
        except OSError:
            continue
    return None


def _standard_streams() -> Terminal | None:
    if not os.isatty(0):
        return None
    return Terminal(0, 2 if os.isatty(2) else 0)


def _in_foreground(tty: int) -> bool:
    """Reading from the background stops us (SIGTTIN), unseen: better to ask nobody."""
    deadline = time.monotonic() + _SETTLE
    while True:
        try:
            if os.tcgetpgrp(tty) == os.getpgrp():
                return True
        except OSError:
            return False
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
