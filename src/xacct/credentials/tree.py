"""The tree of entries: which there are for the configured roles, and what hangs from what.

What is held for an unchanged role stays where it is; what no role stands on any more is let go.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from xacct import errors, policy, rolekeys
from xacct.credentials.entry import Entry
from xacct.credentials.fetchers import BY_HOP, ConsoleLoginFetcher, MfaSession, MfaSessions, RoleWithCode, SignInFetcher
from xacct.credentials.node import Node, SessionKey, configured_anew, session_key
from xacct.model import Role, Source, StsTarget
from xacct.policy import Hop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from xacct.credentials.entry import Fetcher
    from xacct.credentials.fetchers.calls import Calls
    from xacct.credentials.refused import Refused
    from xacct.policy import Path


class Tree:
    """Nodes by the names of their roles, and the MFA sessions and sign-ins that they hang from.

    Args:
        calls: what fetchers reach AWS, sources and humans by.
        refused: what fetchers are to note refusals in.
        until: until when the MFA session of a role that was logged in to must last (AWS's time), by its name.
        settled: told of each entry's outcomes.

    Attributes:
        lasting: sign-ins that stay though no role hangs from them: the configuration has them, for lists.
    """

    def __init__(
        self,
        *,
        calls: Calls,
        refused: Refused,
        until: Mapping[str, float],
        settled: Callable[[Entry, errors.XacctError | None], None],
    ) -> None:
        self.nodes: dict[str, Node] = {}
        self.plans: dict[str, str] = {}  # digests of roles as they are configured: snapshot.py's
        self.sessions: dict[SessionKey, Entry] = {}
        self.mfa_sessions = MfaSessions()
        self._calls = calls
        self._refused = refused
        self._until = until
        self._settled = settled
        self.lasting: set[SessionKey] = set()
        self._guests: list[tuple[Entry, str]] = []
        self._seen: dict[tuple[int, str | None], tuple[StsTarget, Entry]] = {}  # only while roles are planted

    # How it grows.

    def configure(self, roles: Mapping[str, Role]) -> set[str]:
        """Have a node for each of these roles, by name, and for no other.

        Returns:
            The names of those that are gone.
        """
        before = dict(self.nodes)
        self.nodes.clear()
        replaced = self._replaced(before, roles)
        same = before
        if replaced:
            same = {name: node for name, node in before.items() if node.role.parent not in replaced}
        self._plant_all(roles, roles, same)
        self._let_go_of_lost(before)
        return before.keys() - self.nodes.keys()

    def add(self, role: Role) -> None:
        """Have a node for one role more, whose parent is there."""
        roles = {name: node.role for name, node in self.nodes.items()}
        self._plant_all([role.name], {**roles, role.name: role}, {})

    def remove(self, name: str, why: errors.XacctError) -> None:
        """Let go of a role; whoever waits for it is told `why`."""
        self.nodes.pop(name).entry.lose(why)
        self._let_go_of_lost({})

    def _replaced(self, before: Mapping[str, Node], roles: Mapping[str, Role]) -> set[Source]:
        """The sources whose access key is another by now. Sessions that were opened with the former one are let go."""
        now = {source: source.key for source in _sources(roles.values())}
        parents = _sources(node.role for node in before.values())
        # guard: what-replaced-key-has-had-is-let-go
        found = {each for each in parents if now.get(each, each.key) != each.key}
        for key in [key for key in self.sessions if key[0] in found]:
            why = f"The access key of {rolekeys.split(key[0].name)[0]!r} has been replaced."
            self.sessions.pop(key).lose(errors.SourceUnusable(why, "Try again: the new one is used."))
        return found

    def _let_go_of_lost(self, before: Mapping[str, Node]) -> None:
        """Drop what no role of the configuration stands on any more; whoever waits for it is told."""
        gone = errors.UnknownRole("The configuration has that role no more.")
        placed = {entry for node in self.nodes.values() for entry in (node.entry, node.session)}
        for name, node in before.items():
            if node.entry not in placed and node.entry is not node.session:
                why = configured_anew(name) if name in self.nodes else gone
                node.entry.lose(why)  # guard: what-configuration-loses-is-let-go
        lost = [key for key, session in self.sessions.items() if session not in placed and key not in self.lasting]
        for key in lost:
            self.sessions.pop(key).lose(gone)
            self._calls.sign_ins.forget(key[0])

    def _plant_all(self, names: Iterable[str], roles: Mapping[str, Role], before: Mapping[str, Node]) -> None:
        self._seen.clear()
        for name in names:
            self._plant(name, roles, before)
        self._seen.clear()

    def _plant(self, name: str, roles: Mapping[str, Role], before: Mapping[str, Node]) -> Node:
        if name in self.nodes:
            return self.nodes[name]
        role = roles[name]
        kept = before.get(name)
        if kept and kept.role != role:
            kept = None
        path = kept.path if kept else policy.path_to(role)  # nothing but the role decides about it
        session = self._session_of_many(role) if path.needs_session else None
        parent = session
        if not isinstance(role.parent, Source):
            above = self._plant(role.parent, roles, before)
            parent, session = above.entry, above.session
        if kept and kept.entry.parent is parent:
            entry = kept.entry
        elif (path.hop is Hop.SESSION or path.hop is Hop.CONSOLE) and session is not None:
            entry = session
        else:
            entry = self._new_entry(role, path, parent)
        self.nodes[name] = Node(role, path, entry, session)
        self.plans.pop(name, None)  # guard: digest-of-role-is-of-role-as-it-is
        return self.nodes[name]

    def _new_entry(self, role: Role, path: Path, parent: Entry | None) -> Entry:
        kind = BY_HOP[path.hop]
        fetcher = kind(role, parent, calls=self._calls, sessions=self.mfa_sessions, refused=self._refused)
        return Entry(role.name, fetcher, self._calls.clock, self._calls.rng, self._settled, parent)

    def _session_of_many(self, role: Role) -> Entry:
        """What `_session` gives. Thousands of roles may hang from one: its key is not hashed for each of them."""
        same = (id(role.parent), role.mfa_serial)
        target, session = self._seen.get(same, (None, None))
        if session is None or target != role.target:  # guard: sessions-of-many-are-of-one-sts
            session = self._session(role)
            self._seen[same] = (role.target, session)
        return session

    def _session(self, role: Role) -> Entry:
        key = session_key(role)
        known = self.sessions.get(key)
        if known is not None:
            return known

        def roles() -> tuple[str, ...]:
            return self._for_whom(role, entry)

        def root() -> Role:
            return self._root(roles()[0], role)

        def until() -> float | None:
            return self._cover_until(entry)

        fetcher: Fetcher
        if key[0].console is not None:
            name = f"sign-in to AWS as {key[0].name}"
            fetcher = ConsoleLoginFetcher(key[0], root, roles, calls=self._calls)
        elif key[0].sign_in is not None:
            name, fetcher = f"sign-in to {key[0].name}", SignInFetcher(key[0], root, roles, calls=self._calls)
        else:
            name = f"MFA session of {key[0].name}"
            fetcher = MfaSession(root, roles, until, calls=self._calls, sessions=self.mfa_sessions)
        entry: Entry = Entry(name, fetcher, self._calls.clock, self._calls.rng, self._settled)
        self.sessions[key] = entry
        return entry

    def sign_in(self, role: Role) -> Entry:
        """The sign-in of a role that need not be configured (instances.py)."""
        return self._session(role)

    @contextmanager
    def asked_for(self, session: Entry, what: str) -> Iterator[None]:
        """Have a prompt of that session say that it is for something that is no role."""
        guest = (session, what)
        self._guests.append(guest)
        try:
            yield
        finally:
            self._guests.remove(guest)

    def with_code(self, role: Role) -> RoleWithCode:
        """What fetches a role by the direct path, beside its entry."""
        return RoleWithCode(role, None, calls=self._calls, sessions=self.mfa_sessions, refused=self._refused)

    # What hangs from what.

    def line(self, name: str) -> Iterator[Node]:
        """A role and those it hangs from, up to the one that starts from a source; none where there is no such role."""
        node = self.nodes.get(name)
        while node is not None:
            yield node
            node = None if isinstance(node.role.parent, Source) else self.nodes.get(node.role.parent)

    def session_key(self, name: str) -> SessionKey | None:
        """The MFA session or sign-in that a role hangs from, by which `sessions` knows it; None where it has none."""
        line = list(self.line(name))
        return session_key(line[-1].role) if line and line[-1].path.needs_session else None

    def devices(self, session: Entry) -> tuple[str, ...]:
        """The MFA devices any of which opens a session; none where no role hangs from it."""
        roots = (self._root(name, node.role) for name, node in self.nodes.items() if node.session is session)
        return tuple(dict.fromkeys(serial for root in roots for serial in root.devices))

    def session_roles(self, session: Entry) -> tuple[str, ...]:
        """The roles that hang from an MFA session, those somebody wants first."""
        names = [name for name, node in self.nodes.items() if node.session is session]
        return tuple(self._wanted_of(session) or names)

    def _wanted_of(self, session: Entry) -> list[str]:
        """The roles that hang from it and that somebody waits for."""
        return [name for name, node in self.nodes.items() if node.session is session and node.entry.wanted_here()]

    def entries(self) -> set[Entry]:
        """Every one, roots included."""
        return {*self.sessions.values(), *(node.entry for node in self.nodes.values())}

    def keeps(self, catalogue: str) -> bool:
        """Whether roles of a catalogue (rolekeys.py) are held, or being had."""
        nodes = [node for name, node in self.nodes.items() if rolekeys.split(name)[1] == catalogue]
        entries = [entry for node in nodes for entry in (node.entry, node.session) if entry is not None]
        return any(entry.holds or entry.refreshing for entry in entries)

    def _for_whom(self, first: Role, session: Entry) -> tuple[str, ...]:
        """Whom a prompt of that session is for: never nobody, even if its roles have left the configuration."""
        guests = [what for asked, what in self._guests if asked is session]
        if guests:
            return tuple(dict.fromkeys([*self._wanted_of(session), *guests]))
        return self.session_roles(session) or (first.name,)

    def _root(self, name: str, otherwise: Role) -> Role:
        """The role at the root of a role's chain: the one that hangs from the MFA session itself."""
        return [otherwise, *(node.role for node in self.line(name))][-1]

    def _cover_until(self, session: Entry) -> float | None:
        """How long an MFA session must last for the roles that were logged in to until some hour."""
        return max((until for name, until in self._until.items() if self._hangs_from(name, session)), default=None)

    def _hangs_from(self, name: str, session: Entry) -> bool:
        return name in self.nodes and self.nodes[name].session is session


def _sources(roles: Iterable[Role]) -> list[Source]:
    """The sources of these roles. Thousands may have few: each object is looked at once, for a hash takes its time."""
    return list({id(role.parent): role.parent for role in roles if isinstance(role.parent, Source)}.values())
