"""How roles stand at one instant: their states, as wire.RoleState defines them, and what is wrong with them.

A state foretells what the next fetch meets; tests/credentials/test_states.py fetches, and compares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xacct import errors
from xacct.credentials import renewals

if TYPE_CHECKING:
    from xacct import wire
    from xacct.credentials.entry import Entry
    from xacct.credentials.keeper import Keeper
    from xacct.credentials.node import Node


class Standing:
    """All roles of a keeper, now."""

    def __init__(self, keeper: Keeper) -> None:
        self.keeper = keeper
        self._used_until = renewals.used_until(keeper)
        open_prompts = keeper.broker.open_prompts
        self._confirmed = {role for prompt in open_prompts if prompt.kind == "confirm" for role in prompt.roles}
        self._asked = {role for prompt in open_prompts if prompt.kind != "confirm" for role in prompt.roles}
        self._valid: dict[Entry, bool] = {}
        self._troubles: dict[str, errors.XacctError | None] = {}
        self._in_between = {node.role.name for role in self._asked for node in keeper.tree.line(role)}

    def state(self, node: Node) -> wire.RoleState:
        """The role's state."""
        if node.role.name in self.keeper.consents.logged_out:
            return "logged-out"
        if self._is_valid(node.entry):
            return "held"
        if self._waits(node):
            return "waiting"
        trouble = self.trouble(node)
        if trouble is not None and not isinstance(trouble, errors.MfaTooOld):
            return "failed"
        return "idle" if trouble is None and node.entry.refreshable_without_mfa() else "needs-code"

    def trouble(self, node: Node) -> errors.XacctError | None:
        """What was wrong at the last try of the role, or keeps what it hangs from from being had.

        That it takes a code is nothing wrong; why AWS wants another one is worth a sentence.
        """
        name = node.role.name
        if name not in self._troubles:
            self._troubles[name] = self._trouble(node)
        return self._troubles[name]

    def _trouble(self, node: Node) -> errors.XacctError | None:
        if self.keeper.refused.known and (refused := self.keeper.refusal(node)) is not None:
            return refused
        if (own := _worth_showing(node.entry.error)) is not None or self._is_valid(node.entry):
            return own
        above = node.entry.parent
        while above is not None and not self._is_valid(above):
            error = _worth_showing(above.error)
            if error is not None and (above.just_failed() or not isinstance(error, errors.Temporary)):
                return error
            above = above.parent
        return None

    def next_renewal(self, node: Node) -> float | None:
        """When it is renewed ahead (AWS's time); None where it is not: nobody fetches it, or it takes a human."""
        entry, due = node.entry, renewals.due_at(self.keeper, node)
        return due if entry.valid() and entry.refreshable_without_mfa() and due < self._until(entry) else None

    def _until(self, entry: Entry) -> float:
        return self._used_until.get(entry, float("-inf"))

    def _is_valid(self, entry: Entry) -> bool:
        """The same for each of the roles that hang from it: it reads the clock, and there may be thousands."""
        found = self._valid.get(entry)
        if found is None:
            found = self._valid[entry] = entry.valid()
        return found

    def _waits(self, node: Node) -> bool:
        """Whether a human is being asked for it, or for what it hangs from, or for what hangs from it."""
        if not (self._asked or self._confirmed):
            return False
        name, entry = node.role.name, node.entry
        line = {each.role.name for each in self.keeper.tree.line(name)}
        brought = entry.refreshing and (name in self._in_between or not line.isdisjoint(self._asked))
        return name in self._confirmed or brought or (name in self._asked and not entry.refreshable_without_mfa())


def _worth_showing(error: errors.XacctError | None) -> errors.XacctError | None:
    return None if isinstance(error, errors.HumanNeeded) and not isinstance(error, errors.MfaTooOld) else error
