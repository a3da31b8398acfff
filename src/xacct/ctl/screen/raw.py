"""A terminal that shows frames and gives keys as they are pressed; whatever ends it, it is left as it was found."""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import tty

from xacct.ctl.screen.keys import Keys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType
    from typing import Any, Final, Self

_ENTER: Final = "\x1b[?1049h\x1b[?25l\x1b[?7l"
_LEAVE: Final = "\x1b[?7h\x1b[?25h\x1b[?1049l"
"""The other screen and back, so that what was above stays; without a cursor; without folding at the right edge."""

_HOME: Final = "\x1b[H"
_CLEARED: Final = "\x1b[2K"
_ESCAPE_PATIENCE: Final = 0.05
"""Seconds after which an escape is the key of that name, and no beginning of another key's."""

_NARROW, _WIDE = (20, 5), (80, 24)
"""The smallest size that is drawn for, and that which is taken where the terminal says none."""

_ENDING: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)


class Screen:
    """A terminal in raw mode, between `with` and its end.

    Args:
        input_fd: where keys come from.
        output_fd: where frames go.
    """

    def __init__(self, input_fd: int, output_fd: int) -> None:
        self._input = input_fd
        self._output = output_fd
        self._keys = Keys()
        self._before: list[Any] = []
        self._handlers: dict[int, Any] = {}
        self._wake = (-1, -1)
        self._former_wake = -1

    def __enter__(self) -> Self:
        self._before = termios.tcgetattr(self._input)
        self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        # a handler of ours would run too late, where a signal comes just before the wait for keys begins
        self._former_wake = signal.set_wakeup_fd(self._wake[1], warn_on_full_buffer=False)
        try:
            for number in _ENDING:
                self._handle(number, self._end)
            self._handle(signal.SIGWINCH, lambda _number, _frame: None)  # the wake is all
            self._handle(signal.SIGTSTP, self._suspended)
            self._begin()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()  # guard: screen-is-left-as-it-was
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._former_wake)
        ends, self._wake = self._wake, (-1, -1)
        for end in ends:
            if end >= 0:
                os.close(end)

    @property
    def size(self) -> tuple[int, int]:
        """The columns and lines there are."""
        try:
            columns, lines = os.get_terminal_size(self._output)
        except OSError:
            columns, lines = _WIDE
        return (max(_NARROW[0], columns or _WIDE[0]), max(_NARROW[1], lines or _WIDE[1]))

    def draw(self, lines: Sequence[str]) -> None:
        """Show a frame: lines of ours, which may be painted; others' words in them are clean and fit."""
        _, height = self.size
        whole = [*lines[:height], *[""] * (height - len(lines))]
        # a line is cleared before it is written: behind a full one the cursor is still on its last character
        self._write(_HOME + "\r\n".join(_CLEARED + line for line in whole))

    def wait(self, others: Sequence[Any] = (), seconds: float | None = None) -> tuple[list[str], list[Any]]:
        """Wait for keys, for one of the others to be readable, or for the size to change.

        Args:
            others: what else to look at.
            seconds: how long at most.

        Returns:
            The keys, and which of the others are readable.

        Raises:
            KeyboardInterrupt: Ctrl-C was typed.
            OSError: the terminal is gone.
        """
        seconds = _ESCAPE_PATIENCE if self._keys.unfinished else seconds
        ready, _, _ = select.select([self._input, self._wake[0], *others], [], [], seconds)
        if self._wake[0] in ready:
            os.read(self._wake[0], 512)
        keys = list(self._read() if self._input in ready else self._keys.typed(b"", more=bool(ready)))
        if "ctrl-c" in keys:
            raise KeyboardInterrupt
        if "ctrl-z" in keys:
            os.kill(0, signal.SIGTSTP)  # the whole job, as the terminal would have
        return [key for key in keys if key != "ctrl-z"], [other for other in others if other in ready]

    def _read(self) -> Iterator[str]:
        data = os.read(self._input, 4096)
        if not data:
            raise OSError("the terminal is gone")
        return self._keys.typed(data)

    def _handle(self, number: int, handler: Any) -> None:
        self._handlers[number] = signal.signal(number, handler)

    def _begin(self) -> None:
        tty.setraw(self._input, termios.TCSADRAIN)
        self._write(_ENTER)

    def _restore(self) -> None:
        try:
            self._write(_LEAVE)
            termios.tcsetattr(self._input, termios.TCSADRAIN, self._before)
        except (OSError, termios.error):
            return  # it is gone

    def _end(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        sys.exit(128 + number)

    def wake(self) -> None:
        """End a wait, from another thread say."""
        try:
            os.write(self._wake[1], b"x")
        except OSError:
            return  # there are wakes enough in it, or nobody waits any more

    def _suspended(self, _number: int, _frame: FrameType | None) -> None:
        """Give the terminal back, stop, and take it again where we go on."""
        self._restore()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, self._suspended)
        self._begin()

    def _write(self, text: str) -> None:
        data = text.encode("utf-8", "replace")
        while data:
            data = data[os.write(self._output, data) :]
