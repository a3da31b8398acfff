"""botocore's own sso-oidc and sso clients against the sandbox in the test's event loop, and a human's browser."""

import asyncio
import base64
import hashlib
from dataclasses import replace
from functools import partial
from urllib.parse import parse_qsl, urlencode

import aiohttp
import botocore
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from xacct.sandbox.identity_center.default import START_URL
from xacct.sandbox.identity_center.registration import AUTHORIZATION_CODE, DEVICE_CODE, REFRESH_TOKEN

CALLBACK = "http://127.0.0.1/oauth/callback"
AT_PORT = "http://127.0.0.1:40123/oauth/callback"
SCOPE = "sso:account:access"
VERIFIER = "v" * 64
UNMODELLED = {("ForbiddenException", 403), ("ServiceUnavailableException", 503), ("InternalFailure", 500)}
"""What AWS sends though no model has it: clients have no class for it."""


def challenge(verifier=VERIFIER):
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


@pytest.fixture
def unsigned():
    """Return a maker of clients that sign nothing, try once, and leave the checking of parameters to the server."""
    clients = []

    def make(session, name, url):
        config = Config(
            signature_version=botocore.UNSIGNED, retries={"total_max_attempts": 1}, parameter_validation=False
        )
        clients.append(session.create_client(name, endpoint_url=url, config=config))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


class Threaded:
    """A client whose calls run in a thread, so that the sandbox can answer here."""

    def __init__(self, client):
        self._client = client

    def __getattr__(self, operation):
        return partial(asyncio.to_thread, getattr(self._client, operation))


@pytest.fixture
def oidc(session, url, unsigned):
    return Threaded(unsigned(session, "sso-oidc", url))


@pytest.fixture
def portal(session, url, unsigned):
    return Threaded(unsigned(session, "sso", url))


@pytest.fixture
def fails():
    """Return an awaiter that wants a refusal: the exception's name, its status, and what the body says."""

    async def fails(call):
        with pytest.raises(ClientError) as caught:
            await call
        answer = caught.value.response
        assert answer["ResponseMetadata"]["RequestId"]
        status = answer["ResponseMetadata"]["HTTPStatusCode"]
        code = answer["Error"]["Code"]
        assert type(caught.value).__name__ == ("ClientError" if (code, status) in UNMODELLED else code)
        return code, status, answer.get("error", answer["Error"]["Message"])

    return fails


@pytest.fixture
def change(sandbox):
    """Return a function that changes the world's only instance."""

    def change(**what):
        [instance] = sandbox.world.instances
        sandbox.world = replace(sandbox.world, instances=(replace(instance, **what),))

    return change


class Signer:
    """A client's registration and its ways to sign in."""

    def __init__(self, oidc, sandbox, http, url):
        self.oidc, self.sandbox, self.http, self.url = oidc, sandbox, http, url
        self.keys = {}

    async def register(self, *, browser=False, **more):
        given = {"clientName": "a client", "clientType": "public", "scopes": [SCOPE]}
        if browser:
            given |= {
                "grantTypes": [AUTHORIZATION_CODE, REFRESH_TOKEN],
                "redirectUris": [CALLBACK],
                "issuerUrl": START_URL,
            }
        answer = await self.oidc.register_client(**{k: v for k, v in (given | more).items() if v is not None})
        self.keys = {"clientId": answer["clientId"], "clientSecret": answer["clientSecret"]}
        return answer

    async def start(self):
        return await self.oidc.start_device_authorization(**self.keys, startUrl=START_URL)

    def poll(self, started):
        return self.oidc.create_token(**self.keys, grantType=DEVICE_CODE, deviceCode=started["deviceCode"])

    def refresh(self, token):
        return self.oidc.create_token(**self.keys, grantType=REFRESH_TOKEN, refreshToken=token["refreshToken"])

    async def by_device(self, user=None, **more):
        """A token by the device flow."""
        await self.register(**more)
        started = await self.start()
        self.sandbox.identity_center.answer(started["userCode"], user=user)
        return await self.poll(started)

    def query(self, **more):
        given = {
            "response_type": "code", "client_id": self.keys["clientId"], "redirect_uri": AT_PORT, "state": "s&t",
            "code_challenge_method": "S256", "scopes": SCOPE, "code_challenge": challenge(),
        }  # fmt: skip
        return {name: value for name, value in (given | more).items() if value is not None}

    async def authorize(self, **more):
        """The page's status, where it leads to (with the query taken apart), and its text."""
        address = f"{self.url}/authorize?{urlencode(self.query(**more), doseq=True)}"
        async with self.http.get(address, allow_redirects=False) as answer:
            return answer.status, *led(answer), await answer.text()

    async def click(self, page, answer="allow", **more):
        """What a click on the consent page leads to."""
        request = page.partition('name="request" value="')[2].partition('"')[0]
        form = {"request": request, "answer": answer, **more}
        async with self.http.post(f"{self.url}/authorize", data=form, allow_redirects=False) as done:
            return done.status, *led(done), await done.text()

    async def code(self):
        """An authorization code, by a browser."""
        await self.register(browser=True)
        _, _, _, page = await self.authorize()
        _, _, brought, _ = await self.click(page)
        return brought["code"]

    def exchange(self, code, **more):
        given = {"code": code, "redirectUri": AT_PORT, "codeVerifier": VERIFIER, **more}
        given = {name: value for name, value in given.items() if value is not None}
        return self.oidc.create_token(**self.keys, grantType=AUTHORIZATION_CODE, **given)


def led(answer):
    place, _, query = answer.headers.get("Location", "").partition("?")
    return place, dict(parse_qsl(query))


@pytest.fixture
async def http():
    async with aiohttp.ClientSession() as http:
        yield http


@pytest.fixture
def signer(oidc, sandbox, http, url):
    return Signer(oidc, sandbox, http, url)
