"""The keeper: who may be logged in to what, and what may be asked of the tree of entries.

Which entries there are is tree.py. How credentials are had is for fetchers/, when is decided in policy.py, and who
wakes up to act is scheduler.py.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog

from xacct import errors, policy
from xacct.credentials import events as ev
from xacct.credentials.agent_lock import AgentLock
from xacct.credentials.consent import Consents, logged_out_of
from xacct.credentials.dynamic import MOST, DynamicRoles, made_of
from xacct.credentials.listings import Listings
from xacct.credentials.node import Node, Use, configured_anew, session_key, unknown
from xacct.credentials.rate_limiter import URGENT
from xacct.credentials.refused import Refused
from xacct.credentials.scoped import ScopedEntries
from xacct.credentials.tree import Tree
from xacct.credentials.user_devices import UserDevices, check_device
from xacct.credentials.verification import Verification
from xacct.model import Source, iso
from xacct.policy import Freshness, Hop
from xacct.prompts.approvals import Approvals
from xacct.prompts.broker import about_devices
from xacct.prompts.prompt import Cause

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from xacct.credentials.entry import Entry
    from xacct.credentials.fetchers.calls import Calls
    from xacct.credentials.node import SessionKey
    from xacct.credentials.rate_limiter import Place
    from xacct.model import Credentials, Role
    from xacct.policy import Path

log = structlog.get_logger("xacct.credentials")


class Keeper:
    """Holds every role's credentials.

    Attributes:
        nodes: the tree's, by the names of their roles.
        sessions: the tree's MFA sessions.
        unusable: why what the configuration names besides is no role.
        unread: why no file could be read.
        instances: what stands for the sso-sessions of the configuration: roles of no account.
        user_devices: the MFA devices of IAM users.
        listings: the accounts and permission sets of those who have signed in.
        scoped: narrower credentials, for grants with a scope.
        slugs: the names of configured roles by how the endpoint's paths call them.
        uses: when roles were last wanted.
        until: until when the MFA session of a role that was logged in to must last (AWS's time).
    """

    def __init__(self, calls: Calls, events: ev.Events) -> None:
        self.unusable: Mapping[str, errors.XacctError] = {}
        self.unread: errors.XacctError | None = None
        self.instances: Sequence[Role] = ()
        self.slugs: dict[str, str] = {}
        self.dynamic = DynamicRoles()
        self.uses: dict[str, Use] = {}
        self.agent_lock = AgentLock(events)
        self.consents = Consents()
        self.approvals = Approvals(calls.broker, calls.clock, self.changed, calls.defaults.remember)
        self.events = events
        self.broker, self.sources, self.clock = calls.broker, calls.sources, calls.clock
        self.defaults, self.rate_limiter = calls.defaults, calls.rate_limiter
        self.sign_ins, self.browsers, self.observed_limits = calls.sign_ins, calls.browsers, calls.observed_limits
        self._calls = calls
        self.refused = Refused()
        self.until: dict[str, float] = {}
        self.tree = Tree(calls=calls, refused=self.refused, until=self.until, settled=self._settled)
        self.nodes, self.sessions = self.tree.nodes, self.tree.sessions
        self.scoped = ScopedEntries(calls=calls, sessions=self.tree.mfa_sessions, settled=self._settled)
        self.user_devices = UserDevices(calls=calls, tree=self.tree, agent_lock=self.agent_lock)
        self.listings = Listings(calls=calls, tree=self.tree, agent_lock=self.agent_lock)

    # The configuration.

    def configure(
        self,
        roles: Mapping[str, Role],
        unusable: Mapping[str, errors.XacctError] | None = None,
        instances: Sequence[Role] = (),
    ) -> None:
        """Take these roles from now on. What is held for an unchanged role stays; the rest is let go.

        Args:
            roles: by name.
            unusable: why what the configuration names besides is none.
            instances: what stands for its sso-sessions.
        """
        self.unusable, self.unread, self.instances = unusable or {}, None, instances
        self.tree.lasting = {session_key(role) for role in instances}
        self.slugs = {role.slug: name for name, role in roles.items()}
        before = {name: self.nodes[name].role for name in self.approvals.roles if name in self.nodes}
        for name in self.tree.configure({**roles, **self.dynamic.roles(roles)}):
            self.approvals.forget(name, errors.UnknownRole(f"There is no role {name!r} any more."))
        for name, was in before.items():
            # guard: yes-is-to-what-the-role-was
            if name in self.nodes and policy.agreed_to(self.nodes[name].role) != policy.agreed_to(was):
                self.approvals.forget(name, configured_anew(name))
        self.scoped.tidy(self.nodes)
        self.changed()

    # Roles known by their ARN alone.

    def by_arn(self, arn: str, via: str) -> str:
        """The name of the role of an ARN, reached as the configured role `via` is; added if it is new.

        Raises:
            UnknownRole: there is no `via`.
            ConfigError: it is limited in two ways.
            Temporary: too many are being waited for at once.
        """
        now = self.clock.now()
        name = self.dynamic.find(arn, via, now)
        if name is not None:
            return name
        base = self.node(via).role
        if len(self.dynamic) >= MOST:
            self._drop_one()
        configured = {known: node.role for known, node in self.nodes.items() if known not in self.dynamic}
        name = self.dynamic.free_name(arn, via, self.nodes)
        self.tree.add(made_of(name, arn, base, configured))
        self.dynamic.add(arn, via, name, now)
        return name

    def _drop_one(self) -> None:
        """Let one go: the least recently used of those without credentials, else of those with, never one in demand."""
        names = [name for name in self.dynamic.oldest() if not self.nodes[name].entry.wanted()]
        if not names:
            raise errors.Temporary(f"{MOST} roles are being fetched by their ARN already.", "Try again in a moment.")
        self._uproot(min(names, key=lambda name: self.nodes[name].entry.valid()))

    def let_go_unused(self) -> None:
        """Let go of dynamic roles, and of narrower credentials, that nobody has asked for within IDLE."""
        self.scoped.tidy(self.nodes)
        for name in self.dynamic.unused_since(self.clock.now() - policy.IDLE):
            if not self.nodes[name].entry.refreshing:
                log.info("let go", node=name, why="unused")
                self._uproot(name)

    def _uproot(self, name: str) -> None:
        gone = errors.UnknownRole(f"{name} was let go.", "Ask for it again.")
        self.approvals.log_out(name, gone)
        self.scoped.abandon([name], lambda _: gone)
        self.tree.remove(name, gone)
        self.dynamic.forget(name)
        self.uses.pop(name, None)
        self._calls.forget(name)
        self.refused.forget(name)

    # What consumers ask.

    def node(self, name: str) -> Node:
        """The node of a role.

        Raises:
            UnknownRole: there is none.
            ConfigError: there is one, and it can't be used, or no file can be read; why.
        """
        node = self.nodes.get(name)
        if node is None:
            # guard: why-there-is-no-role-does-not-grow
            raise errors.bare(self.unusable.get(name) or self.unread or unknown(name, self.nodes))
        return node

    def use_of(self, name: str) -> Use:
        """When a role was last asked for and served, to be written to."""
        return self.uses.setdefault(name, Use())

    async def login(
        self,
        name: str,
        *,
        ask: bool,
        until: float | None = None,
        again: bool = False,
        process: str = "",
        place: Place = URGENT,
        lazy: bool = False,
        serial: str | None = None,
    ) -> None:
        """Hold a role from now on, asking for a code if that takes one. It is logged in to, and no other role is.

        Args:
            name: the role's.
            ask: whether a human may be asked.
            until: its MFA session must last at least until then; renewed early if it does not.
            again: whether a code may be spent on it though AWS has refused it.
            process: which process asks, in words.
            place: how much it is wanted, among all that STS is asked for.
            lazy: whether to have no more than what takes a human: the role itself is had at its first use.
            serial: the MFA device whose code it is to be, if it takes one; None: as configured.

        Raises:
            XacctError: it can't be had.
        """
        with self._by_device(name, serial):
            await self._login(name, ask=ask, until=until, again=again, process=process, place=place, lazy=lazy)

    @contextmanager
    def _by_device(self, name: str, serial: str | None) -> Iterator[None]:
        """Have a login's prompt ask for a code of this device alone."""
        devices = self._root(name).devices
        if serial is None or not devices:
            yield
            return
        check_device(serial, devices)
        there = self._calls.once.get(name, serial)
        if there != serial:  # guard: one-device-for-once-at-once
            raise errors.Temporary(f"A login to {name} by {there} is under way.", "Answer or end that first.")
        self.broker.forget(about_devices((serial,)))
        self._calls.once[name] = serial
        try:
            yield
        finally:
            self._calls.once.pop(name, None)

    async def _login(
        self, name: str, *, ask: bool, until: float | None, again: bool, process: str, place: Place, lazy: bool
    ) -> None:
        node = self.node(name)
        self._check_until(until)
        if again:
            for each in self.tree.line(name):
                self.refused.forget(each.role.name)
        self.caused(name, "xacctctl login", process)
        self.consents.give(name)
        above: Entry | None = node.entry
        while above is not None:
            above.try_at_once()
            above = above.parent
        self.broker.forget(about_devices(self._configured_topics(name)))
        self.approvals.ask_again(node.role)
        self.use_of(name).login = self.clock.now()
        log_in = self._log_in_lazily if lazy else self._log_in
        await self.consents.run_unless_logged_out(name, log_in(node, until, place, ask=ask))
        self.changed()

    async def _log_in_lazily(self, node: Node, until: float | None, place: Place, *, ask: bool) -> None:
        entry, session = node.entry, node.session
        await self._last_until(node, until, place, ask=ask)
        if session is not None and not (session.valid() or entry.valid() or entry.refreshable_without_mfa()):
            try:
                with entry.interest(place=place):  # the prompt must say whom it is for
                    await session.hold(ask=self.may_ask(node, ask=ask), dependent=entry)
            except errors.HumanNeeded as error:
                raise self.why_not(node, error) from None
        # guard: lazy-login-leaves-nothing-that-takes-human
        if not (entry.valid() or entry.refreshable_without_mfa()) or self.refusal(node) is not None:
            await self._log_in(node, None, place, ask=ask)

    async def _log_in(self, node: Node, until: float | None, place: Place, *, ask: bool) -> None:
        await self._last_until(node, until, place, ask=ask)
        if node.entry.freshness() is Freshness.STALE and node.entry.refreshable_without_mfa():
            await node.entry.try_to_renew(place=place)
        try:
            await node.entry.hold(ask=self.may_ask(node, ask=ask), place=place)
        except errors.HumanNeeded as error:
            raise self.why_not(node, error) from None

    def caused(self, name: str, label: str, process: str) -> None:
        """Remember who has brought it about that a human may be asked for a role."""
        self._calls.causes[name] = Cause(label, process)

    def may_ask(self, node: Node, *, ask: bool) -> bool:
        """Whether a human may be asked for the role: not where `refusal` says why."""
        return ask and self.refusal(node) is None  # guard: no-code-for-role-that-was-refused

    def refusal(self, node: Node) -> errors.XacctError | None:
        """Why no human is asked for the role: AWS has refused it, or one it hangs from, in spite of a fresh code."""
        return next(filter(None, (self.refused.of(each.role) for each in self.tree.line(node.role.name))), None)

    def why_not(self, node: Node, error: errors.XacctError) -> errors.XacctError:
        """What to say where it would take a human: why none is asked, where there is a reason, else `error`."""
        return self.refusal(node) or error

    def verification(self, names: Sequence[str], *, ask: bool) -> Verification:
        """What verifies roles; a human who has come by themselves is asked whatever was said before."""
        if ask:
            for name in names:
                self.broker.forget(about_devices(self._configured_topics(name)))
        return Verification(
            names, ask=ask, calls=self._calls, tree=self.tree, agent_lock=self.agent_lock, may_ask=self.may_ask
        )

    async def one_off(self, node: Node, path: Path, *, ask: bool) -> Credentials:
        """A role's credentials by the direct path, for CredentialService alone; not held afterwards.

        Raises:
            XacctError: they can't be had.
        """
        return await self.tree.with_code(node.role).once(path, lambda: True, human=ask)

    def logout(self, names: Iterable[str]) -> list[str]:
        """Let go of these roles; a consumer gets nothing until the next login. All of them, or none.

        Returns:
            Those that were held.

        Raises:
            UnknownRole: there is no role of one of the names; nothing was done.
        """
        nodes = [self.node(name) for name in dict.fromkeys(names)]  # guard: logout-of-all-or-none
        gone = [node.role.name for node in nodes if self._may_leave(node)]
        self.consents.take_back(node.role.name for node in nodes)
        for node in nodes:
            self.approvals.log_out(node.role.name, logged_out_of(node.role.name))
            self.until.pop(node.role.name, None)
        self.scoped.abandon([node.role.name for node in nodes], logged_out_of)
        for node in nodes:
            self._let_go(node)
        self.changed()
        return gone

    def logout_all(self) -> list[str]:
        """Let go of every role, MFA session and sign-in; of roles that a file being saved has lost just now, too."""
        gone = self.logout(list(self.nodes))
        self.consents.take_back(self.uses)  # guard: consent-logout-all-while-file-is-empty
        why = errors.HumanNeeded("You have logged out.", "xacctctl login ROLE")
        for (source, _, _), session in self.sessions.items():
            session.abandon(why)
            if source.signs_in is not None:
                self.sign_ins.forget(source)  # guard: logout-all-ends-sign-ins
        self.until.clear()
        self.changed()
        return gone

    def _may_leave(self, node: Node) -> bool:
        return node.entry.holds and node.role.name not in self.consents.logged_out

    def let_go_logged_out(self) -> None:
        """Drop what roles hold that were logged out of; what came late may have brought it."""
        for name in self.consents.logged_out & self.nodes.keys():
            self._let_go(self.nodes[name])

    def _let_go(self, node: Node) -> None:
        """Drop what a role holds that was logged out of, unless another role stands on it that was not."""
        # guard: consent-what-others-stand-on-stays
        if not any(self._stands_on(other, node.entry) for other in self.nodes.values()):
            node.entry.abandon(logged_out_of(node.role.name))

    def _stands_on(self, node: Node, entry: Entry) -> bool:
        """Whether a role that is in use, and not logged out of, is reached by this entry or is just that."""
        name = node.role.name
        if name in self.consents.logged_out or not (self._wanted(name) or self._holds_itself(node)):
            return False
        above: Entry | None = node.entry
        while above is not None and above is not entry:
            above = above.parent
        return above is entry

    def _wanted(self, name: str) -> bool:
        use = self.uses.get(name)
        return use is not None and not (use.asked is None and use.login is None)

    def _holds_itself(self, node: Node) -> bool:
        return node.entry is not node.session and (node.entry.holds or node.entry.refreshing)

    def mfa_expires_at(self, name: str) -> float | None:
        """The moment past which the role can't be renewed without a human; None where there is none."""
        session, key = self.node(name).session, self.tree.session_key(name)
        ends = [self.session_end(key)] if key is not None else []
        for each in self.tree.line(name):
            oldest = self.observed_limits.oldest_mfa(each.role)
            if each.path.hop is Hop.WITH_CODE:
                ends.append(each.entry.expires_at)
            elif oldest is not None and session is not None and session.issued_at is not None:
                ends.append(session.issued_at + oldest)
        return min((end for end in ends if end is not None), default=None)

    def session_end(self, key: SessionKey) -> float | None:
        """When an MFA session or a sign-in ends, past which it takes a human; None where that is not known."""
        session = self.sessions[key]
        if (end := self.sign_ins.ends_at(key[0])) is not None:
            return end
        return None if session.refreshable_without_mfa() else session.expires_at

    def learned(self, name: str) -> list[str]:
        """What AWS's refusals have taught about a role, in sentences."""
        node = self.node(name)
        refused = self.refusal(node)
        return [*self.observed_limits.of(node.role), *([f"learned: {refused.sentence}"] if refused else [])]

    def topic(self, name: str) -> str | None:
        """What logging in to the role may ask for: the serial of its first MFA device, or a sign-in's topic."""
        return next(iter(self.topics(name)), None)

    def topics(self, name: str) -> tuple[str, ...]:
        """The same of all devices that will do, and of the one that its login under way wants."""
        once = self._calls.once.get(name)
        return (*(() if once is None else (once,)), *self._configured_topics(name))

    def _root(self, name: str) -> Role:
        self.node(name)
        return list(self.tree.line(name))[-1].role

    def _configured_topics(self, name: str) -> tuple[str, ...]:
        root = self._root(name)
        if isinstance(root.parent, Source) and root.parent.signs_in is not None:
            return (root.parent.signs_in.topic,)
        return root.devices

    def recheck(self) -> None:
        """After a suspend or a clock step: renew what is in use at once, while the network is there."""
        for node in (*self.nodes.values(), *self.scoped.nodes()):
            if node.entry.holds:
                node.entry.renew_soon()
        self.network_changed()

    def network_changed(self) -> None:
        """Forget every back-off from temporary failures: the network is another one now."""
        for entry in self._entries():
            if isinstance(entry.error, errors.Temporary):
                entry.try_at_once()
        self.changed()

    def _check_until(self, until: float | None) -> None:
        if until is not None and until - self.clock.now() > policy.SESSION_DURATION_MAX:
            raise errors.BadInput("An MFA session lasts 36 hours at most.", "Ask for less: --for 36h")

    async def _last_until(self, node: Node, until: float | None, place: Place, *, ask: bool) -> None:
        """Have the role's MFA session last until then, if it must."""
        session = node.session
        if until is None or session is None:
            return
        name, before = node.role.name, self.until.get(node.role.name)
        self.until[name] = until
        if session.valid() and (session.expires_at or 0) >= until:
            return
        try:
            # The prompt must say whom it is for: the code that came with a login answers no other.
            with node.entry.interest(place=place):
                await session.hold_anew(ask=self.may_ask(node, ask=ask), dependent=node.entry)
        except BaseException:
            if self.until.get(name) == until:
                self._take_back_until(name, before)  # guard: login-given-up-lengthens-no-session
            raise
        self.until[name] = until  # another login of the role, that was given up, may have taken it back

    def _take_back_until(self, name: str, before: float | None) -> None:
        """Wish for no more than was wished for before."""
        if before is None:
            del self.until[name]
        else:
            self.until[name] = before

    async def close(self) -> None:
        """End every refresh, and every prompt."""
        await self.approvals.close()
        await asyncio.gather(*(entry.cancel() for entry in self._entries()))

    @property
    def quiet(self) -> bool:
        """Whether no call is under way and no prompt open: all there is to know is what is held."""
        return not self.broker.open_prompts and not any(entry.refreshing for entry in self._entries())

    def _entries(self) -> set[Entry]:
        """Every one, those of narrower credentials among them."""
        return self.tree.entries() | self.scoped.entries()

    # What is told to others.

    def changed(self) -> None:
        """What is held, or may leave, has changed."""
        self.events.publish(ev.Changed())

    def _settled(self, entry: Entry, error: errors.XacctError | None) -> None:
        for name in self._names_of(entry):
            if error is None and entry.holds:
                self.events.publish(ev.Renewed(name, entry.expires_at, self.mfa_expires_at(name)))
            elif error is not None:
                self.events.publish(ev.Failed(name, error))
        if error is None:
            log.info(
                "renewed",
                node=entry.name,
                until=iso(entry.expires_at) if entry.expires_at else "without end",
            )
            if (narrowed := self.scoped.narrowed(entry)) is not None:
                self.events.publish(narrowed)
            self._all_clear(entry)
        else:
            log.info("not renewed", node=entry.name, code=error.code, why=error.sentence)
        self.changed()

    def _names_of(self, entry: Entry) -> list[str]:
        """The roles whose credentials it holds: its own, or those that are an MFA session or a sign-in themselves."""
        node = self.nodes.get(entry.name)
        if node is not None and node.entry is entry and entry is not node.session:
            return [entry.name]
        return [name for name, node in self.nodes.items() if node.entry is entry]

    def _all_clear(self, session: Entry) -> None:
        """STS has answered: the others needn't wait for the network, nor for a younger MFA if this is one."""
        failed = [node for node in self.nodes.values() if node.entry.error is not None]  # of thousands next to none
        for node in failed:
            if isinstance(node.entry.error, errors.MfaTooOld) and node.session is session:
                node.entry.forget_failure()
            if isinstance(node.entry.error, errors.NetworkDown):
                node.entry.try_at_once()
