"""What a keeper remembers: taken from one keeper as plain values, given to the next. How they travel is state/'s.

An entry is given back only to a role that is configured just as it was, up to its source: whoever changed a role while
no daemon ran gets nothing of the old one. What has expired meanwhile is left behind.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from xacct import errors, rolekeys
from xacct.credentials.node import Use
from xacct.credentials.snapshot_values import (
    EntrySnapshot,
    ErrorSnapshot,
    RefusedSnapshot,
    RoleSnapshot,
    SessionSnapshot,
    SignInSnapshot,
    Snapshot,
    UseSnapshot,
    YesSnapshot,
)
from xacct.model import Role, Source
from xacct.prompts.approved import Key, Yes
from xacct.signin import Renewal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from xacct.credentials.entry import Entry
    from xacct.credentials.keeper import Keeper
    from xacct.credentials.node import Node


T = TypeVar("T")


# Remembering.


def export(keeper: Keeper) -> Snapshot:
    """All that the keeper would miss after a restart."""
    keys = {known: key for key, known in keeper.dynamic.named().items()}
    observed_limits = keeper.observed_limits
    return Snapshot(
        sessions=tuple(
            SessionSnapshot(*key, _of_entry(entry), _of_sign_in(keeper, key[0]))
            for key, entry in keeper.sessions.items()
        ),
        roles=tuple(
            RoleSnapshot(name, _plan(keeper, name), _of_entry(node.entry), *keys.get(name, (None, None)))
            for name, node in _owners(keeper)
            if node.entry.worth_keeping or name in keys
        ),
        locked=keeper.agent_lock.locked,
        allowed=(),
        approved=tuple(
            YesSnapshot(yes.key.role, yes.length, yes.key.consumer, yes.key.scope, yes.until, yes.used)
            for yes in keeper.approvals.approved.all
        ),
        used_codes={serial: dict(codes) for serial, codes in keeper.broker.used_codes.codes.items()},
        longest=dict(observed_limits.longest),
        max_age=dict(observed_limits.max_age),
        worked_at_age=dict(observed_limits.worked_at_age),
        logged_out=tuple(sorted(keeper.consents.logged_out)),
        uses={name: UseSnapshot(use.asked, use.served, use.login) for name, use in keeper.uses.items()},
        until=dict(keeper.until),
        refused=tuple(
            RefusedSnapshot(name, plan(role, keeper.nodes), ErrorSnapshot(error.code, error.sentence, error.hint))
            for name, (role, error) in keeper.refused.known.items()
            if name in keeper.nodes and keeper.nodes[name].role == role
        ),
    )


def _plan(keeper: Keeper, name: str) -> str:
    """The digest of a role as it is configured: made once, for the state is kept at every change."""
    if name not in keeper.tree.plans:
        keeper.tree.plans[name] = plan(keeper.nodes[name].role, keeper.nodes)
    return keeper.tree.plans[name]


def plan(role: Role, nodes: Mapping[str, Node]) -> str:
    """A digest of how a role is configured, up to its source."""
    chain = [role]
    while not isinstance(chain[-1].parent, Source):
        chain.append(nodes[chain[-1].parent].role)
    return sha256(msgspec.json.encode([_anywhere(each) for each in chain])).hexdigest()


def _anywhere(role: Role) -> dict[str, Any]:
    """How a role is configured, whichever files say so: which these are, its name among all roles tells."""
    said: dict[str, Any] = msgspec.to_builtins(role)
    del said["target"]["origins"], said["production"], said["included"]
    if not role.other_devices:
        del said["other_devices"]  # a plan that was kept before there were such is the same plan
    said["name"] = rolekeys.split(role.name)[0]
    if isinstance(role.parent, Source):
        del said["parent"]["files"]
        if not role.parent.key:
            del said["parent"]["key"]
        if role.parent.sign_in is None:
            for later in ("sign_in", "account", "permission_set"):
                del said["parent"][later]  # a plan that was kept before there were such is the same plan
        if role.parent.console is None:
            del said["parent"]["console"]
    else:
        said["parent"] = rolekeys.split(role.parent)[0]
    return said


def renamed(memory: Snapshot, rename: Callable[[str], str], source: Callable[[Source], Source]) -> Snapshot:
    """The same, in a daemon whose own files are others: there the roles have other names.

    Args:
        memory: what another daemon held.
        rename: gives a role's name there.
        source: gives a source as it is known there.
    """

    def observed_limits(learned: dict[str, T]) -> dict[str, T]:
        return {rename(name): limit for name, limit in learned.items()}

    replace = msgspec.structs.replace
    return replace(
        memory,
        sessions=tuple(replace(session, source=source(session.source)) for session in memory.sessions),
        roles=tuple(
            replace(role, name=rename(role.name), via=rename(role.via) if role.via is not None else None)
            for role in memory.roles
        ),
        allowed=tuple((rename(name), consumer) for name, consumer in memory.allowed),
        approved=tuple(replace(yes, role=rename(yes.role)) for yes in memory.approved),
        longest=observed_limits(memory.longest),
        max_age=observed_limits(memory.max_age),
        worked_at_age=observed_limits(memory.worked_at_age),
        logged_out=tuple(map(rename, memory.logged_out)),
        uses=observed_limits(memory.uses),
        until=observed_limits(memory.until),
        refused=tuple(replace(refused, name=rename(refused.name)) for refused in memory.refused),
    )


def _owners(keeper: Keeper) -> Iterator[tuple[str, Node]]:
    """The roles that have an entry of their own: not their MFA session's."""
    shared = set(keeper.sessions.values())
    return ((name, node) for name, node in keeper.nodes.items() if node.entry not in shared)


def _of_entry(entry: Entry) -> EntrySnapshot:
    return EntrySnapshot(
        held=entry.held,
        renew_at=_finite(entry.renew_at),
        failures=entry.failures,
        failed_boot=_finite(entry.failed_boot),
        retry_boot=_finite(entry.retry_boot),
        error=ErrorSnapshot(entry.error.code, entry.error.sentence, entry.error.hint) if entry.error else None,
    )


def _of_sign_in(keeper: Keeper, source: Source) -> SignInSnapshot | None:
    known, renewal = keeper.sign_ins.clients, keeper.sign_ins.renewals.get(source)
    by_code, by_redirect = known.get((source, "device-code")), known.get((source, "redirect"))
    if renewal is not None:
        return SignInSnapshot(renewal.client, renewal.refresh_token, by_code, by_redirect, renewal.expires_at)
    client = by_code or by_redirect
    return None if client is None else SignInSnapshot(client, None, by_code, by_redirect)


def _finite(instant: float) -> float | None:
    """JSON has no infinity: "never" and "long ago" are None, and told apart by whose they are."""
    return instant if abs(instant) != float("inf") else None


# Recalling.


def restore(keeper: Keeper, memory: Snapshot, *, same_boot: bool) -> int:
    """Give a keeper back what another held.

    Args:
        keeper: a configured one.
        memory: what the other held.
        same_boot: whether boot-time instants of then mean anything now.

    Returns:
        How many roles hold something again.
    """
    restore_what_was_taken_back(keeper, memory)
    _restore_observed_limits(keeper, memory)
    keys = {key: key[0].key for key in keeper.sessions}
    for session in memory.sessions:
        entry = keeper.sessions.get(rank := (session.source, session.serial, session.target))
        if entry is not None and session.source.key in ("", keys[rank]):
            _to_entry(keeper, entry, session.entry, same_boot=same_boot)
            _to_sign_in(keeper, entry, session)
    others = set()
    for role in memory.roles:
        name = _place_of(keeper, role)
        # guard: restart-changed-role-gets-nothing
        if name is None or plan(keeper.nodes[name].role, keeper.nodes) != role.plan:
            others.add(role.name)
        else:
            _to_entry(keeper, keeper.nodes[name].entry, role.entry, same_boot=same_boot)
    decided = keeper.consents.decided  # what this process was told since: it comes late
    # guard: consent-no-late-yes-after-taking-back, restart-changed-role-has-no-yes
    unsaid = decided | others
    yeses = [yes for yes in _yeses(memory) if yes.key.role in keeper.nodes and yes.key.role not in unsaid]
    keeper.approvals.approved.restore(yeses, same_boot=same_boot)
    for name, use in memory.uses.items():
        keeper.uses.setdefault(name, Use(use.asked, use.served, use.login))
    for name, until in memory.until.items():
        if name not in decided:
            keeper.until.setdefault(name, until)  # the tree has the same object
    if same_boot:
        keeper.broker.used_codes.codes.update(memory.used_codes)  # guard: restart-used-codes-stay-used
    keeper.let_go_logged_out()
    return sum(node.entry.held is not None for node in keeper.nodes.values())


def _yeses(memory: Snapshot) -> list[Yes]:
    """What humans have allowed; of an older daemon's, what was for one consumer was for its grant."""
    older = [Yes(Key(*key), "logout" if key[1] is None else "grant") for key in memory.allowed]
    return older + [
        Yes(Key(yes.role, yes.consumer, yes.scope), yes.length, yes.until, yes.used) for yes in memory.approved
    ]


def restore_what_was_taken_back(keeper: Keeper, memory: Snapshot) -> None:
    """Logouts and the lock alone: they hold even where nothing else of a memory is of use any more."""
    keeper.consents.remember(memory.logged_out)  # guard: consent-kept-over-restart
    keeper.agent_lock.remember(locked=memory.locked)


def _restore_observed_limits(keeper: Keeper, memory: Snapshot) -> None:
    observed_limits = keeper.observed_limits
    for refused in memory.refused:
        node = keeper.nodes.get(refused.name)
        if node is not None and plan(node.role, keeper.nodes) == refused.plan:
            keeper.refused.note(node.role, _error(refused.error))
    observed_limits.longest.update(memory.longest)
    observed_limits.max_age.update(memory.max_age)
    observed_limits.worked_at_age.update(memory.worked_at_age)


def _place_of(keeper: Keeper, role: RoleSnapshot) -> str | None:
    """The name the role has in this keeper; None where there is no such role any more."""
    if role.arn is None or role.via is None:
        return role.name if role.name in keeper.nodes else None
    try:
        return keeper.by_arn(role.arn, role.via)
    except errors.XacctError:
        return None


def _to_entry(keeper: Keeper, entry: Entry, memory: EntrySnapshot, *, same_boot: bool) -> None:
    entry.restore(
        # guard: restart-what-has-expired-is-left
        memory.held if memory.held is not None and memory.held.remaining(keeper.clock.earliest()) > 0 else None,
        _or(memory.renew_at, float("inf")),
        None if memory.error is None else _error(memory.error),
    )
    if same_boot and memory.failures:
        entry.restore_backoff(
            memory.failures, _or(memory.failed_boot, float("-inf")), _or(memory.retry_boot, float("-inf"))
        )


def _to_sign_in(keeper: Keeper, entry: Entry, session: SessionSnapshot) -> None:
    """Go on with a sign-in, unless all that hangs from it was logged out of since it was kept."""
    if session.sign_in is None:
        return
    kept, known = session.sign_in, keeper.sign_ins
    if kept.by_code is not None:
        known.clients.setdefault((session.source, "device-code"), kept.by_code)
    if kept.by_redirect is not None:
        known.clients.setdefault((session.source, "redirect"), kept.by_redirect)
    token = kept.refresh_token
    # guard: sign-in-that-was-logged-out-of-stays-ended
    if token is not None and set(keeper.tree.session_roles(entry)) - keeper.consents.logged_out:
        known.renewals.setdefault(session.source, Renewal(kept.client, token, kept.expires_at))


def _or(instant: float | None, otherwise: float) -> float:
    return otherwise if instant is None else instant


def _error(memory: ErrorSnapshot) -> errors.XacctError:
    kind = errors.BY_CODE.get(memory.code, errors.XacctError)
    return kind(memory.sentence, memory.hint)
