"""IAM Identity Center as the keeper sees it, in virtual time: registrations, device codes, rotating tokens, a portal.

`FakeAws` borrows it; the strict one, over HTTP, is the sandbox's. Times are the true ones.
"""

import asyncio
import itertools
from dataclasses import dataclass, field

from xacct import errors
from xacct.model import Credentials, Role, Source
from xacct.signin import (
    Account,
    AccountsPage,
    DeviceCode,
    KeptSignIn,
    PermissionSetsPage,
    Registration,
    Renewal,
    SignIn,
    Tokens,
)

CORP = SignIn("corp", "https://corp.awsapps.com/start", "eu-central-1")
LEGACY = SignIn("", "https://old.awsapps.com/start", "eu-central-1", scopes=())
HOUR = 3600.0


def permission_set(name="dev", sign_in=CORP, account="234567890123", **more):
    source = Source(name, "identity-center", sign_in=sign_in, account=account, permission_set="Developer")
    return Role(name, source, **more)


@dataclass
class FakeIdentityCenter:
    """One instance and one human.

    Attributes:
        now: the true time.
        browser: what a browser on this machine brings back, after how many seconds: "code", "declines", None: nothing.
        approves: after how many looks the human is done; None: never; "declines": a no in the browser.
        lasts: seconds of a sign-in, past which nothing is renewed.
        command_line: an access token that the AWS CLI has, and until when; None: none.
        assigned: the permission sets in each account, by its id; an error: they are not told.
        latency: seconds that a list takes.
    """

    now: object
    approves: object = 2
    browser: object = ("code", 5.0)
    lasts: float = 8 * HOUR
    token_life: float = HOUR
    role_life: float = HOUR
    command_line: tuple | None = None
    failures: list = field(default_factory=list)
    calls: list = field(default_factory=list)
    assigned: dict = field(default_factory=dict)
    latency: float = 0.1
    page: int = 100
    at_once: int = 0
    most_at_once: int = 0

    def __post_init__(self):
        self.modes, self.redirects = [], []
        self._numbers = itertools.count(1)
        self._clients, self._codes, self._access, self._refresh = {}, {}, {}, {}
        self.revoked = set()

    def _call(self, what):
        self.calls.append(what)
        if self.failures and self.failures[0] is not None:
            raise self.failures.pop(0)
        if self.failures:
            self.failures.pop(0)

    def count(self, what):
        return self.calls.count(what)

    def sign_in_with_command_line(self, seconds=HOUR):
        """Somebody runs `aws sso login`."""
        token = f"cli{next(self._numbers)}"
        self._access[token] = (self.now() + seconds, self.now() + self.lasts)
        self.command_line = (token, self.now() + seconds)

    def end_all(self):
        """An administrator ends the session."""
        self._access.clear()
        self._refresh.clear()

    def forget_clients(self):
        self._clients.clear()

    async def register(self, _role, mode):
        self._call("RegisterClient")
        self.modes.append(mode)
        client = Registration(f"client{next(self._numbers)}", "secret", self.now() + 90 * 24 * HOUR)
        self._clients[client.client_id] = client.expires_at
        return client

    async def start(self, role, client):
        self._call("StartDeviceAuthorization")
        self._check(client)
        code = f"device{next(self._numbers)}"
        self._codes[code] = [0, role.parent.sign_in, self.now() + 600]
        return DeviceCode(code, "ABCD-EFGH", "https://device.sso.example/", self.now() + 600, 5.0)

    async def open_redirect(self, role, client):
        self._call("Authorize")
        self.redirects.append(FakeRedirect(self, role, client))
        return self.redirects[-1]

    async def finish(self, _role, client, code):
        self._call("CreateToken")
        self._check(client)
        waiting = self._codes[code.device_code]
        waiting[0] += 1
        if self.now() > waiting[2]:
            raise errors.TimedOut("Nobody confirmed the sign-in in time.", None)
        if self.approves == "declines":
            raise errors.Declined("The sign-in was declined in the browser.", None)
        if self.approves is None or waiting[0] < self.approves:
            raise errors.SignInPending("waits", "")
        return self._tokens(bool(waiting[1].scopes), self.now() + self.lasts)

    async def renew(self, _role, renewal):
        self._call("Refresh")
        self._check(renewal.client)
        until = self._refresh.pop(renewal.refresh_token, 0.0)  # good for one use
        if until <= self.now():
            raise errors.SignInEnded("The sign-in has ended.", None)
        return self._tokens(True, until)

    async def role_credentials(self, role, token):
        self._call("GetRoleCredentials")
        if self._access.get(token, (0.0, 0.0))[0] <= self.now():
            raise errors.ParentExpired("The sign-in has ended.", None)
        number, end = next(self._numbers), self.now() + self.role_life
        return Credentials(f"ASIA{number:016d}", "secret", "token", end, self.now(), role.account)

    async def accounts(self, _role, token, after):
        await self._list("ListAccounts", token)
        begin, end = int(after or 0), int(after or 0) + self.page
        found = [Account(each, f"Account {each}", f"{each}@example.com") for each in self.assigned]
        return AccountsPage(tuple(found[begin:end]), str(end) if end < len(found) else None)

    async def permission_sets(self, _role, token, account, after):
        await self._list("ListAccountRoles", token)
        names = self.assigned[account]
        if isinstance(names, Exception):
            raise names
        begin, end = int(after or 0), int(after or 0) + self.page
        return PermissionSetsPage(tuple(names[begin:end]), str(end) if end < len(names) else None)

    async def _list(self, what, token):
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.latency)
            self._call(what)
        finally:
            self.at_once -= 1
        if self._access.get(token, (0.0, 0.0))[0] <= self.now():
            raise errors.ParentExpired("The sign-in has ended.", None)

    def _tokens(self, refreshable, until):
        number = next(self._numbers)
        access, refresh = f"access{number}", f"refresh{number}" if refreshable else None
        end = min(self.now() + self.token_life, until)
        self._access[access] = (end, until)
        if refresh:
            self._refresh[refresh] = until
        return Tokens(access, end, refresh)

    def _check(self, client):
        if self._clients.get(client.client_id, 0.0) <= self.now():
            raise errors.ClientUnknown("unknown client", "")


@dataclass
class FakeRedirect:
    """What waits for a browser on this machine."""

    portal: FakeIdentityCenter
    role: Role
    client: Registration
    came_back: bool = False
    closed: bool = False
    mode: str = "redirect"
    url: str = "https://oidc.example/authorize?state=s"
    user_code: str = ""
    take: None = None

    async def tokens(self):
        brings = self.portal.browser
        if brings is None:
            await asyncio.sleep(30 * 24 * HOUR)
        await asyncio.sleep(brings[1])
        self.came_back = True
        if brings[0] == "declines":
            raise errors.Declined("The sign-in was declined in the browser.", None)
        self.portal._call("CreateToken")
        self.portal._check(self.client)
        return self.portal._tokens(True, self.portal.now() + self.portal.lasts)

    def close(self):
        self.closed = True


class FakeCache:
    """The AWS CLI's token cache, and the AWS CLI that uses it."""

    def __init__(self):
        self.kept, self.written = {}, []

    def read(self, source):
        return self.kept.get(source.name)

    async def write(self, source, client, tokens):
        self.written.append(tokens)
        self.kept[source.name] = KeptSignIn(tokens, client)

    async def cli_renews(self, portal, name="corp"):
        """It has used the refresh token, and writes what that has brought."""
        kept = self.kept[name]
        renewal = Renewal(kept.client, kept.tokens.refresh_token)
        self.kept[name] = KeptSignIn(await portal.renew(None, renewal), kept.client)

    async def cli_signs_in(self, portal, name="corp"):
        client = await portal.register(None, "device-code")
        self.kept[name] = KeptSignIn(portal._tokens(True, portal.now() + portal.lasts), client)
