"""Sign-ins to IAM Identity Center: what all permission sets of an instance hang from. Its credentials are a token.

Renewed with our own refresh token; else what the AWS CLI has signed in to; else a human signs in, in a browser.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from xacct import errors
from xacct.credentials.sign_ins import sign_in_of
from xacct.model import Credentials

if TYPE_CHECKING:
    from collections.abc import Callable

    from xacct.credentials.entry import Need
    from xacct.credentials.fetchers.calls import Calls
    from xacct.model import Role, Source
    from xacct.signin import DeviceCode, Registration, SignIn, Tokens

SLOWER = 5.0
"""Seconds more between two looks once we are asked to slow down (RFC 8628, 3.5)."""

SHORTEST = 60.0
"""Seconds that the AWS CLI's token must live still to be worth taking."""

LOOKED = 0.02
"""Seconds for which a look at the AWS CLI's file holds: for one answer about many roles that hang from it, and for less
than it takes to start whatever is run after `aws sso login`."""


class SignInFetcher:
    """Gets the access token of one sign-in.

    Args:
        source: which, as SignIns knows it.
        role: one that hangs from it.
        roles: the names of those it is signed in to for, now.
    """

    def __init__(
        self,
        source: Source,
        role: Callable[[], Role],
        roles: Callable[[], tuple[str, ...]],
        *,
        calls: Calls,
    ) -> None:
        self._source = source
        self._role = role
        self._roles = roles
        self._calls = calls
        self._sign_ins = calls.sign_ins
        self._looked = (float("-inf"), True)

    def needs_human(self) -> bool:
        """Unless it can be renewed, or the AWS CLI has one."""
        if self._sign_ins.renewable(self._source, self._calls.clock.now()):
            return False
        looked, needs = self._looked
        boot = self._calls.clock.boot()
        if boot - looked >= LOOKED:
            needs = self._sign_ins.distrusted(self._source) or self._calls.source_needs_human(self._role())
            self._looked = (boot, needs)
        return needs

    def needed(self, role: str) -> errors.HumanNeeded:
        """As Fetcher says."""
        return needs_sign_in(sign_in_of(self._role()), role)

    async def fetch(self, need: Need) -> Credentials:
        """New credentials, as Fetcher says: an access token, as a session token."""
        role = self._role()
        got = await self._renewed(role) or await self._of_command_line(role)
        if got is not None:
            return got
        if not need.human:
            raise needs_sign_in(sign_in_of(role), self._roles()[0])
        return await self._signed_in(role, need)

    async def _renewed(self, role: Role) -> Credentials | None:
        """By our own refresh token; None where that is good for nothing any more."""
        now = self._calls.clock.now()
        client, token = self._sign_ins.client(self._source, now), self._sign_ins.refresh_tokens.get(self._source)
        if client is None or token is None:
            return None
        try:
            # One call: a second would find the token used up, if the first was answered.
            tokens = await self._calls.identity_center.renew(role, client, token)
        except errors.SignInEnded:
            self._sign_ins.forget(self._source)
        except errors.ClientUnknown:
            self._sign_ins.forget_client(self._source)
        else:
            return self._taken(tokens)
        return None

    async def _of_command_line(self, role: Role) -> Credentials | None:
        """What the AWS CLI has signed in to; None where that is nothing, or too little."""
        try:
            found = await self._calls.keys(role)
        except errors.SourceUnusable:
            return None
        now = self._calls.clock.now()
        token = found.session_token or ""
        if found.remaining(now) < SHORTEST or not self._sign_ins.lives(self._source, token):
            return None
        return Credentials("", "", token, found.expires_at, issued_at=now)

    async def _signed_in(self, role: Role, need: Need) -> Credentials:
        """By a human."""
        tokens = await self._calls.sign_in(
            sign_in_of(role),
            self._roles,
            need.wanted,
            lambda: self._begun(role),
            lambda code: self._finished(role, code),
        )
        return self._taken(tokens)

    async def _begun(self, role: Role) -> DeviceCode:
        """A code for the human. A registration that has ended is made anew, once."""
        try:
            return await self._calls.identity_center.start(role, await self._client(role))
        except errors.ClientUnknown:
            self._sign_ins.forget_client(self._source)
        return await self._calls.identity_center.start(role, await self._client(role))

    async def _client(self, role: Role) -> Registration:
        client = self._sign_ins.client(self._source, self._calls.clock.now())
        if client is None:
            client = self._sign_ins.clients[self._source] = await self._calls.identity_center.register(role)
        return client

    async def _finished(self, role: Role, code: DeviceCode) -> Tokens:
        """Look until the human is done. The code ends by AWS's word alone: our clock may be off."""
        client, interval = await self._client(role), code.interval
        while True:
            await asyncio.sleep(interval)
            try:
                return await self._calls.identity_center.finish(role, client, code)
            except errors.SignInPending:
                continue
            except errors.Throttled:
                interval += SLOWER
            except errors.Temporary:
                continue  # the network; what the human did meanwhile is known at the next look

    def _taken(self, tokens: Tokens) -> Credentials:
        self._sign_ins.take(self._source, tokens)
        now = self._calls.clock.now()
        return Credentials("", "", tokens.access_token, tokens.expires_at, issued_at=now)


def needs_sign_in(sign_in: SignIn, role: str) -> errors.HumanNeeded:
    """What is said of a role where no human may be asked."""
    return errors.HumanNeeded(
        f"{role} needs a sign-in to IAM Identity Center ({sign_in.label}).", f"xacctctl login {role}"
    )
