"""Entries of narrower credentials: one for each role, scope and end, a child of the role's own entry.

None is kept over a restart: what a grant says is, and its credentials are had anew. An entry is of a role as it is
configured now, with what it stands on now; where that has changed there is another one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from xacct import errors, policy
from xacct.credentials import events as ev
from xacct.credentials.entry import Entry
from xacct.credentials.fetchers.scoped import Purpose, ScopedFetcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from xacct.credentials.fetchers.calls import Calls
    from xacct.credentials.fetchers.mfa_session import MfaSessions
    from xacct.credentials.node import Node
    from xacct.model import Role
    from xacct.scope import Scope

MOST = 1000
"""Entries at once: as many as there are grants at most."""

Key = tuple[str, str, float | None]
"""The role's name, the scope's id, and the grant's end."""


@dataclass(slots=True)
class _Scoped:
    node: Node  # the role's, with the narrower entry
    fetcher: ScopedFetcher
    stands_on: Entry
    asked: float


class ScopedEntries:
    """All of them.

    Args:
        calls: what fetchers reach AWS by.
        sessions: the MFA sessions.
        settled: told of each entry's outcomes.
    """

    def __init__(
        self, *, calls: Calls, sessions: MfaSessions, settled: Callable[[Entry, errors.XacctError | None], None]
    ) -> None:
        self._calls = calls
        self._sessions = sessions
        self._settled = settled
        self._known: dict[Key, _Scoped] = {}
        self._by_entry: dict[Entry, Key] = {}

    def of(self, node: Node, scope: Scope, until: float | None, grant: str) -> Node:
        """The role with the entry of its narrower credentials.

        Args:
            node: the role, with its own entry.
            scope: what they are narrowed to.
            until: when they end at the latest (AWS's time).
            grant: the id of the grant that wants them, for CloudTrail; the first one's stays.
        """
        now = self._calls.clock.now()
        key = node.role.name, scope.id, until
        known = self._known.get(key)
        # guard: scoped-entry-is-of-role-as-it-is
        if known is None or known.stands_on is not node.entry or not _same(known.node.role, node.role):
            self._let_go([key], _changed(node.role.name))
            self._make_room()
            purpose = Purpose(scope, until, grant)
            known = self._known[key] = self._new(node, purpose, now)
            self._by_entry[known.node.entry] = key
        known.asked = now
        return known.node

    def _new(self, node: Node, purpose: Purpose, now: float) -> _Scoped:
        fetcher = ScopedFetcher(node, purpose, calls=self._calls, sessions=self._sessions)
        name = f"{node.role.name}, scope {purpose.scope.id}"
        entry = Entry(name, fetcher, self._calls.clock, self._calls.rng, self._settled, node.entry)
        return _Scoped(replace(node, entry=entry), fetcher, node.entry, now)

    def asked(self, entry: Entry) -> float | None:
        """When one of these entries was last wanted (AWS's time); None: it is none of these."""
        key = self._by_entry.get(entry)
        return None if key is None else self._known[key].asked

    def narrowed(self, entry: Entry) -> ev.Narrowed | None:
        """What AWS has given for one of these entries; None: nothing, or it is none of these."""
        key = self._by_entry.get(entry)
        fetcher = None if key is None else self._known[key].fetcher
        if key is None or fetcher is None or fetcher.got_by is None:
            return None
        purpose = fetcher.purpose
        description = purpose.description if fetcher.got_by == "GetScopedCredentials" else ""
        return ev.Narrowed(key[0], purpose.grant, purpose.scope.id, description)

    def as_long_as_can_be(self, entry: Entry) -> bool:
        """Whether new credentials for one of these entries would end no later than what it holds."""
        return self._known[self._by_entry[entry]].fetcher.as_long_as_can_be(entry)

    def nodes(self) -> Iterator[Node]:
        """Their roles, each with its narrower entry."""
        return (each.node for each in list(self._known.values()))

    def nodes_of(self, name: str) -> Iterator[Node]:
        """Those of one role."""
        return (node for node in self.nodes() if node.role.name == name)

    def entries(self) -> set[Entry]:
        """All of them."""
        return set(self._by_entry)

    def abandon(self, names: Iterable[str], why: Callable[[str], errors.XacctError]) -> None:
        """Let go of what these roles' narrower entries hold; whoever waits is told `why`."""
        gone = set(names)
        for name in gone:
            self._let_go([key for key in self._known if key[0] == name], why(name))

    def tidy(self, nodes: dict[str, Node]) -> None:
        """Let go of entries whose end has come, that nobody has asked for lately, or whose role is another by now."""
        now = self._calls.clock.now()
        for key, each in list(self._known.items()):
            node = nodes.get(key[0])
            over = key[2] is not None and key[2] <= now
            if over or now - each.asked > policy.IDLE or node is None or node.entry is not each.stands_on:
                self._let_go([key], _changed(key[0]))

    def _make_room(self) -> None:
        if len(self._known) >= MOST:
            oldest = min(self._known, key=lambda key: self._known[key].asked)
            self._let_go([oldest], errors.Temporary("Too many narrower credentials are held.", "Try again."))

    def _let_go(self, keys: Iterable[Key], why: errors.XacctError) -> None:
        for key in keys:
            gone = self._known.pop(key, None)
            if gone is not None:
                del self._by_entry[gone.node.entry]
                gone.node.entry.lose(why)  # guard: scoped-credentials-go-with-their-role


def _same(one: Role, other: Role) -> bool:
    return one is other or one == other


def _changed(name: str) -> errors.XacctError:
    return errors.Temporary(f"{name} is another by now.", "Try again.")
