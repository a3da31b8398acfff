"""AWS's own sign-in as the keeper sees it, in virtual time: authorizations, rotating refresh tokens, 15 minutes each.

`FakeAws` has one; the strict one, over HTTP, is the sandbox's. Times are the true ones.
"""

import asyncio
import itertools

from xacct import errors
from xacct.model import ConsoleTokens, Role, Source
from xacct.signin import ConsoleLogin, Registration

ME = "arn:aws:iam::123456789012:user/me"
HOUR = 3600.0


def console(name="me", session=ME, region="eu-central-1", **more):
    """The role that a profile with a login_session is."""
    source = Source(name, "console-login", account="123456789012", console=ConsoleLogin(session, region))
    return Role(name, source, **more)


class Begun:
    """A sign-in that waits for the browser."""

    user_code, key, verifier, redirect_uri = "", "key", "verifier", "http://127.0.0.1:1/oauth/callback"

    def __init__(self, url, client_id):
        self.url, self.client_id, self.take = url, client_id, None
        self.closed = False

    async def close(self):
        self.closed = True


class FakeConsoleLogins:
    """One human in a browser.

    Attributes:
        thinks: seconds until they are done; None: never.
        who: as whom they sign in; None: as whom they should.
        lasts: seconds until nothing is renewed any more.
        failures: raised by the next calls, in turn; None: not.
        begun: every sign-in.
    """

    def __init__(self, aws):
        self._aws = aws
        self.thinks, self.who, self.lasts = 10.0, None, 12 * HOUR
        self.failures, self.calls, self.begun = [], [], []
        self._numbers = itertools.count(1)
        self._refresh = {}
        self._shown = asyncio.Event()

    def count(self, what):
        return self.calls.count(what)

    def end_all(self):
        """Somebody signs out, or changes their password."""
        self._refresh.clear()

    def _call(self, what):
        self.calls.append(what)
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure

    async def begin(self, _role, *, elsewhere):
        self.calls.append("Elsewhere" if elsewhere else "Begin")
        device = "cross" if elsewhere else "same"
        self.begun.append(Begun(f"https://{device}.example/", f"arn:aws:signin:::devtools/{device}-device"))
        if elsewhere:
            self.begun[-1].take = self._brought
        return self.begun[-1]

    def _brought(self, shown):
        if shown != "shown":
            raise errors.BadInput("That is not it.", "")
        self._shown.set()

    async def finish(self, role, begun):
        if begun.take is not None:
            await self._shown.wait()
        elif self.thinks is None:
            await asyncio.Event().wait()
        else:
            await asyncio.sleep(self.thinks)
        self._call("CreateToken")
        if self.who not in {None, role.parent.console.session}:
            raise errors.WrongIdentity(f"The browser is signed in to AWS as {self.who}.", "")
        client = Registration(begun.client_id, begun.key, self._aws.clock.now() + self.lasts)
        return self._tokens(client, self._aws.now() + self.lasts)

    async def renew(self, _role, client, refresh_token):
        self._call("Refresh")
        end = self._refresh.pop(refresh_token, 0.0)  # good for one use
        if end <= self._aws.now() or client.client_secret != "key":
            raise errors.SignInEnded("The sign-in has ended.", None)
        return self._tokens(client, end)

    def _tokens(self, client, end):
        token = f"refresh{next(self._numbers)}"
        self._refresh[token] = end
        life = min(900.0, end - self._aws.now())
        return ConsoleTokens(self._aws._issue(life, mfa=None, chained=True), client, token)
