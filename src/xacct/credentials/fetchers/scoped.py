"""A role's credentials, narrowed to a grant's scope. There are narrower ones or none: what the role holds never leaves.

GetScopedCredentials changes what the role holds, whatever way that was had. An STS without the call, or one that does
not let the role make it, is asked for the role anew with the scope as its session policy, where that takes no code and
the role has no session policy of its own (of several AWS allows what any of them does). Else it is refused.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from xacct import errors, policy
from xacct.credentials.fetchers import BY_HOP
from xacct.credentials.refused import Refused
from xacct.policy import Hop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from xacct.credentials.entry import Entry, Need
    from xacct.credentials.fetchers.calls import Calls
    from xacct.credentials.fetchers.mfa_session import MfaSessions
    from xacct.credentials.node import Node
    from xacct.model import Credentials
    from xacct.scope import Scope

ANEW = (Hop.FROM_SESSION, Hop.FROM_KEYS, Hop.FROM_ROLE, Hop.WEB_IDENTITY)
"""What AWS gives a role by that takes a session policy, and no code."""

MARGIN = 10
"""Seconds by which AWS's clock may be ahead of ours, where the end of what is held is asked for in seconds."""

TRIES = 3
"""How often they are asked for where they would last too long."""

UNDER_WAY = 2
"""Seconds that a call may take to reach STS, which counts from there: what ends with a grant should end no later."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """What narrower credentials are for.

    Attributes:
        scope: what they are narrowed to.
        until: when they end at the latest (AWS's time); None: with the role's own.
        grant: the id of the grant that wanted them first.
    """

    scope: Scope
    until: float | None
    grant: str

    @property
    def description(self) -> str:
        """What CloudTrail shows."""
        return f"xacct grant {self.grant} scope {self.scope.id}"


class ScopedFetcher:
    """Gets narrower credentials than a role's.

    Args:
        node: the role, with its own entry.
        purpose: what they are for.
        calls: what AWS is reached by.
        sessions: the MFA sessions.

    Attributes:
        got_by: the call that gave what was fetched last; None: it was not fetched, but held already.
    """

    def __init__(self, node: Node, purpose: Purpose, *, calls: Calls, sessions: MfaSessions) -> None:
        self._node = node
        self._purpose = purpose
        self._calls = calls
        self._sessions = sessions
        self.got_by: Literal["GetScopedCredentials", "session policy"] | None = None

    @property
    def purpose(self) -> Purpose:
        """What its credentials are for."""
        return self._purpose

    @property
    def _parent(self) -> Entry:
        return self._node.entry

    def needs_human(self) -> bool:
        """Where the role's own credentials do."""
        return not (self._parent.valid() or self._parent.refreshable_without_mfa())

    def needed(self, role: str) -> errors.HumanNeeded:
        """As Fetcher says."""
        return self._parent.needed(role)

    def as_long_as_can_be(self, entry: Entry) -> bool:
        """Whether new ones would end no later than what this entry holds: the grant's end, or the role's, is near."""
        ends, until, last = entry.expires_at, self._purpose.until, self._parent.expires_at
        if ends is None or not entry.valid():
            return False
        if until is not None and ends >= until - 2 * MARGIN:
            return True
        renewable = self._parent.refreshable_without_mfa()
        return not renewable and last is not None and ends >= last - 2 * MARGIN

    async def fetch(self, need: Need) -> Credentials:
        """New credentials, as Fetcher says; what is held, where others would end no later."""
        self.got_by = None
        held = need.entry.held
        if held is not None and self.as_long_as_can_be(need.entry):  # guard: no-storm-at-the-end-of-a-scope
            return held
        scope, role = self._purpose.scope, self._node.role
        if scope.policy_arns:
            return await self._anew(need, errors.ScopeRefused("GetScopedCredentials takes no managed policies."))
        unknown = self._calls.unscoping.get(role.target, role.region)
        if unknown is not None:
            return await self._anew(need, unknown)
        try:
            return await self._narrowed(need)
        except errors.ActionUnknown as error:
            self._calls.unscoping.note(role.target, role.region, error)
            why: errors.XacctError = error
        except errors.AccessDenied as error:
            why = error
        return await self._anew(need, why)

    # What the role holds, narrowed.

    async def _narrowed(self, need: Need) -> Credentials:
        parent = self._parent
        keys = await self._keys(need)
        try:
            return await self._changed(need, keys)
        except (errors.ParentExpired, errors.BadKey) as error:
            # AWS knows better than our clock: what the role holds has ended.
            self._sessions.died(keys.access_key_id)
            if parent.held is keys:
                parent.drop(error)
            if isinstance(error, errors.BadKey):
                raise
        return await self._changed(need, await self._keys(need))

    async def _keys(self, need: Need) -> Credentials:
        """What the role holds; new where that is half over: what is made of it ends no later."""
        parent = self._parent
        if not need.human and self.needs_human():
            raise parent.needed(self._node.role.name)
        due = parent.held is not None and parent.renew_at <= self._calls.clock.now()
        if due and parent.refreshable_without_mfa() and not parent.just_failed():
            with suppress(errors.XacctError):
                await parent.refresh(ask=False, dependent=need.entry)
        return await parent.get(ask=need.human, dependent=need.entry)

    async def _changed(self, need: Need, keys: Credentials) -> Credentials:
        purpose, role = self._purpose, self._node.role

        async def change(late: float) -> Credentials:
            seconds = self._seconds(keys, late)
            return await self._calls.scoped(role, keys, purpose.scope.policy, seconds, purpose.description, need.place)

        got = await self._in_time(lambda late: self._calls.patiently(need.wanted, lambda: change(late)))
        self.got_by = "GetScopedCredentials"
        return got

    async def _in_time(self, get: Callable[[float], Awaitable[Credentials]]) -> Credentials:
        """What ends with the grant: a call that took long, or a human, has made them last too long.

        Args:
            get: has them, given by how many seconds sooner they are to end.

        Raises:
            Temporary: they would last too long each time.
        """
        until, late = self._purpose.until, 0.0
        for _ in range(TRIES):
            got = await get(late)
            over = 0.0 if until is None or got.expires_at is None else got.expires_at - until
            if over <= 0:  # guard: scope-outlives-no-grant
                return got
            late += over
        raise errors.Temporary(f"AWS takes too long for what is left of the grant for {self._node.role.name}.", "")

    def _seconds(self, keys: Credentials, late: float) -> int | None:
        """How long they are to live; None: until the end of `keys`.

        Args:
            keys: what they are made of.
            late: seconds by which they are to end sooner.

        Raises:
            ScopeRefused: not at all.
        """
        now = self._calls.clock.now()
        left, most = keys.remaining(now), self._most(now) - late
        if most >= left and self._purpose.scope.policy:
            return None
        seconds = int(min(most, left - MARGIN))
        if seconds < 1:  # guard: scope-ends-with-its-grant
            raise self._over() if most < left else errors.Temporary(f"{self._node.role.name} ends now.", "Try again.")
        return seconds

    def _most(self, now: float) -> float:
        """Seconds that they may live, by the scope and by the grant's end."""
        ttl, until = self._purpose.scope.ttl, self._purpose.until
        return min(float("inf") if ttl is None else ttl, float("inf") if until is None else until - now - UNDER_WAY)

    # The role anew, with the scope as its session policy.

    async def _anew(self, need: Need, why: errors.XacctError) -> Credentials:
        node, scope = self._node, self._purpose.scope
        role, hop = node.role, node.path.hop
        if hop not in ANEW:  # guard: scope-costs-no-code
            raise self._refused(why, "nor can it be assumed anew with a session policy and without a code")
        if role.policy or role.session_policies:  # guard: scope-is-not-added-to-a-roles-own-policy
            raise self._refused(why, "and it has a session policy of its own, to which AWS would add the grant's")

        async def get(late: float) -> Credentials:
            seconds = self._seconds_anew(late)
            narrower = replace(role, policy=scope.policy or None, policy_arns=scope.policy_arns, duration=seconds)
            parent, refused = self._parent.parent, Refused()
            return await BY_HOP[hop](narrower, parent, calls=self._calls, sessions=self._sessions, refused=refused).get(
                need
            )

        got = await self._in_time(get)
        self.got_by = "session policy"
        return got

    def _seconds_anew(self, late: float) -> int:
        """How long the role is asked for; `late` as in `_seconds`.

        Raises:
            ScopeRefused: AWS gives none so shortly.
        """
        seconds = min(self._most(self._calls.clock.now()) - late, self._node.path.duration)
        if seconds < policy.ROLE_DURATION_MIN:  # guard: scope-is-no-longer-than-it-says
            raise errors.ScopeRefused(
                f"{self._node.role.name} can't be had for less than 15 min without GetScopedCredentials, "
                "and its grant is to end sooner.",
                "Name a region in its profile, whose STS knows that call, or let the grant last longer.",
            )
        return int(seconds)

    def _refused(self, why: errors.XacctError, beside: str) -> errors.ScopeRefused:
        return errors.ScopeRefused(
            f"This grant gets no credentials of {self._node.role.name}, for they can't be narrowed "
            f"({why.sentence.rstrip('.')}; {beside}).",
            why.hint or "See docs/scopes.md.",
        )

    def _over(self) -> errors.ScopeRefused:
        return errors.ScopeRefused(f"The grant for {self._node.role.name} ends now.", "Make another one.")
