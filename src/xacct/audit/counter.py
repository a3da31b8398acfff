"""What happens often, counted: what is alike in a minute is a line at its beginning, and one more with a count."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from xacct.audit.entry import Entry
from xacct.audit.window import LENGTH, Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from xacct.clock import AwsClock
    from xacct.model import Caller, Grant

MAX_KINDS = 1000
"""Kinds of things counted at once; what is beyond is one kind, so that no client can make us remember much."""

MAX_FOLDED = 1000
"""Grants whose fetches are still told apart beyond that: as many as there can be. What is beyond has no grant."""

MAX_REFUSALS = 100
"""Kinds of refusals counted at once, apart from those: there are some thirty reasons, and many users."""

MAX_DENIALS = 5
"""Kinds of denials of one grant that are told apart, and as many of none: a program that asks for everything in a loop
writes so many lines a minute and one more, as one that fetches may. Our choice: what xacctctl's usual verbs ask for."""

_APART = frozenset({"refused", "denied"})
"""Events whose kinds are counted apart."""

FOLDED = "too many kinds"
"""What stands where kinds were too many to be told apart, in the place of a role and an outcome."""

Key = tuple[str, str | None, str | None, str, int | None]
"""Event, grant, role, outcome, user."""


class Counter:
    """Counts by kinds.

    Args:
        clock: gives entries their times (AWS's), and minutes their ends (boot-time).
        put: has an entry written; gives the number that it has among all.

    Attributes:
        known: the minutes that have begun, by their kinds.
    """

    def __init__(self, clock: AwsClock, put: Callable[[Entry], int]) -> None:
        self._clock = clock
        self._put = put
        self.known: dict[Key, Window] = {}

    def count(self, event: str, role: str | None, grant: Grant | None, caller: Caller | None, what: str) -> Window:
        """Count something in. Returns the minute that it is of; arguments as in `Entry`."""
        key = (event, grant.id if grant else None, role, what, caller.uid if caller else None)
        window = self.known.get(key)
        if window is None and self._too_many(event, grant):
            # guard: audit-folded-fetch-keeps-its-grant
            grant, role, what = self._still_told(event, grant), None, FOLDED
            key = (event, grant.id if grant else None, None, FOLDED, None)
            window = self.known.get(key)
        first, looks = window is None, event == "fetch" and what != FOLDED
        if window is None:
            window = self.known[key] = Window(self._clock.boot() + LENGTH, grant, caller, looks)
        elif not window.is_worth_a_look(caller):
            window.more += 1
            window.caller = caller
            return window
        entry = Entry(event, self._clock.now(), role, grant, caller, what, window=window, if_new=not first)
        window.take(caller, self._put(entry))
        return window

    def _too_many(self, event: str, grant: Grant | None) -> bool:
        """Whether as many kinds are counted as may be: refusals (which anybody can cause), denials, all else apart."""
        if event == "refused":
            # guard: audit-refusals-take-no-place-of-fetches
            return sum(key[0] == event for key in self.known) >= MAX_REFUSALS
        if event == "denied":
            there = [key[1] for key in self.known if key[0] == event and key[3] != FOLDED]
            # guard: audit-denials-of-a-grant-are-few
            return len(there) >= MAX_REFUSALS or there.count(grant.id if grant else None) >= MAX_DENIALS
        # guard: audit-denials-take-no-place-of-fetches
        return sum(key[0] not in _APART and key[3] != FOLDED for key in self.known) >= MAX_KINDS

    def _still_told(self, event: str, grant: Grant | None) -> Grant | None:
        """The grant, if there is room for it: its story is to have all its fetches, however many kinds there are."""
        if grant is None or (event, grant.id, None, FOLDED, None) in self.known:
            return grant
        most = MAX_REFUSALS if event == "denied" else MAX_FOLDED
        # guard: audit-denials-take-no-grant-of-fetches
        alike = (key for key in self.known if (key[0] == "denied") == (event == "denied"))
        return grant if sum(key[3] == FOLDED for key in alike) < most else None

    def until_next(self) -> float | None:
        """Seconds until a minute is over; None: there is none."""
        if not self.known:
            return None
        return max(0.0, min(window.until for window in self.known.values()) - self._clock.boot())

    def turn(self, boot: float) -> None:
        """Make a line of what was counted in each minute that is over at this instant of the boot-time clock."""
        for key, window in list(self.known.items()):
            if window.until > boot:
                continue
            if not window.more:
                del self.known[key]
                continue
            self._sum_up(key, window)
            window.go_on()

    def turn_of(self, grant: Grant) -> None:
        """Make a line of what was counted for a grant that ends: its story has it before the end."""
        for key in [key for key in self.known if key[1] == grant.id]:
            window = self.known.pop(key)
            window.over = True
            if window.more:
                self._sum_up(key, window)

    def _sum_up(self, key: Key, window: Window) -> None:
        event, _, role, what, _ = key
        self._put(Entry(event, self._clock.now(), role, window.grant, window.caller, what, window.more, summed=True))

    def count_in(self, entry: Entry) -> None:
        """Count in an entry that was looked into and said nothing new: a line at its minute's end, with all others."""
        window = entry.window
        if window is not None and any(each is window for each in self.known.values()):
            window.more += entry.count
        else:  # its minute has ended meanwhile
            self._put(replace(entry, summed=True, if_new=False, window=None))
