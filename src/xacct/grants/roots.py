"""The processes that narrowed grants are bound to, each for as long as it lives: longer than its grant, if need be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xacct import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from collections.abc import Set as AbstractSet

    from xacct.model import ProcessMark

MOST = 1000
"""Processes at once. Each is looked at now and then, to see whether it lives."""


class Roots:
    """What is known of them.

    Args:
        lives: whether a process is there still.
    """

    def __init__(self, lives: Callable[[ProcessMark], bool]) -> None:
        self._lives = lives
        self._known: set[ProcessMark] = set()

    @property
    def known(self) -> AbstractSet[ProcessMark]:
        """All of them; some may have ended since the last look."""
        return self._known

    def living(self) -> AbstractSet[ProcessMark]:
        """Those that live, by a look at each. The others are forgotten."""
        self._known = {root for root in self._known if self._lives(root)}  # guard: bound-as-long-as-it-lives
        return self._known

    def add(self, root: ProcessMark) -> None:
        """Bind a process, for as long as it lives.

        Raises:
            BadInput: there are too many.
        """
        if len(self._known) >= MOST and len(self.living()) >= MOST:  # guard: bound-processes-have-limit
            raise errors.BadInput(f"There are {MOST} processes with a narrowed grant, and no more can be bound.", "")
        self._known.add(root)

    def take_over(self, roots: Iterable[ProcessMark]) -> None:
        """Bind those again that were bound in an earlier run."""
        self._known |= {*roots}
