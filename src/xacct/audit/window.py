"""A minute in which what is alike is counted, and whose processes are named."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xacct.model import Caller, Grant

LENGTH = 60.0
"""Seconds in which what is alike becomes one line."""

MAX_LOOKS = 5
"""Sockets of a minute whose processes are looked for: each look takes milliseconds, for which the fetch waits. Our
choice: a command and the programs that it starts."""

MAX_NAMED = 1000
"""Processes that are remembered as those that there is a line of."""


@dataclass(slots=True)
class Window:
    """One kind of things that happen, as long as they go on.

    Attributes:
        until: the end of its minute, on the boot-time clock.
        caller: the last one's.
        looks: whether its processes are looked for.
        number: of the last of its entries that was put into the queue.
        more: how often since the last line.
        over: it ended with its grant.
    """

    until: float
    grant: Grant | None
    caller: Caller | None
    looks: bool
    number: int = 0
    more: int = 0
    over: bool = False
    _inodes: set[int] = field(default_factory=set)
    _named: set[int] = field(default_factory=set)

    def is_worth_a_look(self, caller: Caller | None) -> bool:
        """Whether this may be another process than those before: it has a socket that was not looked at."""
        if not self.looks or caller is None or not caller.inode:
            return False
        # guard: audit-names-other-processes-of-a-minute
        return caller.inode not in self._inodes and len(self._inodes) < MAX_LOOKS

    def take(self, caller: Caller | None, number: int) -> None:
        """Note that a caller is looked for, in the entry of this number."""
        self.caller, self.number = caller, number
        if caller is not None:
            self._inodes.add(caller.inode)

    def go_on(self) -> None:
        """Begin the next minute."""
        self.more, self.until = 0, self.until + LENGTH
        self._inodes.clear()

    def names(self, caller: Caller | None) -> bool:
        """Note whose line is written. For the writer's thread.

        Returns:
            Whether it is a process that there was no line of; or nobody counts here any more.
        """
        if caller is None or caller.pid is None or caller.pid in self._named:
            return self.over
        if len(self._named) >= MAX_NAMED:
            self._named.clear()
        self._named.add(caller.pid)
        return True
