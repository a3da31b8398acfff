"""Console logins (`aws login`): an identity's own credentials, had in a browser and renewed by a refresh token.

The entry is what its profile serves and what roles are assumed from; all profiles of a login_session share it.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import structlog

from xacct import errors
from xacct.credentials.fetchers.calls import needs_sign_in
from xacct.credentials.fetchers.sign_in_root import SignInRoot
from xacct.credentials.sign_ins import any_sign_in_of

if TYPE_CHECKING:
    from xacct.credentials.entry import Need
    from xacct.model import ConsoleTokens, Credentials, Role
    from xacct.signin import Authorization

log = structlog.get_logger("xacct.credentials")


class ConsoleLoginFetcher(SignInRoot):
    """Gets the credentials of one console login."""

    def needs_human(self) -> bool:
        """Unless it can be renewed."""
        return not self._sign_ins.renewable(self._source, self._calls.clock.now())

    def needed(self, role: str) -> errors.HumanNeeded:
        """As Fetcher says."""
        return needs_sign_in(any_sign_in_of(self._role()), role)

    async def fetch(self, need: Need) -> Credentials:
        """New credentials, as Fetcher says."""
        role = self._role()
        got = await self._renewed(role)
        if got is not None:
            return got
        if not need.human:
            raise self.needed(self._roles()[0])
        return self._taken(await self._signed_in(role, need))

    async def _renewed(self, role: Role) -> Credentials | None:
        """By the refresh token; None where that is good for nothing any more."""
        renewal = self._sign_ins.renewal(self._source, self._calls.clock.now())
        if renewal is None:
            return None
        try:
            # One call: a second would find the token used up, if the first was answered.
            tokens = await self._calls.console_logins.renew(role, renewal)
        except errors.SignInEnded:
            self._sign_ins.ended(self._source, renewal)
            return None
        return self._taken(tokens)

    async def _signed_in(self, role: Role, need: Need) -> ConsoleTokens:
        """By a human: in a browser on this machine where whoever waits has one, else by what another one shows."""
        return await self._calls.in_browser(
            any_sign_in_of(role), self._roles, lambda redirects: self._asked(role, need, redirects=redirects)
        )

    async def _asked(self, role: Role, need: Need, *, redirects: bool) -> ConsoleTokens | None:
        """What one prompt brings; None where another way to sign in was asked for."""
        with ExitStack() as stack:

            async def begin() -> Authorization[ConsoleTokens]:
                begun = await self._begun(role, redirects=redirects)
                stack.callback(begun.close)  # guard: browser-is-listened-for-while-prompt-is-open
                return begun

            return await self._calls.sign_in(
                any_sign_in_of(role), self._roles, need.wanted, begin, lambda begun: begun.tokens()
            )

    async def _begun(self, role: Role, *, redirects: bool) -> Authorization[ConsoleTokens]:
        if redirects:
            try:
                return await self._calls.console_logins.begin(role, here=True)
            except errors.Temporary as error:
                log.warning("sign-in by a pasted text, not by redirect", sign_in=self._source.name, why=error.code)
        return await self._calls.console_logins.begin(role, here=False)

    def _taken(self, tokens: ConsoleTokens) -> Credentials:
        self._sign_ins.renewals[self._source] = tokens.renewal  # guard: console-refresh-token-is-used-once
        return tokens.credentials
