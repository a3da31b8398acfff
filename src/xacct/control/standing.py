"""How roles stand at one instant: their states, as wire.RoleState defines them, and what is wrong with them.

A state foretells what the next fetch meets; tests/keeper/test_states.py fetches, and compares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xacct import errors
from xacct.keeper import renewals

if TYPE_CHECKING:
    from xacct import wire
    from xacct.keeper.keeper import Keeper
    from xacct.keeper.node import Node


class Standing:
    """All roles of a keeper, now."""

    def __init__(self, keeper: Keeper) -> None:
        self.keeper = keeper
        self._used_until = renewals.used_until(keeper)
        questions = keeper.desk.questions
        self._confirmed = {role for question in questions if question.kind == "confirm" for role in question.roles}
        self._asked = {role for question in questions if question.kind == "mfa" for role in question.roles}
        self._on_the_way = {node.role.name for role in self._asked for node in keeper.line(role)}

    def state(self, node: Node) -> wire.RoleState:
        """The role's state."""
        if node.role.name in self.keeper.consents.logged_out:
            return "logged-out"
        if node.lease.alive():
            return "held"
        if self._waits(node):
            return "waiting"
        trouble = self.trouble(node)
        if trouble is not None and not isinstance(trouble, errors.MfaTooOld):
            return "failed"
        return "idle" if trouble is None and node.lease.silent() else "needs-code"

    def trouble(self, node: Node) -> errors.XacctError | None:
        """What was wrong at the last try of the role, or keeps what it hangs from from being had.

        That it takes a code is nothing wrong; why AWS wants another one is worth a sentence.
        """
        if (refused := self.keeper.refusal(node)) is not None:
            return refused
        if (own := _worth_showing(node.lease.error)) is not None or node.lease.alive():
            return own
        above = node.lease.parent
        while above is not None and not above.alive():
            error = _worth_showing(above.error)
            if error is not None and (above.just_failed() or not isinstance(error, errors.Temporary)):
                return error
            above = above.parent
        return None

    def next_renewal(self, node: Node) -> float | None:
        """When it is renewed ahead (AWS's time); None where it is not: nobody fetches it, or it takes a human."""
        lease, due = node.lease, renewals.due_at(self.keeper, node)
        return due if lease.alive() and lease.silent() and due < self._used_until[lease] else None

    def _waits(self, node: Node) -> bool:
        """Whether a human is being asked for it, or for what it hangs from, or for what hangs from it."""
        name, lease = node.role.name, node.lease
        line = {each.role.name for each in self.keeper.line(name)}
        brought = lease.flying and (name in self._on_the_way or not line.isdisjoint(self._asked))
        return name in self._confirmed or brought or (name in self._asked and not lease.silent())


def _worth_showing(error: errors.XacctError | None) -> errors.XacctError | None:
    return None if isinstance(error, errors.HumanNeeded) and not isinstance(error, errors.MfaTooOld) else error
