"""The one way out: `serve` decides whether credentials leave, for whoever asks, and hands them over.

Endpoint, EC2's metadata, containers, the control API and with it credential_process all come here. It decides in this
order: agent locked, role logged out, within the consumer's reach, allowed by a human where the role is guarded, the
role's own or narrowed to the consumer's scope, fresh or to be renewed. (Reach comes before the human's yes: nobody
should be asked about what would be refused anyway.)
Nothing else hands out what an entry holds; tests/test_architecture.py says so.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from xacct import errors, policy
from xacct.credentials.ask import Ask, no_asker, no_process
from xacct.credentials.node import configured_anew
from xacct.model import Credentials
from xacct.policy import Freshness, Hop
from xacct.prompts.approvals import Demand

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from typing import Any

    from xacct.asker import Asker
    from xacct.credentials.ask import Consumer, Waiting
    from xacct.credentials.keeper import Keeper
    from xacct.credentials.node import Node
    from xacct.policy import Path

STALE_WAIT = 0.8
"""Seconds a request waits for a renewal when something unexpired is held: below every SDK's patience."""

REFUSE_FOR = 15.0
"""Seconds a human's "no", or their silence, counts for the same consumer: an SDK's retries are the same prompt."""


class CredentialService:
    """Serves what a keeper holds.

    Attributes:
        keeper: for those who describe roles; credentials come from `serve` alone.

    Args:
        refresh: has what has changed of the configuration read, soon; called each time: keys may have been replaced.
    """

    def __init__(self, keeper: Keeper, refresh: Callable[[], None] = lambda: None) -> None:
        self.keeper = keeper
        self._refresh = refresh
        self._refused: dict[tuple[str, str], tuple[float, errors.XacctError]] = {}

    # Deciding.

    def check(self, name: str, consumer: Consumer) -> Node:
        """Go on only where this consumer may have the role now, as far as that is known without asking anybody.

        Also asked when a wait has ended: what was taken back meanwhile does not leave.

        Returns:
            The role's node.

        Raises:
            XacctError: it may not; why.
        """
        keeper = self.keeper
        keeper.agent_lock.check()  # guard: serve-locked
        node = keeper.node(name)
        keeper.consents.check(name)  # guard: serve-logged-out
        if name in keeper.dynamic:
            self._check_names_of(node, consumer)
        elif not consumer.allows(name):  # guard: serve-no-role-beyond-consumers-reach
            raise self.out_of_reach()
        return node

    def check_still(self, node: Node, consumer: Consumer) -> None:
        """As `check`, after a wait: the role must be what it was when it was asked for, and stand on the same.

        Raises:
            XacctError: it is not, or this consumer may have it no more.
        """
        now = self.check(node.role.name, consumer)
        # guard: serve-role-as-it-is-configured-now
        if now is not node and (now.entry is not node.entry or now.role != node.role):
            raise configured_anew(node.role.name)

    def _check_names_of(self, node: Node, consumer: Consumer) -> None:
        """A role known by its ARN is none of the consumer's if the ARN is not, nor if its name was logged out of."""
        keeper, arn = self.keeper, node.role.role_arn
        # guard: serve-no-arn-beyond-consumers-reach, serve-arn-by-consumers-own-way
        if arn is None or not consumer.allows_arn(arn) or keeper.dynamic.via(node.role.name) != consumer.via:
            raise self.out_of_reach()
        for other in keeper.consents.logged_out:
            # guard: serve-arn-is-no-way-around-logout
            if other in keeper.nodes and keeper.nodes[other].role.role_arn == arn:
                keeper.consents.check(other)

    def by_arn(self, arn: str, consumer: Consumer) -> str:
        """The name of the role of an ARN, for a consumer that may name it.

        Raises:
            XacctError: it may not, or that role can't be reached.
        """
        self.keeper.agent_lock.check()
        if consumer.via is None or not consumer.allows_arn(arn):
            raise self.out_of_reach()
        return self.keeper.by_arn(arn, consumer.via)

    def out_of_reach(self) -> errors.XacctError:
        """What a consumer is told that asks for what is not its own.

        Raises:
            Locked: first of all, that nothing leaves.
        """
        self.keeper.agent_lock.check()
        return errors.UnknownRole("This grant does not reach that far.", "xacctctl grants list")

    def holds(self, name: str, credentials: Credentials) -> bool:
        """Whether these are what is held for the role, and may leave."""
        node = self.keeper.nodes.get(name)
        gone = self.keeper.agent_lock.locked or name in self.keeper.consents.logged_out
        if gone or node is None:  # guard: bytes-that-cannot-be-served-are-forgotten
            return False
        # guard: bytes-of-credentials-let-go-are-forgotten
        return any(each.entry.held is credentials for each in (node, *self.keeper.scoped.nodes_of(name)))

    def narrower_held(self) -> set[tuple[str, int]]:
        """What narrower entries hold and may leave, by the role's name and the id of the object: for many looks."""
        if self.keeper.agent_lock.locked:
            return set()
        nodes = [node for node in self.keeper.scoped.nodes() if node.role.name not in self.keeper.consents.logged_out]
        return {(node.role.name, id(node.entry.held)) for node in nodes}

    # Serving.

    def serve(self, name: str, consumer: Consumer, ask: Ask) -> Credentials | Waiting:
        """A role's credentials for a consumer: at once where they are fresh, else a wait for them.

        They are unexpired, and not stale where a renewal was possible.

        Raises:
            XacctError: they can't be had, or not by this consumer; its sentence says what to do. So does the wait.
        """
        self._refresh()  # guard: replaced-key-is-noticed-by-fetches
        node = self.check(name, consumer)
        # guard: serve-guarded-roles-wait-for-yes
        if ask.lifetime is None and self._admits(node, consumer):
            held, now = self._narrowed(node, consumer).entry.held, self.keeper.clock.now()
            if held is not None and policy.freshness(held, now) is Freshness.FRESH and self._lasts(held, ask):
                return self._served(name, consumer, held, now, ask)
        self._refuse_again(name, consumer)  # guard: serve-no-counts-for-while
        return partial(self._wait, name, consumer, ask)

    async def allow(
        self,
        name: str,
        consumer: Consumer,
        process: Callable[[], str] = no_process,
        asker: Callable[[], Awaitable[Asker]] = no_asker,
    ) -> None:
        """Return once this consumer may have the role, asking a human if it is guarded.

        Args:
            name: the role's.
            consumer: who wants it.
            process: says which process asks; slow.
            asker: says more of it.

        Raises:
            XacctError: it may not, or nobody says so.
        """
        node = self.check(name, consumer)
        await self._unless_taken_back(name, self._allow(node, consumer, Ask(process=process, asker=asker)))

    def use(self, name: str, consumer: Consumer) -> None:
        """Credentials that were got ready leave now: a yes that was for once is used up by it."""
        self.keeper.approvals.used(self.keeper.node(name).role, consumer.id, _scope_of(consumer))

    async def derive(self, name: str, consumer: Consumer) -> None:
        """Have ready what a consumer with a scope is going to fetch, so that whoever makes its grant hears why not.

        Raises:
            XacctError: it can't be had.
        """
        if consumer.scope is None:
            return
        got = self.serve(name, consumer, Ask(human=False, ahead=True))  # guard: got-ready-is-no-use
        if not isinstance(got, Credentials):
            await got()

    async def _wait(self, name: str, consumer: Consumer, ask: Ask) -> Credentials:
        node = self.check(name, consumer)
        try:
            async with asyncio.timeout(ask.limit):
                got = await self._unless_taken_back(name, self._get(node, consumer, ask))
        except TimeoutError:
            raise self._remembered(name, consumer, self._too_late(name, consumer)) from None
        except errors.XacctError as error:
            raise self._remembered(name, consumer, error) from None
        self.check_still(node, consumer)
        if got.remaining(self.keeper.clock.now()) <= 0:  # guard: nothing-that-ended-on-its-way
            raise errors.Temporary(f"The credentials of {name} ended on their way.", "Try again.")
        return self._served(name, consumer, got, self.keeper.clock.now(), ask)

    def _narrowed(self, node: Node, consumer: Consumer) -> Node:
        """The role with the entry that this consumer gets: its own, or that of the consumer's scope."""
        if consumer.scope is None:
            return node
        return self.keeper.scoped.of(node, consumer.scope, consumer.expires_at, consumer.id)

    async def _unless_taken_back(self, name: str, work: Coroutine[Any, Any, Any]) -> Any:
        return await self.keeper.agent_lock.run_unless_locked(self.keeper.consents.run_unless_logged_out(name, work))

    async def _get(self, node: Node, consumer: Consumer, ask: Ask) -> Credentials:
        await self._allow(node, consumer, ask)  # guard: serve-wait-is-no-way-around-yes
        self.check_still(node, consumer)
        node = self._narrowed(node, consumer)  # guard: serve-scope-on-every-way
        entry = node.entry
        self.keeper.use_of(node.role.name).asked = self.keeper.clock.now()
        path = policy.path_to(node.role, lifetime=ask.lifetime)
        if consumer.scope is not None and ask.lifetime is not None:  # guard: serve-no-one-off-beside-scope
            raise errors.ScopeRefused("A grant with a scope gets no credentials of another lifetime.", "")
        human = self.keeper.may_ask(node, ask=ask.asks)
        if human and not entry.valid() and not entry.refreshable_without_mfa():
            self.keeper.caused(node.role.name, consumer.label, await asyncio.to_thread(ask.process))
        try:
            return await self._have(node, path, replace(ask, human=human))
        except errors.HumanNeeded as error:
            raise self.keeper.why_not(node, error) from None

    async def _have(self, node: Node, path: Path, ask: Ask) -> Credentials:
        entry, human = node.entry, ask.asks
        if ask.lifetime is not None and path.hop is Hop.WITH_CODE:
            held = await self.keeper.one_off(node, path, ask=human)
            return held if self._lasts(held, ask) else await self._lasting(node, held, ask)
        if entry.freshness() is Freshness.STALE and entry.refreshable_without_mfa() and not entry.just_failed():
            await entry.try_to_renew(within=STALE_WAIT)
        held = await entry.get(ask=human)
        return held if self._lasts(held, ask) else await self._lasting(node, held, ask)

    async def _allow(self, node: Node, consumer: Consumer, ask: Ask) -> None:
        role = node.role
        if self._admits(node, consumer):
            return
        if not ask.asks:
            raise errors.NobodyToAsk(
                f"The use of {role.name} by {consumer.label!r} has to be confirmed, and nobody may be asked.",
                "xacctctl attend, in another terminal",
            )
        asker = await ask.asker()
        if not asker.process:
            asker = replace(asker, process=await asyncio.to_thread(ask.process))
        # guard: asked-about-role-as-it-is
        if policy.agreed_to(self.keeper.node(role.name).role) != policy.agreed_to(role):
            raise configured_anew(role.name)
        words = "" if consumer.scope is None else consumer.scope.words
        demand = Demand(
            role,
            consumer.id,
            consumer.label + (f" (narrowed to: {words})" if words else ""),
            scope=_scope_of(consumer),
            words=words,
            allows=words if consumer.scope is not None else policy.allowed_by(role),
            single=ask.single,
            asker=asker,
        )
        await self.keeper.approvals.admit(demand)

    def _admits(self, node: Node, consumer: Consumer) -> bool:
        return self.keeper.approvals.admits(node.role, consumer.id, _scope_of(consumer))

    async def _lasting(self, node: Node, held: Credentials, ask: Ask) -> Credentials:
        """New credentials that last long enough.

        Raises:
            XacctError: they can't be had, or would not last either.
        """
        entry, name = node.entry, node.role.name
        if held.lifetime >= ask.lasting:  # guard: serve-no-storm-for-short-roles
            left = held.remaining(self.keeper.clock.now()) / policy.MINUTE
            too_short = f"{name} is good for {left:.0f} min more, too short for {ask.whose}."
            if entry.error is not None and entry.just_failed():  # guard: serve-no-storm-while-sts-is-away
                raise errors.bare(entry.error)
            try:
                held = await entry.refresh(ask=ask.asks)
            except errors.HumanNeeded as error:
                raise type(error)(f"{too_short} {error.sentence}", f"xacctctl login {name} --for 1h") from None
        if self._lasts(held, ask):
            return held
        raise errors.TooShortLived(
            f"{name} is good for {held.lifetime / policy.MINUTE:.0f} min at a time, too short for {ask.whose}.",
            f"Give it a longer duration, or use xacctctl env {name}, which renews it for as long as you need it.",
        )

    def _lasts(self, held: Credentials, ask: Ask) -> bool:
        # guard: serve-imds-never-under-25-minutes
        return ask.lasting <= 0 or held.remaining(self.keeper.clock.now()) >= ask.lasting

    def _served(self, name: str, consumer: Consumer, held: Credentials, now: float, ask: Ask) -> Credentials:
        # guard: serve-scope-never-the-roles-own
        if consumer.scope is not None and self.keeper.nodes[name].entry.held is held:
            raise errors.ScopeRefused(f"The credentials of {name} were not narrowed, and do not leave.", "Report it.")
        if not ask.ahead:
            self.use(name, consumer)  # guard: serve-uses-up-a-yes-for-once
        use = self.keeper.use_of(name)
        use.asked = use.served = now
        return held

    # A retry after a "no" is no new prompt.

    def _too_late(self, name: str, consumer: Consumer) -> errors.XacctError:
        kinds = {prompt.kind for prompt in self.keeper.broker.open_prompts if name in prompt.roles}
        if "confirm" in kinds or self.keeper.approvals.asks(name):
            sentence = f"Nobody confirmed the use of {name} by {consumer.label!r} in time."
            return errors.TimedOut(sentence, "xacctctl attend")
        if "mfa" in kinds:
            return errors.TimedOut(f"Nobody gave an MFA code for {name} in time.", f"xacctctl login {name}")
        if "sign-in" in kinds:
            return errors.TimedOut(f"Nobody has signed in for {name} in time.", f"xacctctl login {name}")
        return errors.Temporary(f"AWS has not answered for {name} in time.", "Try again in a moment.")

    def _remembered(self, name: str, consumer: Consumer, error: errors.XacctError) -> errors.XacctError:
        boot = self.keeper.clock.boot()
        for key in [key for key, (until, _) in self._refused.items() if until <= boot]:
            del self._refused[key]
        if isinstance(error, errors.Declined | errors.TimedOut | errors.TooManyWrongCodes):
            self._refused[consumer.id, name] = (boot + REFUSE_FOR, error)
        return errors.bare(error)  # guard: no-that-counts-for-while-holds-no-keys

    def _refuse_again(self, name: str, consumer: Consumer) -> None:
        until, error = self._refused.get((consumer.id, name), (0.0, None))
        if error is not None and self.keeper.clock.boot() < until:
            raise type(error)(error.sentence, error.hint)


def _scope_of(consumer: Consumer) -> str:
    """The id of what a consumer's credentials are narrowed to; empty: nothing."""
    return "" if consumer.scope is None else consumer.scope.id
