"""Which entries are renewed before their end, and when: what the scheduler goes by, and `status` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xacct import policy

if TYPE_CHECKING:
    from xacct.credentials.entry import Entry
    from xacct.credentials.keeper import Keeper
    from xacct.credentials.node import Node


def used_until(keeper: Keeper) -> dict[Entry, float]:
    """Until when (AWS's time) entries are renewed ahead, for whoever fetches them or what hangs from them.

    Those that nobody has ever wanted are not among them: of thousands of roles a few are in use.
    """
    within, late = keeper.defaults.renew_within, min(keeper.clock.skew(), policy.IDLE)
    found: dict[Entry, float] = {}
    for node in (*filter(None, map(keeper.nodes.get, keeper.uses)), *keeper.scoped.nodes()):
        entry: Entry | None = node.entry
        lifetime = min(node.entry.lifetime, policy.IDLE)
        until = policy.renewed_until(asked(keeper, node), lifetime, within, late)
        while entry is not None:
            found[entry] = max(until, found.get(entry, until))
            entry = entry.parent
    return found


def asked(keeper: Keeper, node: Node) -> float:
    """When somebody last wanted the role (AWS's time); long ago if it was logged out of since."""
    name = node.role.name
    scoped = keeper.scoped.asked(node.entry)
    if scoped is not None:
        return float("-inf") if name in keeper.consents.logged_out else scoped
    use = None if name in keeper.consents.logged_out else keeper.uses.get(name)
    return float("-inf") if use is None or use.asked is None else use.asked


def due_at(keeper: Keeper, node: Node) -> float:
    """When what the role holds wants renewing (AWS's time): a last time just before it can't be without a human."""
    entry = node.entry
    if keeper.scoped.asked(entry) is not None:
        return float("inf") if keeper.scoped.as_long_as_can_be(entry) else entry.renew_at
    mfa_expires_at = keeper.mfa_expires_at(node.role.name)
    if mfa_expires_at is None or mfa_expires_at == entry.expires_at:
        return entry.renew_at
    last_chance = mfa_expires_at - policy.final_renewal_lead(len(keeper.nodes))
    if (entry.issued_at or 0.0) < last_chance < entry.renew_at:
        return last_chance
    return entry.renew_at
