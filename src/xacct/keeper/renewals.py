"""Which entries are renewed before their end, and when: what the scheduler goes by, and `status` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xacct import policy

if TYPE_CHECKING:
    from xacct.keeper.keeper import Keeper
    from xacct.keeper.lease import Lease
    from xacct.keeper.node import Node


def used_until(keeper: Keeper) -> dict[Lease, float]:
    """Until when (AWS's time) entries are renewed ahead, for whoever fetches them or what hangs from them."""
    within, late = keeper.terms.renew_within, min(keeper.clock.skew(), policy.IDLE)
    found: dict[Lease, float] = {}
    for node in keeper.nodes.values():
        lease: Lease | None = node.lease
        lifetime = min(node.lease.lifetime, policy.IDLE)
        until = policy.renewed_until(asked(keeper, node), lifetime, within, late)
        while lease is not None:
            found[lease] = max(until, found.get(lease, until))
            lease = lease.parent
    return found


def asked(keeper: Keeper, node: Node) -> float:
    """When somebody last wanted the role (AWS's time); long ago if it was logged out of since."""
    name = node.role.name
    use = None if name in keeper.consents.logged_out else keeper.uses.get(name)
    return float("-inf") if use is None or use.asked is None else use.asked


def due_at(keeper: Keeper, node: Node) -> float:
    """When what the role holds wants renewing (AWS's time): a last time just before it can't be without a human."""
    lease, horizon = node.lease, keeper.horizon(node.role.name)
    if horizon is None or horizon == lease.expires_at:
        return lease.renew_at
    last_chance = horizon - policy.final_renewal_lead(len(keeper.nodes))
    if (lease.issued_at or 0.0) < last_chance < lease.renew_at:
        return last_chance
    return lease.renew_at
