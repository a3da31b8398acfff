"""What a keeper remembers, as plain values: taken from one keeper, given to the next. How they travel is state/'s.

A lease is given back only to a role that is configured just as it was, up to its source: whoever changed a role while
no daemon ran gets nothing of the old one. What has expired meanwhile is left behind.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from xacct import errors
from xacct.keeper.node import Use
from xacct.model import Credentials, Role, Source, StsTarget

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from xacct.keeper.keeper import Keeper
    from xacct.keeper.lease import Lease
    from xacct.keeper.node import Node


class Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a memory. Some hold secrets, so none says more than its name."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class ErrorMemory(Value, frozen=True):
    """Why the last try failed."""

    code: str
    sentence: str
    hint: str


class LeaseMemory(Value, frozen=True):
    """A lease: what it holds, when it is renewed, and how its last try went. Instants are AWS's; `*_boot` are ours."""

    held: Credentials | None
    renew_at: float | None
    failures: int
    failed_boot: float | None
    retry_boot: float | None
    error: ErrorMemory | None


class SessionMemory(Value, frozen=True):
    """An MFA session, known by its source, its device's serial and where STS is asked for it."""

    source: Source
    serial: str | None
    target: StsTarget
    lease: LeaseMemory


class RoleMemory(Value, frozen=True):
    """A role with a lease of its own. `plan`: a digest of its configuration. `arn`, `via`: of one known by its ARN."""

    name: str
    plan: str
    lease: LeaseMemory
    arn: str | None = None
    via: str | None = None


class UseMemory(Value, frozen=True):
    """When a role was last wanted, and last given (AWS's time)."""

    asked: float | None
    served: float | None


class Memory(Value, frozen=True):
    """All of it. `longest`, `max_age`, `worked_at_age` are what AWS's refusals have taught of each role, in seconds.

    `logged_out`: names of roles, whether configured now or not. `until`: how long each role was logged in for.
    """

    sessions: tuple[SessionMemory, ...]
    roles: tuple[RoleMemory, ...]
    locked: bool
    allowed: tuple[tuple[str, str | None], ...]
    used_codes: dict[str, dict[str, float]]
    longest: dict[str, int]
    max_age: dict[str, float]
    worked_at_age: dict[str, float]
    logged_out: tuple[str, ...]
    uses: dict[str, UseMemory]
    until: dict[str, float]

    @property
    def empty(self) -> bool:
        """Whether it holds no credentials."""
        leases = [*(session.lease for session in self.sessions), *(role.lease for role in self.roles)]
        return all(lease.held is None for lease in leases)


# Remembering.


def remember(keeper: Keeper) -> Memory:
    """All that the keeper would miss after a restart."""
    keys = {known: key for key, known in keeper.dynamic.named().items()}
    lessons = keeper.lessons
    return Memory(
        sessions=tuple(SessionMemory(*key, _of_lease(lease)) for key, lease in keeper.sessions.items()),
        roles=tuple(
            RoleMemory(name, plan(node.role, keeper.nodes), _of_lease(node.lease), *keys.get(name, (None, None)))
            for name, node in _owners(keeper)
        ),
        locked=keeper.latch.locked,
        allowed=tuple(keeper.guard.allowed),
        used_codes={serial: dict(codes) for serial, codes in keeper.desk.ledger.codes.items()},
        longest=dict(lessons.longest),
        max_age=dict(lessons.max_age),
        worked_at_age=dict(lessons.worked_at_age),
        logged_out=tuple(sorted(keeper.consents.logged_out)),
        uses={name: UseMemory(use.asked, use.served) for name, use in keeper.uses.items()},
        until=dict(keeper.until),
    )


def plan(role: Role, nodes: Mapping[str, Node]) -> str:
    """A digest of how a role is configured, up to its source."""
    chain = [role]
    while not isinstance(chain[-1].parent, Source):
        chain.append(nodes[chain[-1].parent].role)
    return sha256(msgspec.json.encode(chain)).hexdigest()


def _owners(keeper: Keeper) -> Iterator[tuple[str, Node]]:
    """The roles that have a lease of their own: not their MFA session's."""
    shared = set(keeper.sessions.values())
    return ((name, node) for name, node in keeper.nodes.items() if node.lease not in shared)


def _of_lease(lease: Lease) -> LeaseMemory:
    return LeaseMemory(
        held=lease.held,
        renew_at=_finite(lease.renew_at),
        failures=lease.failures,
        failed_boot=_finite(lease.failed_boot),
        retry_boot=_finite(lease.retry_boot),
        error=ErrorMemory(lease.error.code, lease.error.sentence, lease.error.hint) if lease.error else None,
    )


def _finite(instant: float) -> float | None:
    """JSON has no infinity: "never" and "long ago" are None, and told apart by whose they are."""
    return instant if abs(instant) != float("inf") else None


# Recalling.


def recall(keeper: Keeper, memory: Memory, *, same_boot: bool) -> int:
    """Give a configured keeper back what another remembered. Returns how many roles hold something again.

    Args:
        same_boot: whether boot-time instants of then mean anything now.
    """
    recall_what_was_taken_back(keeper, memory)
    _recall_lessons(keeper, memory)
    for session in memory.sessions:
        lease = keeper.sessions.get((session.source, session.serial, session.target))
        if lease is not None:
            _to_lease(keeper, lease, session.lease, same_boot=same_boot)
    for role in memory.roles:
        name = _place_of(keeper, role)
        if name is not None and plan(keeper.nodes[name].role, keeper.nodes) == role.plan:
            _to_lease(keeper, keeper.nodes[name].lease, role.lease, same_boot=same_boot)
    decided = keeper.consents.decided  # what this process was told since: it comes late
    keeper.guard.allowed |= {key for key in memory.allowed if key[0] in keeper.nodes and key[0] not in decided}
    for name, use in memory.uses.items():
        keeper.uses.setdefault(name, Use(use.asked, use.served))
    keeper.until = {name: until for name, until in memory.until.items() if name not in decided} | keeper.until
    if same_boot:
        keeper.desk.ledger.codes.update(memory.used_codes)
    keeper.let_go_logged_out()
    return sum(node.lease.held is not None for node in keeper.nodes.values())


def recall_what_was_taken_back(keeper: Keeper, memory: Memory) -> None:
    """Logouts and the lock alone: they hold even where nothing else of a memory is of use any more."""
    keeper.consents.remember(memory.logged_out)
    if memory.locked:
        keeper.latch.lock("as before the restart")


def _recall_lessons(keeper: Keeper, memory: Memory) -> None:
    lessons = keeper.lessons
    lessons.longest.update(memory.longest)
    lessons.max_age.update(memory.max_age)
    lessons.worked_at_age.update(memory.worked_at_age)


def _place_of(keeper: Keeper, role: RoleMemory) -> str | None:
    """The name the role has in this keeper; None where it has no place any more."""
    if role.arn is None or role.via is None:
        return role.name if role.name in keeper.nodes else None
    try:
        return keeper.by_arn(role.arn, role.via)
    except errors.XacctError:
        return None


def _to_lease(keeper: Keeper, lease: Lease, memory: LeaseMemory, *, same_boot: bool) -> None:
    if memory.held is not None and memory.held.remaining(keeper.clock.earliest()) > 0:
        lease.held = memory.held
        lease.renew_at = float("inf") if memory.renew_at is None else memory.renew_at
    if memory.error is not None:
        lease.error = _error(memory.error)
    if same_boot and memory.failures:
        lease.failures = memory.failures
        lease.failed_boot = float("-inf") if memory.failed_boot is None else memory.failed_boot
        lease.retry_boot = float("-inf") if memory.retry_boot is None else memory.retry_boot


def _error(memory: ErrorMemory) -> errors.XacctError:
    kind = errors.BY_CODE.get(memory.code, errors.XacctError)
    return kind(memory.sentence, memory.hint)
