"""Console logins (`aws login`): an identity's own credentials, had in a browser and renewed by a refresh token.

The entry is what its profile serves and what roles are assumed from; all profiles of a login_session share it.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from xacct import errors
from xacct.credentials.sign_ins import any_sign_in_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from xacct.credentials.entry import Need
    from xacct.credentials.fetchers.calls import Calls
    from xacct.model import ConsoleTokens, Credentials, Role, Source
    from xacct.signin import Authorization


class ConsoleLoginFetcher:
    """Gets the credentials of one console login.

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

    def needs_human(self) -> bool:
        """Unless it can be renewed."""
        return not self._sign_ins.renewable(self._source, self._calls.clock.now())

    def needed(self, role: str) -> errors.HumanNeeded:
        """As Fetcher says."""
        return errors.HumanNeeded(f"{role} needs a sign-in to AWS ({self._source.name}).", f"xacctctl login {role}")

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
        now = self._calls.clock.now()
        client, token = self._sign_ins.client(self._source, now), self._sign_ins.refresh_tokens.get(self._source)
        if client is None or token is None:
            return None
        try:
            # One call: a second would find the token used up, if the first was answered.
            tokens = await self._calls.console_logins.renew(role, client, token)
        except errors.SignInEnded:
            self._sign_ins.forget(self._source)
            return None
        return self._taken(tokens)

    async def _signed_in(self, role: Role, need: Need) -> ConsoleTokens:
        """By a human. Nobody listens for the browser any longer than the prompt is open."""
        async with AsyncExitStack() as stack:

            async def begin() -> Authorization:
                elsewhere = self._calls.elsewhere(self._roles())
                begun = await self._calls.console_logins.begin(role, elsewhere=elsewhere)
                stack.push_async_callback(begun.close)  # guard: browser-is-listened-for-while-prompt-is-open
                return begun

            return await self._calls.sign_in(
                any_sign_in_of(role),
                self._roles,
                need.wanted,
                begin,
                lambda begun: self._calls.console_logins.finish(role, begun),
            )

    def _taken(self, tokens: ConsoleTokens) -> Credentials:
        self._sign_ins.clients[self._source] = tokens.client
        self._sign_ins.refresh_tokens[self._source] = tokens.refresh_token  # guard: console-refresh-token-is-used-once
        return tokens.credentials
