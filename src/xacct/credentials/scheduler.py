"""The one scheduler of all entries: renews ahead of expiry, warns before the end of the MFA session, notices suspends.

It never sleeps longer than LOOK, because timers stand still while a laptop sleeps, and at every look it compares
the wall clock with the boot-time clock. Renewals start one by one, those in use first, as the pace allows.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import structlog

from xacct import errors, policy
from xacct.clock import JUMP
from xacct.credentials import events as ev
from xacct.credentials import renewals

if TYPE_CHECKING:
    from collections.abc import Callable

    from xacct.credentials.entry import Entry
    from xacct.credentials.keeper import Keeper
    from xacct.credentials.node import Node

log = structlog.get_logger("xacct.credentials")

LOOK = 30.0
SOON = 0.25
"""Seconds between two looks, however much happens: many renewals must not be looked at one by one."""


class Scheduler:
    """Drives a keeper.

    Args:
        each_look: called at every look (files that may have changed, shells that have ended).
        slept: called when the machine is noticed to have been suspended, LOOK seconds awake after it at the latest.
    """

    def __init__(
        self, keeper: Keeper, each_look: Callable[[], None] = lambda: None, slept: Callable[[], None] = lambda: None
    ) -> None:
        self._keeper = keeper
        self._each_look = each_look
        self._slept = slept
        self._wake = asyncio.Event()
        self._warned: dict[Entry, tuple[float, float]] = {}
        self._asked_for: dict[Entry, float] = {}
        self._used: set[Entry] = set()
        self._boot_seen = keeper.clock.boot()
        self._loop_seen = 0.0
        keeper.events.call(ev.Changed, lambda _: self._wake.set())

    async def run(self) -> None:
        """Work until cancelled."""
        loop = asyncio.get_running_loop()
        self._loop_seen = loop.time()
        while True:
            self._wake.clear()
            delay = self._look(loop.time())
            # Not wait_for: before Python 3.12 it swallows a cancellation that coincides with the wake-up.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await self._wake.wait()
            await asyncio.sleep(SOON)

    def _look(self, loop_now: float) -> float:
        try:
            self._notice_resume(loop_now)
            self._each_look()
            return self.tick()
        except Exception as bug:  # noqa: BLE001 - one bad look must not end all renewals
            log.error("look broke", kind=type(bug).__name__)  # noqa: TRY400
            return LOOK

    def tick(self) -> float:
        """Do what is due now. Returns seconds until something will be."""
        now = self._keeper.clock.now()
        self._used = {entry for entry, until in renewals.used_until(self._keeper).items() if now < until}
        self._expire()
        for key, session in self._keeper.sessions.items():
            self._look_ahead(session, self._keeper.session_end(key), now)
        due_at = [(node, self._due_at(node, now)) for node in self._nodes()]
        due = [node for node, at in due_at if at <= now]
        ready = sorted((n for n in due if self._may_renew(n)), key=lambda n: -renewals.asked(self._keeper, n))
        startable = self._keeper.rate_limiter.available()
        for node in ready[:startable]:
            node.entry.renew(ask=False)
        if ready[startable:]:
            return SOON
        coming = min((at - now for _, at in due_at if at > now), default=LOOK)
        return max(SOON, min(LOOK, coming, self._next_retry(due)))

    def _nodes(self) -> list[Node]:
        """Roles whose entry can be renewed (an MFA session's can't) and has to be looked after, each entry once."""
        sessions = {entry for key, entry in self._keeper.sessions.items() if key[0].console is None}
        nodes = (*self._keeper.nodes.values(), *self._keeper.scoped.nodes())
        looked_after = (n for n in nodes if n.entry.holds or n.entry in self._used)
        return list({node.entry: node for node in looked_after if node.entry not in sessions}.values())

    def _due_at(self, node: Node, now: float) -> float:
        """When the entry wants renewing (AWS's time)."""
        entry = node.entry
        if not entry.holds:
            # Ran out while the laptop slept or STS was away: brought back for as long as it is of use to somebody.
            return float("inf") if isinstance(entry.error, errors.Refusal | errors.BadInput) else now
        return renewals.due_at(self._keeper, node)

    def _may_renew(self, node: Node) -> bool:
        entry = node.entry
        return entry in self._used and not entry.refreshing and not entry.resting() and entry.refreshable_without_mfa()

    def _next_retry(self, due: list[Node]) -> float:
        boot = self._keeper.clock.boot()
        waits = [
            node.entry.retry_boot - boot
            for node in due
            if node.entry.resting() and node.entry.refreshable_without_mfa()
        ]
        return min(waits, default=LOOK)

    def _expire(self) -> None:
        for key, session in self._keeper.sessions.items():
            if key[0].console is None and session.holds and not session.valid():
                roles = [n for n in self._keeper.nodes.values() if n.entry is session]
                self._ran_out(session, [node.role.name for node in roles])
        for node in self._nodes():
            entry = node.entry
            if entry.holds and not entry.valid():
                # What nobody uses lapses in silence: it is had anew at its next fetch. So does what was narrowed.
                own = entry in self._used and self._keeper.scoped.asked(entry) is None
                self._ran_out(entry, [node.role.name] if own else [])
        self._keeper.let_go_unused()

    def _ran_out(self, entry: Entry, roles: list[str]) -> None:
        entry.drop(entry.error)
        log.info("expired", node=entry.name)
        for role in roles:
            self._keeper.events.publish(ev.Expired(role))

    def _look_ahead(self, session: Entry, end: float | None, now: float) -> None:
        """Warn, and ask while there is time, before an MFA session or a sign-in ends."""
        if end is None:
            return  # a sign-in that can be renewed is, once a role of it has to be
        left = end - now
        names, uses, nodes = self._keeper.tree.session_roles(session), self._keeper.uses, self._keeper.nodes
        used = [n for n in names if n in uses and now - renewals.asked(self._keeper, nodes[n]) < policy.RECENT]
        if not used:
            return
        self._warn(session, end, left, tuple(used))
        if session.refreshable_without_mfa():
            return  # it is renewed to the last, and asked for then
        if left <= policy.ask_ahead(session.lifetime) and not session.refreshing and not session.resting():
            attended = any(map(self._keeper.broker.has_subscriber, self._keeper.topics(names[0])))
            said_no = self._asked_for.get(session) == end and isinstance(session.error, errors.HumanNeeded)
            # Who has locked is away, or wants to be left alone.
            if attended and not said_no and not self._keeper.agent_lock.locked:
                self._asked_for[session] = end
                session.renew(ask=True, wanted_for=left)

    def _warn(self, session: Entry, end: float, left: float, roles: tuple[str, ...]) -> None:
        warned_end, warned_at = self._warned.get(session, (0.0, float("inf")))
        level = min((w for w in policy.WARNINGS if left <= w), default=None)
        if level is None or (warned_end == end and warned_at <= level):
            return
        if session.expires_at == end and session.lifetime <= level:
            return  # a session that short was never further from its end
        self._warned[session] = (end, level)
        serial = self._keeper.nodes[roles[0]].role.mfa_serial or ""
        self._keeper.events.publish(ev.MfaEndsSoon(serial, left, roles))

    def _notice_resume(self, loop_now: float) -> None:
        """After a suspend the boot clock has run ahead of the loop's; after a step the wall clock is off."""
        boot = self._keeper.clock.boot()
        slept = (boot - self._boot_seen) - (loop_now - self._loop_seen)
        self._boot_seen, self._loop_seen = boot, loop_now
        if slept > JUMP:
            self._slept()
        if self._keeper.clock.stepped() or slept > JUMP:
            log.info("resumed", slept=round(slept))
            self._keeper.recheck()
