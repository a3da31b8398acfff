"""Whether target accounts enforce what the owners of their roles take for granted: tried, and told by the refusals.

One try for each probe, at the pace and behind whatever somebody waits for. Nothing that a try gives is kept: it is not
even bound to a name, so no entry, snapshot or consumer can come by it; and it could do nothing (probes.DENY_ALL).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from xacct import errors, policy
from xacct.credentials import probes
from xacct.credentials.node import configured_anew, session_key
from xacct.credentials.rate_limiter import Bulk
from xacct.model import Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xacct.credentials.agent_lock import AgentLock
    from xacct.credentials.entry import Entry
    from xacct.credentials.fetchers.calls import Calls
    from xacct.credentials.node import Node
    from xacct.credentials.probes import Attempt, Probe, Verified
    from xacct.credentials.rate_limiter import Place
    from xacct.credentials.tree import Tree
    from xacct.model import Credentials


_MFA_LEFT_OUT = ("without-mfa", "without-mfa-or-external-id")


class MayAsk(Protocol):
    """Whether a human may be asked for a role (Keeper.may_ask)."""

    def __call__(self, node: Node, *, ask: bool) -> bool:
        """Not where AWS has refused it in spite of a fresh code."""


class Verification:
    """One verification of several roles.

    Args:
        names: the roles'.
        ask: whether a human may be asked to open an MFA session; once for each.
        calls: reaches STS.
        tree: has the roles, and the MFA sessions and roles that they hang from.
        agent_lock: while it is locked nothing is tried.
        may_ask: says for which roles a human may be asked.
    """

    def __init__(
        self, names: Sequence[str], *, ask: bool, calls: Calls, tree: Tree, agent_lock: AgentLock, may_ask: MayAsk
    ) -> None:
        bulk = Bulk()
        self._places = {name: bulk.place(number) for number, name in enumerate(dict.fromkeys(names), 1)}
        self._ask = ask
        self._calls = calls
        self._tree = tree
        self._agent_lock = agent_lock
        self._may_ask = may_ask
        self._keys: dict[Source, Credentials] = {}
        self._not_had: dict[Entry, errors.XacctError] = {}

    async def of(self, name: str) -> Verified:
        """What is found of one of the roles.

        Raises:
            Locked: nothing is tried now.
            UnknownRole: the configuration has it no more.
            Temporary: it is configured anew.
        """
        found: Verified = await self._agent_lock.run_unless_locked(self._of(name))  # guard: locked-nothing-is-verified
        return found

    async def _of(self, name: str) -> Verified:
        line = self._line(name)
        attempts = [await self._tried(line, probe) for probe in probes.planned(line)]
        if attempts and all(attempt.outcome == "refused" for attempt in attempts):
            attempts.append(await self._as_configured(line))  # guard: refusals-count-where-the-role-can-be-had
        self._demand_same(line)  # guard: what-is-found-is-of-role-as-it-is
        return probes.judged(attempts)

    def _demand_same(self, line: Sequence[Node]) -> None:
        name = line[0].role.name
        if [node.role for node in self._line(name)] != [node.role for node in line]:
            raise configured_anew(name)

    def _line(self, name: str) -> list[Node]:
        line = list(self._tree.line(name))
        if not line:
            raise errors.UnknownRole(f"There is no role {name!r} any more.")
        return line

    async def _as_configured(self, line: Sequence[Node]) -> Attempt:
        probe = probes.as_configured(line[0])
        return probes.Attempt(probe, "given") if line[0].entry.valid() else await self._tried(line, probe)

    async def _tried(self, line: Sequence[Node], probe: Probe) -> Attempt:
        place = self._places[line[0].role.name]
        try:
            keys = await self._start(line, probe, place)
            self._demand_same(line)  # guard: role-is-tried-where-it-is-now
            await self._try(line[0], probe, keys, place)
        except errors.XacctError as error:
            return probes.Attempt(probe, probes.refusal(error), error)
        if probe.way in _MFA_LEFT_OUT and keys.session_token:  # guard: temporary-keys-may-carry-mfa
            return probes.Attempt(probe, "unknown", _may_carry_mfa(line))
        return probes.Attempt(probe, "given")

    async def _try(self, node: Node, probe: Probe, keys: Credentials, place: Place) -> None:
        """Return where AWS gives the role; what it gives is let go of here and now.

        Raises:
            XacctError: it does not, or could not be asked.
        """
        # guard: verify-asks-for-nothing
        role = replace(node.role, policy=probes.DENY_ALL, policy_arns=(), read_only=False)
        if not probe.external_id:
            role = replace(role, external_id=None)
        path = replace(node.path, duration=policy.ROLE_DURATION_MIN)
        await self._calls.assume(role, path, keys, lambda: place)  # guard: what-verify-is-given-is-let-go

    # What tries are signed with.

    async def _start(self, line: Sequence[Node], probe: Probe, place: Place) -> Credentials:
        root, start = line[-1].role, probe.start
        if start.kind == "role":
            return await self._of_entry(line[0], _named(line, start.role).entry, place)
        if start.kind == "session":
            return await self._of_entry(line[0], self._session(line[-1]), place)
        assert isinstance(root.parent, Source)  # noqa: S101 - it is the one that starts from a source
        if root.parent not in self._keys:
            self._keys[root.parent] = await self._calls.keys(root)
        return self._keys[root.parent]

    def _session(self, root: Node) -> Entry:
        session = root.session or self._tree.sessions.get(session_key(root.role))
        if session is None:
            raise errors.HumanNeeded(
                f"{root.role.name} takes a code of its own, which would be spent on a try.",
                "It can be verified with an MFA session of that device: log in to a role that takes one.",
            )
        return session

    async def _of_entry(self, node: Node, entry: Entry, place: Place) -> Credentials:
        """What an MFA session or a role that the try starts from holds, or is given; a failure is one for all tries."""
        if entry in self._not_had:
            raise self._not_had[entry]  # guard: verify-asks-once
        try:
            with node.entry.interest(place=place), self._tree.asked_for(entry, node.role.name):
                return await entry.get(ask=self._may_ask(node, ask=self._ask), dependent=node.entry)
        except errors.XacctError as error:
            self._not_had[entry] = error
            raise


def _named(line: Sequence[Node], name: str) -> Node:
    return next(node for node in line if node.role.name == name)


def _may_carry_mfa(line: Sequence[Node]) -> errors.XacctError:
    source = line[-1].role.parent
    name = source.name if isinstance(source, Source) else source
    return errors.SourceUnusable(
        f"The keys of {name!r} are temporary and may carry an MFA of their own.",
        "Verify from a profile with a long-term access key.",
    )
