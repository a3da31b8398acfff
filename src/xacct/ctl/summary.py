"""What came of a login: each role in the order in which they were named; very many in a few lines at the end."""

from __future__ import annotations

from xacct.ctl.complain import complain
from xacct.ctl.hold import refusal
from xacct.ctl.render import say, show, until
from xacct.text import listed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Final

    from xacct import wire

    Outcome = wire.HeldEvent | wire.FailedEvent

_NAMED: Final = 3
"""Roles that are named before the rest is counted."""

_LEFT: Final = 10
"""Those that are named where a login was left off: somebody wants to know which."""

_TERMINAL: Final = "Log in at a terminal, or bring a code along: --code CODE."
INSTEAD: Final[Mapping[str, str]] = {
    "nobody-to-ask": _TERMINAL,
    "login-required": _TERMINAL,
    "declined": "Nothing has changed; log in when the device is at hand.",
    "timed-out": "Have the device at hand before you try again.",
}
"""Hints for a login that was told to log in."""


class Summary:
    """Tells of each role in its turn, or of all at the end.

    Args:
        roles: in the order in which they were named.
        at_end: whether they are too many for a line each.
    """

    def __init__(self, roles: Sequence[str], *, at_end: bool) -> None:
        self._order = list(dict.fromkeys(roles))
        self._at_end = at_end
        self._known: dict[str, Outcome] = {}
        self._told: set[str] = set()

    def heard(self, event: Outcome) -> None:
        """Take what came of a role, and tell of all whose turn it is."""
        self._known[event["role"]] = event
        if self._at_end:
            return
        for role in self._order:
            if role not in self._known:
                return
            self._tell(role)

    def ended(self) -> None:
        """Tell of what was not told yet."""
        if self._at_end:
            self._sum_up()
            return
        for role in list(self._known):  # of another name than it was asked by
            self._tell(role)

    def left_off(self) -> None:
        """Say what was done and what was not, of a login that somebody has stopped."""
        if len(self._order) == 1:
            return
        if not self._at_end:
            self.ended()
        held = [role for role, event in self._known.items() if event["event"] != "failed"]
        failed = len(self._known) - len(held)
        rest = [role for role in self._order if role not in self._known]
        done = f"{len(held)} of {len(self._order)} roles held" + (f", {failed} failed" if failed else "")
        if not rest:
            say(f"{done}.")
        elif held:
            say(f"Left off: {done}; fetched at their first use: {listed(rest, _LEFT)}.")
        else:
            say(f"Left off: {done}; not asked for: {listed(rest, _LEFT)}.")

    def _tell(self, role: str) -> None:
        if role in self._told:
            return
        self._told.add(role)
        event = self._known[role]
        if event["event"] == "failed":
            _complain([event])
        else:
            show(f"{role}: {_how_long([event])}")

    def _sum_up(self) -> None:
        """Tell of all: how many are held and for how long, and who is not and why, once where the why is the same."""
        events = [self._known.pop(role) for role in self._order if role in self._known] + [*self._known.values()]
        held = [event for event in events if event["event"] != "failed"]
        if held:
            count = f"{len(held)} of {len(self._order)}" if len(held) < len(self._order) else f"{len(held)}"
            show(f"{count} roles: {_how_long(held)}")
        alike: dict[str, list[wire.FailedEvent]] = {}
        for event in events:
            if event["event"] == "failed":
                alike.setdefault(event["error"]["sentence"], []).append(event)
        for failures in alike.values():
            _complain(failures)


def _complain(failures: Sequence[wire.FailedEvent]) -> None:
    """Say why roles were not had that have one and the same why."""
    error = failures[0]["error"]
    failure = refusal(error)
    whose = listed([event["role"] for event in failures], _NAMED)
    complain(failure.sentence, failure.hint, role=whose, instead=INSTEAD.get(error["code"], ""))


def _how_long(events: Sequence[wire.HeldEvent]) -> str:
    """Return for how long roles are held, at least."""
    now = events[0]["now"]
    ends = [end for event in events if (end := event["expires_at"]) is not None]
    sessions = [end for event in events if (end := event["mfa_expires_at"]) is not None]
    said = f"held for {until(min(ends), now)}" if ends else "held, without an end"
    return f"{said}, renewed without a code for {until(min(sessions), now)}" if sessions else said
