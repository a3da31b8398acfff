"""Sign-ins to IAM Identity Center: what all permission sets of an instance hang from. Its credentials are a token.

Renewed with our own refresh token; else what the AWS CLI has signed in to; else a human signs in, in a browser.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from xacct import errors
from xacct.credentials.fetchers.calls import needs_sign_in
from xacct.credentials.fetchers.sign_in_root import SignInRoot
from xacct.credentials.sign_ins import sign_in_of
from xacct.model import Credentials
from xacct.signin import DeviceCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from xacct.credentials.entry import Need
    from xacct.credentials.fetchers.calls import Calls
    from xacct.model import Role, Source
    from xacct.signin import Authorization, Mode, Registration, Renewal, Tokens

log = structlog.get_logger("xacct.credentials")

SLOWER = 5.0
"""Seconds more between two looks once we are asked to slow down (RFC 8628, 3.5)."""

SHORTEST = 60.0
"""Seconds that the AWS CLI's token must live still to be worth taking."""

ENOUGH = 900.0
"""Seconds that it must live still where it could be renewed: with less the AWS CLI renews it."""

LATE = (0.0, 0.3, 1.0)
"""Seconds between two looks at the AWS CLI's file for what it has renewed: it writes once AWS has answered."""

LOOKED = 0.02
"""Seconds for which a look at the AWS CLI's file holds: for one answer about many roles that hang from it, and for less
than it takes to start whatever is run after `aws sso login`."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """A redirect that waits for a browser, and the client that asks by it."""

    client: Registration
    redirect: Authorization[Tokens]


class SignInFetcher(SignInRoot):
    """Gets the access token of one sign-in. Arguments as for `SignInRoot`."""

    def __init__(
        self, source: Source, role: Callable[[], Role], roles: Callable[[], tuple[str, ...]], *, calls: Calls
    ) -> None:
        super().__init__(source, role, roles, calls=calls)
        self._looked = (float("-inf"), True)

    def needs_human(self) -> bool:
        """Unless it can be renewed, or the AWS CLI has one."""
        if self._sign_ins.renewable(self._source, self._calls.clock.now()):
            return False
        looked, needs = self._looked
        boot = self._calls.clock.boot()
        if boot - looked >= LOOKED:
            needs = self._sign_ins.distrusted(self._source) or self._calls.source_needs_human(self._role())
            needs = needs and self._later() is None
            self._looked = (boot, needs)
        return needs

    def needed(self, role: str) -> errors.HumanNeeded:
        """As Fetcher says."""
        return needs_sign_in(sign_in_of(self._role()), role)

    async def fetch(self, need: Need) -> Credentials:
        """New credentials, as Fetcher says: an access token, as a session token."""
        role = self._role()
        got = self._as_kept() or await self._renewed(role) or await self._of_command_line(role)
        if got is not None:
            return got
        if not need.human:
            raise self.needed(self._roles()[0])
        return await self._signed_in(role, need)

    async def _renewed(self, role: Role) -> Credentials | None:
        """By our own refresh token; None where that is good for nothing any more."""
        renewal = self._sign_ins.renewal(self._source, self._calls.clock.now())
        if renewal is None:
            return None
        try:
            # One call: a second would find the token used up, if the first was answered.
            tokens = await self._calls.identity_center.renew(role, renewal)
        except errors.SignInEnded:
            self._sign_ins.ended(self._source, renewal)
            return await self._renewed_by_command_line(role)
        except errors.ClientUnknown:
            self._sign_ins.ended(self._source, renewal)
            self._sign_ins.forget_client(self._source, renewal.client)
        else:
            return await self._taken(renewal.client, tokens)
        return None

    # Where the AWS CLI's cache is shared.

    def _as_kept(self) -> Credentials | None:
        """What the AWS CLI has had since we had ours, from now on with its refresh token; None: nothing."""
        found = self._later()
        if found is None:
            return None
        tokens, self._sign_ins.renewals[self._source] = found
        now = self._calls.clock.now()
        if tokens.expires_at - now < ENOUGH or not self._sign_ins.lives(self._source, tokens.access_token):
            return None
        return Credentials("", "", tokens.access_token, tokens.expires_at, issued_at=now)

    def _later(self) -> tuple[Tokens, Renewal] | None:
        """What the AWS CLI keeps that is later than what we have, and renews it."""
        cache = self._calls.shared_cache
        kept = None if cache is None else cache.read(self._source)
        if kept is None:
            return None
        renewal = self._sign_ins.later(self._source, kept, self._calls.clock.now())
        return None if renewal is None else (kept.tokens, renewal)

    async def _renewed_by_command_line(self, role: Role) -> Credentials | None:
        """After a renewal in vain: the AWS CLI may have used the refresh token a moment ago, and writes its next."""
        if self._calls.shared_cache is None:
            return None
        for pause in LATE:
            await asyncio.sleep(pause)
            if (got := self._as_kept()) is not None:
                return got
            if self._sign_ins.renewable(self._source, self._calls.clock.now()):
                return await self._renewed(role)
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
        """By a human: in a browser on this machine where whoever waits has one, else by a code for any browser."""
        got = await self._calls.in_browser(
            sign_in_of(role), self._roles, lambda redirects: self._asked(role, need, redirects=redirects)
        )
        return await self._taken(*got)

    async def _asked(self, role: Role, need: Need, *, redirects: bool) -> tuple[Registration, Tokens] | None:
        """What one prompt brings, and to which client; None where another way to sign in was asked for."""
        opened: list[_Opened] = []

        async def begin() -> DeviceCode | Authorization[Tokens]:
            if redirects:
                opened.extend(await self._opened(role))
            return opened[0].redirect if opened else await self._begun(role)

        async def finish(begun: DeviceCode | Authorization[Tokens]) -> tuple[Registration, Tokens]:
            if isinstance(begun, DeviceCode):
                return await self._finished(role, begun)
            return await self._came_back(opened[0])

        try:
            return await self._calls.sign_in(sign_in_of(role), self._roles, need.wanted, begin, finish)
        finally:
            for each in opened:
                each.redirect.close()
                if not each.redirect.came_back:
                    # The browser may have shown that AWS knows the client no more: nothing comes back then.
                    self._sign_ins.forget_client(self._source, each.client)

    async def _opened(self, role: Role) -> list[_Opened]:
        """A redirect that waits for a browser; none where that can't be had, and a code may be."""
        try:
            client = await self._client(role, "redirect")
            return [_Opened(client, await self._calls.identity_center.open_redirect(role, client))]
        except errors.XacctError as error:
            log.warning("sign-in by a code, not by redirect", sign_in=self._source.name, why=error.code)
            return []

    async def _came_back(self, opened: _Opened) -> tuple[Registration, Tokens]:
        """The tokens of a browser that comes back by itself."""
        try:
            return opened.client, await opened.redirect.tokens()
        except errors.ClientUnknown:
            self._sign_ins.forget_client(self._source, opened.client)
            raise

    async def _begun(self, role: Role) -> DeviceCode:
        """A code for the human. A registration that has ended is made anew, once."""
        client = await self._client(role, "device-code")
        try:
            return await self._calls.identity_center.start(role, client)
        except errors.ClientUnknown:
            self._sign_ins.forget_client(self._source, client)
        return await self._calls.identity_center.start(role, await self._client(role, "device-code"))

    async def _client(self, role: Role, mode: Mode) -> Registration:
        client = self._sign_ins.client(self._source, mode, self._calls.clock.now())
        if client is None:
            client = await self._calls.identity_center.register(role, mode)
            self._sign_ins.clients[self._source, mode] = client
        return client

    async def _finished(self, role: Role, code: DeviceCode) -> tuple[Registration, Tokens]:
        """Look until the human is done. The code ends by AWS's word alone: our clock may be off."""
        client, interval = await self._client(role, "device-code"), code.interval
        while True:
            await asyncio.sleep(interval)
            try:
                return client, await self._calls.identity_center.finish(role, client, code)
            except errors.SignInPending:
                continue
            except errors.Throttled:
                interval += SLOWER
            except errors.Temporary:
                continue  # the network; what the human did meanwhile is known at the next look

    async def _taken(self, client: Registration, tokens: Tokens) -> Credentials:
        self._sign_ins.take(self._source, client, tokens)
        if self._calls.shared_cache is not None:
            await self._calls.shared_cache.write(self._source, client, tokens)
        now = self._calls.clock.now()
        return Credentials("", "", tokens.access_token, tokens.expires_at, issued_at=now)
