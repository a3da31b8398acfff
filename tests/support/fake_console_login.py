"""AWS's own sign-in as the keeper sees it, in virtual time: authorizations, rotating refresh tokens, 15 minutes each.

`FakeAws` has one; the strict one, over HTTP, is the sandbox's. Times are the true ones.
"""

import asyncio
import itertools

from xacct import errors
from xacct.model import ConsoleTokens, Role, Source
from xacct.signin import ConsoleLogin, Registration, Renewal

ME = "arn:aws:iam::123456789012:user/me"
HOUR = 3600.0


def console(name="me", session=ME, region="eu-central-1", **more):
    """The role that a profile with a login_session is."""
    source = Source(name, "console-login", account="123456789012", console=ConsoleLogin(session, region))
    return Role(name, source, **more)


class Begun:
    """A sign-in that waits for the browser."""

    user_code, came_back = "", False

    def __init__(self, logins, role, mode):
        self._logins, self._role, self.mode = logins, role, mode
        self.url = f"https://{mode}.example/"
        self.closed = False
        self._shown = asyncio.Event()

    @property
    def take(self):
        return self._take if self.mode == "paste" else None

    def _take(self, shown):
        if shown != "shown":
            raise errors.BadInput("That is not it.", "")
        self._shown.set()

    async def tokens(self):
        if self.mode == "paste":
            await self._shown.wait()
        await self._logins.until_done()
        return self._logins.tokens_of(self._role)

    def close(self):
        self.closed = True


class FakeConsoleLogins:
    """One human in a browser.

    Attributes:
        thinks: seconds until they are done; None: never.
        who: as whom they sign in; None: as whom they should.
        lasts: seconds until nothing is renewed any more.
        failures: raised by the next calls, in turn; None: not.
        begun: every sign-in.
        no_port: nothing can listen for a browser on this machine.
    """

    def __init__(self, aws):
        self._aws = aws
        self.thinks, self.who, self.lasts = 10.0, None, 12 * HOUR
        self.failures, self.calls, self.begun = [], [], []
        self.no_port = False
        self._numbers = itertools.count(1)
        self._refresh = {}

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

    async def begin(self, role, *, here):
        if here and self.no_port:
            raise errors.Temporary("There is no port.", "")
        self.calls.append("Begin")
        self.begun.append(Begun(self, role, "redirect" if here else "paste"))
        return self.begun[-1]

    @property
    def modes(self):
        return [each.mode for each in self.begun]

    async def until_done(self):
        if self.thinks is None:
            await asyncio.Event().wait()
        await asyncio.sleep(self.thinks)

    def tokens_of(self, role):
        self._call("CreateToken")
        if self.who not in {None, role.parent.console.session}:
            raise errors.WrongIdentity(f"The browser is signed in to AWS as {self.who}.", "")
        client = Registration("arn:aws:signin:::devtools/x-device", "key", self._aws.clock.now() + self.lasts)
        return self._tokens(client, self._aws.now() + self.lasts)

    async def renew(self, _role, renewal):
        self._call("Refresh")
        end = self._refresh.pop(renewal.refresh_token, 0.0)  # good for one use
        if end <= self._aws.now() or renewal.client.client_secret != "key":
            raise errors.SignInEnded("The sign-in has ended.", None)
        return self._tokens(renewal.client, end)

    def _tokens(self, client, end):
        token = f"refresh{next(self._numbers)}"
        self._refresh[token] = end
        life = min(900.0, end - self._aws.now())
        credentials = self._aws._issue(life, mfa=None, chained=True)
        return ConsoleTokens(credentials, Renewal(client, token, credentials.expires_at))
