"""A real browser on the pages of the sandbox's Identity Center: its buttons, the redirect, the code's exchange."""

import asyncio
import base64
import hashlib
import json
import os
import secrets
import socket
import subprocess
import sys
from contextlib import asynccontextmanager, suppress
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import aiohttp
import pytest
from aiohttp import web
from chromium import chromium
from stack import Stack
from waiting import PATIENCE, until

from xacct.sandbox.default_world import default_world
from xacct.sandbox.identity_center.default import START_URL
from xacct.sandbox.server import Sandbox

pytestmark = pytest.mark.system


@pytest.fixture
async def tab(tmp_path):
    async with chromium(tmp_path / "profile") as tab:
        yield tab


@pytest.fixture
async def http():
    async with aiohttp.ClientSession() as http:
        yield http


@pytest.fixture
async def sandbox():
    return Sandbox(default_world())


@pytest.fixture
async def post(sandbox, http):
    """Return a function that calls sso-oidc."""
    async with sandbox.serve() as url:

        async def post(path, **given):
            async with http.post(url + path, json=given) as answer:
                return await answer.json()

        post.url = url
        yield post


@asynccontextmanager
async def callback():
    """Where the browser comes back to: the port, and what it brought."""
    brought = {}

    async def came(request):
        brought.update(request.query)
        return web.Response(text="You can close this page.")

    app = web.Application()
    app.add_routes([web.get("/oauth/callback", came)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner.addresses[0][1], brought
    finally:
        await runner.cleanup()


async def register(post, **more):
    given = {"clientName": "a client", "clientType": "public", "scopes": ["sso:account:access"]}
    made = await post("/client/register", **given, **more)
    return {"clientId": made["clientId"], "clientSecret": made["clientSecret"]}


@pytest.mark.parametrize("button", ["allow", "deny"])
async def test_the_consent_page_sends_the_browser_back(tab, post, button):
    keys = await register(
        post,
        grantTypes=["authorization_code", "refresh_token"],
        redirectUris=["http://127.0.0.1/oauth/callback"],
        issuerUrl=START_URL,
    )
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    async with callback() as (port, brought):
        redirect = f"http://127.0.0.1:{port}/oauth/callback"
        query = {
            "response_type": "code", "client_id": keys["clientId"], "redirect_uri": redirect, "state": "a state",
            "code_challenge_method": "S256", "scopes": "sso:account:access", "code_challenge": challenge,
        }  # fmt: skip
        await tab.open(f"{post.url}/authorize?{urlencode(query)}")
        await tab.click(button)
        await until(lambda: brought, what="the browser's return")
    assert brought["state"] == "a state"
    if button == "deny":
        assert brought["error"] == "access_denied"
        return
    given = {"grantType": "authorization_code", "code": brought["code"], "redirectUri": redirect}
    token = await post("/token", **keys, **given, codeVerifier=verifier)
    assert token["refreshToken"]


IDENTITY = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
SAYS = "(document.body || {}).innerText || ''"


@pytest.fixture
def stack(tmp_path):
    """A real daemon, beside a sandbox of its own."""
    with Stack(tmp_path / "stack", identity_center=True, console_login=True) as stack:
        yield stack


BOTH = pytest.mark.parametrize("role", ["sso-staging", "console"])
"""Roles of both kinds of sign-in: to IAM Identity Center, and to AWS."""


@asynccontextmanager
async def logging_in(stack, role):
    """A login that says it has a browser: the task, and where the browser is to go."""
    body = {"roles": [role], "browser": True}
    login = asyncio.ensure_future(asyncio.to_thread(stack.api, "POST", "/v1/login", body))
    [prompt] = await until(lambda: stack.status()["prompts"], what="the prompt")
    assert prompt["mode"] == "redirect"
    try:
        yield login, prompt
    finally:
        if not login.done():
            for prompt in stack.status()["prompts"]:
                await asyncio.to_thread(stack.api, "POST", f"/v1/prompts/{prompt['id']}", {"decline": True})
        await login


@pytest.mark.parametrize(
    ("role", "identity"), [("sso-staging", "AWSReservedSSO_Developer"), ("console", "user/MyIAMUsername")]
)
async def test_a_login_is_completed_by_the_browser_and_an_sdk_has_the_role(tab, stack, role, identity):
    async with logging_in(stack, role) as (login, prompt):
        await tab.open(prompt["url"])
        assert not login.done(), "nothing is had before a click"
        await tab.click("allow")
        await tab.shows(f"({SAYS}).startsWith('xacct has the answer')")
        assert (await login)[-1] == {"event": "done", "failed": 0}
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", IDENTITY], env=stack.environment(role), capture_output=True,
        text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert identity in done.stdout, done.stderr


@BOTH
async def test_another_site_neither_completes_nor_ends_a_login(tab, stack, role):
    async with logging_in(stack, role) as (login, prompt):
        [back] = parse_qs(urlsplit(prompt["url"]).query)["redirect_uri"]
        for query in ("code=theirs&state=theirs", "error=access_denied", "code=<script>document.title='evil'</script>"):
            await tab.open(f"{back}?{query}")
            await tab.shows(f"({SAYS}).includes('this is not the answer')")
            assert await tab.script("document.title") == "xacct"
        page = f"<form id=f method=post action='{back}'></form><img src='{back}?error=access_denied'>"
        await tab.open(f"data:text/html,{quote(page)}")
        await tab.shows("!!document.getElementById('f')")
        await tab.script("document.getElementById('f').submit()")
        await tab.shows(f"({SAYS}).includes('this is not the answer')")
        assert not login.done()
        await tab.open(prompt["url"])
        await tab.click("allow")
        assert (await login)[-1] == {"event": "done", "failed": 0}


@pytest.mark.skipif(os.geteuid() != 0, reason="wants root")
@BOTH
async def test_another_user_of_the_machine_completes_no_login_even_with_its_state(stack, role):
    async with logging_in(stack, role) as (login, prompt):
        asked = parse_qs(urlsplit(prompt["url"]).query)
        back = urlsplit(asked["redirect_uri"][0])
        query = urlencode({"code": "theirs", "state": asked["state"][0]})
        os.seteuid(65534)
        try:
            theirs = socket.socket()
            theirs.settimeout(PATIENCE)
            theirs.connect((back.hostname, back.port))
        finally:
            os.seteuid(0)
        with theirs, suppress(ConnectionError):
            theirs.sendall(f"GET {back.path}?{query} HTTP/1.1\r\nHost: {back.netloc}\r\n\r\n".encode())
            assert await asyncio.to_thread(theirs.recv, 100) == b""
        assert not login.done()
        assert stack.status()["prompts"], "it waits still"


@BOTH
async def test_a_no_on_the_page_is_a_no(tab, stack, role):
    async with logging_in(stack, role) as (login, prompt):
        await tab.open(prompt["url"])
        await tab.click("deny")
        await tab.shows(f"({SAYS}).includes('was not allowed')")
        said = await login
    assert "declined in the browser" in json.dumps(said)


async def test_a_devices_link_answers_nothing_before_a_click(tab, post, sandbox):
    keys = await register(post)
    started = await post("/device_authorization", **keys, startUrl=START_URL)
    grant = {"grantType": "urn:ietf:params:oauth:grant-type:device_code", "deviceCode": started["deviceCode"]}
    await tab.open(started["verificationUriComplete"])
    await tab.shows(f"(document.getElementsByName('user_code')[0] || {{}}).value == '{started['userCode']}'")
    assert (await post("/token", **keys, **grant))["error"] == "authorization_pending"
    await tab.click("allow")
    await until(lambda: list(sandbox.identity_center.state.sign_ins), what="the sign-in")
    assert (await post("/token", **keys, **grant))["accessToken"]
