"""The lists of accounts and permission sets, one for each sign-in: had with its token, and kept for some minutes."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from xacct import errors
from xacct.credentials.listing import Walk
from xacct.credentials.node import session_key
from xacct.credentials.sign_ins import sign_in_of, source_of

if TYPE_CHECKING:
    from xacct.credentials.agent_lock import AgentLock
    from xacct.credentials.entry import Entry
    from xacct.credentials.fetchers.calls import Calls
    from xacct.credentials.listing import Listing, Told
    from xacct.credentials.node import SessionKey
    from xacct.credentials.tree import Tree
    from xacct.model import Credentials, Role

FRESH = 300.0
"""Seconds for which a list is good: long enough to look at it, and to make profiles of what was seen. Our choice."""


class Kept(NamedTuple):
    """A list that is kept.

    Attributes:
        boot: when it was made (boot-time clock).
        issued_at: when the token was issued that it was made with.
    """

    listing: Listing
    boot: float
    issued_at: float


class Listings:
    """What `xacctctl accounts` shows.

    Args:
        calls: reaches the access portal, and a human who is to sign in.
        tree: has the sign-ins.
        agent_lock: while it is locked nothing is listed.
    """

    def __init__(self, *, calls: Calls, tree: Tree, agent_lock: AgentLock) -> None:
        self._calls = calls
        self._tree = tree
        self._agent_lock = agent_lock
        self._kept: dict[SessionKey, Kept] = {}
        self._turns: defaultdict[SessionKey, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def of(self, role: Role, *, ask: bool, again: bool, told: Told) -> Listing:
        """The list that is had by a sign-in: one that is kept, or a new one.

        Args:
            role: says how the instance is reached (instances.py).
            ask: whether a human may be asked to sign in.
            again: whether what is kept is not good enough.
            told: hears how far it is.

        Raises:
            HumanNeeded: nobody is signed in.
            XacctError: it can't be had.
        """
        got: Listing = await self._agent_lock.run_unless_locked(self._of(role, ask=ask, again=again, told=told))
        return got

    async def _of(self, role: Role, *, ask: bool, again: bool, told: Told) -> Listing:
        key = session_key(role)
        async with self._turns[key]:
            session = self._tree.sign_in(role)
            kept = self._kept.get(key)
            if not again and kept is not None and self._good(kept, session):
                return kept.listing
            with self._tree.asked_for(session, role.name):
                listing, token = await self._listed(session, role, ask=ask, told=told)
            # guard: list-is-of-the-token-it-was-made-with
            self._kept[key] = Kept(listing, self._calls.clock.boot(), token.issued_at)
            return listing

    def _good(self, kept: Kept, session: Entry) -> bool:
        """Whether a list is good still: it is of whoever was signed in then, and goes as that token does."""
        return session.issued_at == kept.issued_at and self._calls.clock.boot() - kept.boot < FRESH

    async def _listed(self, session: Entry, role: Role, *, ask: bool, told: Told) -> tuple[Listing, Credentials]:
        """The list, and the token that it was made with."""
        walk = Walk(self._calls.identity_center, role, self._calls.clock, self._calls.rng, told)
        token = await self._token(session, role, ask=ask)
        try:
            return await walk.run(token.session_token or ""), token
        except errors.ParentExpired as error:
            # AWS knows better than our clock that the sign-in has ended: see role_from_sign_in.py.
            self._calls.sign_ins.died(source_of(role), token.session_token or "")
            if session.held is token:
                session.drop(error)
        token = await self._token(session, role, ask=ask)
        return await walk.run(token.session_token or ""), token

    async def _token(self, session: Entry, role: Role, *, ask: bool) -> Credentials:
        sign_in = sign_in_of(role)
        if ask:  # the human has come by themselves: what was said before counts no more
            session.try_at_once()
            self._calls.broker.forget(sign_in.topic)
        try:
            return await session.get(ask=ask)
        except errors.HumanNeeded as error:
            else_by = f", or sign in by the AWS CLI: aws sso login --sso-session {sign_in.name}" if sign_in.name else ""
            raise type(error)(error.sentence, f"Say it at a terminal{else_by}") from None
