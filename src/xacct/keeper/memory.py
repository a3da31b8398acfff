"""What a keeper remembers, as plain values: taken from one keeper, given to the next. How they travel is state/'s.

A lease is given back only to a role that is configured just as it was, up to its source: whoever changed a role while
no daemon ran gets nothing of the old one. What has expired meanwhile is left behind.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from xacct import errors, rolekeys
from xacct.keeper.node import Use
from xacct.model import Credentials, Role, Source, StsTarget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from xacct.keeper.keeper import Keeper
    from xacct.keeper.lease import Lease
    from xacct.keeper.node import Node


T = TypeVar("T")


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
    """When a role was last wanted, last given, and last logged in to (AWS's time)."""

    asked: float | None
    served: float | None
    login: float | None


class RefusedMemory(Value, frozen=True):
    """A role that no code is spent on, as it was configured, and what AWS said."""

    name: str
    plan: str
    error: ErrorMemory


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
    refused: tuple[RefusedMemory, ...]

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
        uses={name: UseMemory(use.asked, use.served, use.login) for name, use in keeper.uses.items()},
        until=dict(keeper.until),
        refused=tuple(
            RefusedMemory(name, plan(role, keeper.nodes), ErrorMemory(error.code, error.sentence, error.hint))
            for name, (role, error) in keeper.refused.known.items()
            if name in keeper.nodes and keeper.nodes[name].role == role
        ),
    )


def nothing_but(*, locked: bool, logged_out: tuple[str, ...]) -> Memory:
    """A memory of what was taken back alone."""
    return Memory((), (), locked, (), {}, {}, {}, {}, logged_out, {}, {}, ())


def plan(role: Role, nodes: Mapping[str, Node]) -> str:
    """A digest of how a role is configured, up to its source."""
    chain = [role]
    while not isinstance(chain[-1].parent, Source):
        chain.append(nodes[chain[-1].parent].role)
    return sha256(msgspec.json.encode([_anywhere(each) for each in chain])).hexdigest()


def _anywhere(role: Role) -> dict[str, Any]:
    """How a role is configured, whichever files say so: which these are, its name among all roles tells."""
    said: dict[str, Any] = msgspec.to_builtins(role)
    del said["target"]["origins"]
    said["name"] = rolekeys.split(role.name)[0]
    if isinstance(role.parent, Source):
        del said["parent"]["files"]
        if not role.parent.key:
            del said["parent"]["key"]
    else:
        said["parent"] = rolekeys.split(role.parent)[0]
    return said


def renamed(memory: Memory, rename: Callable[[str], str], source: Callable[[Source], Source]) -> Memory:
    """The same, in a daemon whose own files are others: there the roles have other names.

    Args:
        rename: gives a role's name there. source: gives a source as it is known there.
    """

    def lessons(learned: dict[str, T]) -> dict[str, T]:
        return {rename(name): lesson for name, lesson in learned.items()}

    replace = msgspec.structs.replace
    return replace(
        memory,
        sessions=tuple(replace(session, source=source(session.source)) for session in memory.sessions),
        roles=tuple(
            replace(role, name=rename(role.name), via=rename(role.via) if role.via is not None else None)
            for role in memory.roles
        ),
        allowed=tuple((rename(name), consumer) for name, consumer in memory.allowed),
        longest=lessons(memory.longest),
        max_age=lessons(memory.max_age),
        worked_at_age=lessons(memory.worked_at_age),
        logged_out=tuple(map(rename, memory.logged_out)),
        uses=lessons(memory.uses),
        until=lessons(memory.until),
    )


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
    keys = {key: key[0].key for key in keeper.sessions}
    for session in memory.sessions:
        lease = keeper.sessions.get(place := (session.source, session.serial, session.target))
        if lease is not None and session.source.key in ("", keys[place]):
            _to_lease(keeper, lease, session.lease, same_boot=same_boot)
    for role in memory.roles:
        name = _place_of(keeper, role)
        # guard: restart-changed-role-gets-nothing
        if name is not None and plan(keeper.nodes[name].role, keeper.nodes) == role.plan:
            _to_lease(keeper, keeper.nodes[name].lease, role.lease, same_boot=same_boot)
    decided = keeper.consents.decided  # what this process was told since: it comes late
    # guard: consent-no-late-yes-after-taking-back
    keeper.guard.allowed |= {key for key in memory.allowed if key[0] in keeper.nodes and key[0] not in decided}
    for name, use in memory.uses.items():
        keeper.uses.setdefault(name, Use(use.asked, use.served, use.login))
    keeper.until = {name: until for name, until in memory.until.items() if name not in decided} | keeper.until
    if same_boot:
        keeper.desk.ledger.codes.update(memory.used_codes)  # guard: restart-used-codes-stay-used
    keeper.let_go_logged_out()
    return sum(node.lease.held is not None for node in keeper.nodes.values())


def recall_what_was_taken_back(keeper: Keeper, memory: Memory) -> None:
    """Logouts and the lock alone: they hold even where nothing else of a memory is of use any more."""
    keeper.consents.remember(memory.logged_out)  # guard: consent-kept-over-restart
    if memory.locked:  # guard: restart-locked-stays-locked
        keeper.latch.lock("as before the restart")


def _recall_lessons(keeper: Keeper, memory: Memory) -> None:
    lessons = keeper.lessons
    for refused in memory.refused:
        node = keeper.nodes.get(refused.name)
        if node is not None and plan(node.role, keeper.nodes) == refused.plan:
            keeper.refused.note(node.role, _error(refused.error))
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
    lease.restore(
        # guard: restart-what-has-expired-is-left
        memory.held if memory.held is not None and memory.held.remaining(keeper.clock.earliest()) > 0 else None,
        _or(memory.renew_at, float("inf")),
        None if memory.error is None else _error(memory.error),
    )
    if same_boot and memory.failures:
        lease.restore_backoff(
            memory.failures, _or(memory.failed_boot, float("-inf")), _or(memory.retry_boot, float("-inf"))
        )


def _or(instant: float | None, otherwise: float) -> float:
    return otherwise if instant is None else instant


def _error(memory: ErrorMemory) -> errors.XacctError:
    kind = errors.BY_CODE.get(memory.code, errors.XacctError)
    return kind(memory.sentence, memory.hint)
