"""The keeper: a tree of leases made from the configured roles, and what may be asked of it.

How credentials are had is acquire.py's, when is decided in policy.py, and who wakes up to act is scheduler.py.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from xacct import errors, policy
from xacct.keeper import events as ev
from xacct.keeper.acquire import Acquire, Sources, Sts, Terms
from xacct.keeper.lease import Lease
from xacct.keeper.pace import Pace
from xacct.model import Role, Source
from xacct.policy import Freshness, Hop, Path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from xacct.clock import AwsClock
    from xacct.keeper.desk import Desk
    from xacct.model import Credentials

log = structlog.get_logger("xacct.keeper")

STALE_WAIT = 0.8
"""Seconds a request waits for a renewal when something unexpired is held: below every SDK's patience."""

SessionKey = tuple[str, str, str | None]
"""The kind and name of the source, and the MFA device's serial."""


@dataclass(frozen=True, slots=True)
class Node:
    """A configured role, the plan for it, and its lease (the MFA session's own, where the role is just that)."""

    role: Role
    path: Path
    lease: Lease


class Keeper:
    """Holds every role's credentials."""

    def __init__(
        self,
        *,
        sts: Sts,
        sources: Sources,
        desk: Desk,
        clock: AwsClock,
        events: ev.Events,
        terms: Terms | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self.nodes: dict[str, Node] = {}
        self.slugs: dict[str, str] = {}
        self.sessions: dict[SessionKey, Lease] = {}
        self.desk = desk
        self.clock = clock
        self.events = events
        self.terms = terms or Terms()
        self.pace = Pace(clock.boot)
        self._acquire = Acquire(sts=sts, sources=sources, desk=desk, clock=clock, terms=self.terms, pace=self.pace)
        self.on_change: Callable[[], None] = lambda: None
        self._rng = rng or random.Random()  # noqa: S311 - jitter
        self._cover_until: dict[SessionKey, float] = {}

    # The configuration.

    def configure(self, roles: Mapping[str, Role]) -> None:
        """Take these roles from now on. What is held for an unchanged role stays; the rest is let go."""
        before, self.nodes = self.nodes, {}
        for name in roles:
            self._plant(name, roles, before)
        self.slugs = {node.role.slug: name for name, node in self.nodes.items()}
        used = {_session_key(node.role) for node in self.nodes.values() if isinstance(node.role.parent, Source)}
        for key in self.sessions.keys() - used:
            self.sessions.pop(key).drop()
        self.on_change()

    def _plant(self, name: str, roles: Mapping[str, Role], before: Mapping[str, Node]) -> Node:
        if name in self.nodes:
            return self.nodes[name]
        role = roles[name]
        parent = self._parent(role, roles, before)
        kept = before.get(name)
        node = kept if kept and kept.role == role and kept.lease.parent is parent else self._new_node(role, parent)
        self.nodes[name] = node
        return node

    def _parent(self, role: Role, roles: Mapping[str, Role], before: Mapping[str, Node]) -> Lease | None:
        if not isinstance(role.parent, Source):
            return self._plant(role.parent, roles, before).lease
        if policy.path_to(role).needs_session:
            return self._session(role)
        return None

    def _new_node(self, role: Role, parent: Lease | None) -> Node:
        path = policy.path_to(role)
        if path.hop is Hop.SESSION and parent is not None:
            return Node(role, path, parent)
        lease = Lease(
            role.name,
            self.clock,
            self._rng,
            lambda lease, ask: self._acquire.role(role, lease, ask=ask),
            lambda: self._acquire.silent(role, parent),
            self._settled,
            parent,
        )
        return Node(role, path, lease)

    def _session(self, role: Role) -> Lease:
        key = _session_key(role)
        if key not in self.sessions:
            self.sessions[key] = Lease(
                f"MFA session of {key[1]}",
                self.clock,
                self._rng,
                lambda lease, ask: self._acquire.session(
                    role, lambda: self.session_roles(lease), lease.wanted, self._cover_until.get(key), ask=ask
                ),
                lambda: False,
                self._settled,
            )
        return self.sessions[key]

    # What consumers ask.

    def node(self, name: str) -> Node:
        """The node of a role.

        Raises:
            UnknownRole: there is none.
        """
        node = self.nodes.get(name)
        if node is None:
            raise errors.UnknownRole(f"There is no role {name!r}.", closest_hint(name, self.nodes))
        return node

    def ready(self, name: str) -> Credentials | None:
        """The fast path: credentials that can be served at once, else None."""
        lease = self.node(name).lease
        if lease.logged_out or lease.freshness() is not Freshness.FRESH:
            return None
        lease.last_used = self.clock.now()
        return lease.held

    async def fetch(self, name: str, *, ask: bool) -> Credentials:
        """A role's credentials for a consumer: unexpired, and not stale where a renewal was possible.

        Args:
            ask: whether a human may be asked, if it takes one.

        Raises:
            XacctError: they can't be had now; its sentence says what to do.
        """
        lease = self.node(name).lease
        if lease.logged_out:
            raise errors.HumanNeeded(f"You are logged out of {name}.", f"xacctctl login {name}")
        lease.last_used = self.clock.now()
        if lease.freshness() is Freshness.STALE and lease.silent() and not lease.just_failed():
            await asyncio.wait({lease.renew(ask=False)}, timeout=STALE_WAIT)
        return await lease.get(ask=ask)

    async def login(self, name: str, *, ask: bool, until: float | None = None) -> Credentials:
        """Hold a role from now on, asking for a code if that takes one.

        Args:
            until: its MFA session must last at least until then; renewed early if it does not.

        Raises:
            XacctError: it can't be had.
        """
        node = self.node(name)
        key = _session_key_of(node, self.nodes)
        session = self.sessions.get(key) if key else None
        for lease in filter(None, (node.lease, session)):
            lease.logged_out = False
            lease.try_at_once()
        if key and key[2]:
            self.desk.forget(key[2])
        if until is not None and key and session:
            await self._cover(key, session, until, ask=ask)
        node.lease.last_used = self.clock.now()
        if node.lease.freshness() is Freshness.STALE and node.lease.silent():
            await asyncio.wait({node.lease.renew(ask=False)})
        credentials = await node.lease.get(ask=ask)
        self.on_change()
        return credentials

    async def one_off(self, name: str, *, ask: bool, lifetime: int) -> Credentials:
        """Credentials that live `lifetime` seconds, by the direct path if it takes that; not held afterwards.

        Raises:
            XacctError: they can't be had.
        """
        node = self.node(name)
        path = policy.path_to(node.role, lifetime=lifetime)
        if path.hop is not Hop.WITH_CODE:
            return await self.login(name, ask=ask)
        return await self._acquire.with_code(node.role, path, lambda: True, ask=ask)

    def logout(self, names: Iterable[str]) -> list[str]:
        """Let go of these roles; a consumer gets nothing until the next login."""
        gone = []
        for name in names:
            node = self.node(name)
            if node.lease.held is not None:
                gone.append(node.role.name)
            node.lease.drop()
            node.lease.logged_out = True
        self.on_change()
        return gone

    def logout_all(self) -> list[str]:
        """Let go of every role and every MFA session."""
        gone = self.logout(list(self.nodes))
        for session in self.sessions.values():
            session.drop()
        return gone

    def horizon(self, name: str) -> float | None:
        """The moment past which the role can't be renewed without a human; None where there is none."""
        node = self.node(name)
        if node.path.hop is Hop.WITH_CODE:
            return node.lease.held.expires_at if node.lease.held else None
        key = _session_key_of(node, self.nodes)
        session = self.sessions.get(key) if key else None
        return session.held.expires_at if session and session.held else None

    def serial(self, name: str) -> str | None:
        """The MFA device that logging in to the role may ask for."""
        node = self.node(name)
        while not isinstance(node.role.parent, Source):
            node = self.nodes[node.role.parent]
        return node.role.mfa_serial

    def session_roles(self, session: Lease) -> tuple[str, ...]:
        """The roles that hang from an MFA session, those somebody wants first."""
        names = [name for name, node in self.nodes.items() if _hangs_from(node.lease, session)]
        wanted = [name for name in names if self.nodes[name].lease.wanted_here()]
        return tuple(wanted or names)

    def recheck(self) -> None:
        """After a suspend or a clock step: renew what is in use at once, while the network is there."""
        for node in self.nodes.values():
            if node.lease.held is not None:
                node.lease.renew_at = min(node.lease.renew_at, self.clock.now())
        self.network_changed()

    def network_changed(self) -> None:
        """Forget every back-off from temporary failures: the network is another one now."""
        for lease in [*self.sessions.values(), *(node.lease for node in self.nodes.values())]:
            if isinstance(lease.error, errors.Temporary):
                lease.try_at_once()
        self.on_change()

    async def _cover(self, key: SessionKey, session: Lease, until: float, *, ask: bool) -> None:
        seconds = until - self.clock.now()
        if seconds > policy.SESSION_DURATION_MAX:
            raise errors.BadInput("An MFA session lasts 36 hours at most.", "Ask for less: --for 36h")
        if session.held is not None and session.alive() and (session.held.expires_at or 0) >= until:
            return
        self._cover_until[key] = until
        await session.fly(ask=ask)

    async def close(self) -> None:
        """End every flight."""
        leases = {*self.sessions.values(), *(node.lease for node in self.nodes.values())}
        await asyncio.gather(*(lease.cancel() for lease in leases))

    # What is told to others.

    def _settled(self, lease: Lease, error: errors.XacctError | None) -> None:
        for name in [name for name, node in self.nodes.items() if node.lease is lease]:
            if error is None and lease.held is not None:
                self.events.publish(ev.Renewed(name, lease.held.expires_at, self.horizon(name)))
            elif error is not None:
                self.events.publish(ev.Failed(name, error))
        if error is None:
            log.info(
                "renewed",
                node=lease.name,
                seconds=round(lease.held.remaining(self.clock.now())) if lease.held else 0,
            )
            self._all_clear()
        else:
            log.info("not renewed", node=lease.name, code=error.code, why=error.sentence)
        self.on_change()

    def _all_clear(self) -> None:
        """STS has answered one of us: the others needn't wait out their back-off."""
        for node in self.nodes.values():
            if isinstance(node.lease.error, errors.NetworkDown):
                node.lease.try_at_once()


def closest_hint(name: str, names: Iterable[str]) -> str:
    """What the caller may have meant."""
    from difflib import get_close_matches  # noqa: PLC0415 - only when somebody mistypes

    close = get_close_matches(name, list(names), 1)
    return f"Did you mean {close[0]!r}?" if close else "xacctctl roles lists what there is."


def _session_key(role: Role) -> SessionKey:
    assert isinstance(role.parent, Source)  # noqa: S101
    return (role.parent.kind, role.parent.name, role.mfa_serial)


def _session_key_of(node: Node, nodes: Mapping[str, Node]) -> SessionKey | None:
    while not isinstance(node.role.parent, Source):
        node = nodes[node.role.parent]
    return _session_key(node.role) if node.path.needs_session else None


def _hangs_from(lease: Lease | None, session: Lease) -> bool:
    while lease is not None:
        if lease is session:
            return True
        lease = lease.parent
    return False
