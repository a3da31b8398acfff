"""Access and refresh tokens: how long they live, and that a refresh token is good once."""

import asyncio

import pytest
from botocore.exceptions import ClientError

from xacct.sandbox.server import Sandbox
from xacct.sandbox.sessions import Caps

INVALID = ("InvalidGrantException", 400, "invalid_grant")
UNAUTHORIZED = ("UnauthorizedException", 401, "Session token not found or invalid")


async def test_an_access_token_lasts_an_hour(signer, portal, clock, fails):
    token = await signer.by_device()
    clock.advance(3599)
    assert await portal.list_accounts(accessToken=token["accessToken"])
    clock.advance(1)
    assert await fails(portal.list_accounts(accessToken=token["accessToken"])) == UNAUTHORIZED


async def test_a_refresh_token_is_good_once(signer, portal, clock, fails):
    first = await signer.by_device()
    clock.advance(3600)
    second = await signer.refresh(first)
    assert second["refreshToken"] != first["refreshToken"]
    assert await portal.list_accounts(accessToken=second["accessToken"])
    assert await fails(signer.refresh(first)) == INVALID
    assert await signer.refresh(second)


async def test_of_two_at_once_one_is_refused(signer):
    token = await signer.by_device()
    found = await asyncio.gather(signer.refresh(token), signer.refresh(token), return_exceptions=True)
    assert sorted(isinstance(each, ClientError) for each in found) == [False, True]


async def test_the_sign_in_ends_all(signer, portal, clock, fails):
    token = await signer.by_device()
    clock.advance(28799)
    last = await signer.refresh(token)
    assert last["expiresIn"] == 1
    clock.advance(1)
    assert await fails(signer.refresh(last)) == INVALID
    assert await fails(portal.list_accounts(accessToken=last["accessToken"])) == UNAUTHORIZED


async def test_a_refresh_token_is_its_clients_own(signer, fails):
    token = await signer.by_device()
    mine = signer.keys
    await signer.register()
    assert await fails(signer.refresh(token)) == INVALID
    signer.keys = mine
    assert await signer.refresh(token)


@pytest.mark.parametrize("more", [{"scopes": None}, {"grantTypes": ["urn:ietf:params:oauth:grant-type:device_code"]}])
async def test_who_has_no_refresh_token_has_the_access_token_all_the_time(signer, portal, clock, fails, more):
    token = await signer.by_device(**more)
    assert "refreshToken" not in token
    assert token["expiresIn"] == 28800
    clock.advance(28799)
    assert await portal.list_accounts(accessToken=token["accessToken"])
    clock.advance(1)
    assert await fails(portal.list_accounts(accessToken=token["accessToken"])) == UNAUTHORIZED


async def test_a_client_without_the_grant_can_refresh_nothing(signer, fails):
    await signer.by_device(grantTypes=["urn:ietf:params:oauth:grant-type:device_code"])
    refused = await fails(signer.refresh({"refreshToken": "x"}))
    assert refused == ("UnauthorizedClientException", 400, "unauthorized_client")


async def test_a_registration_that_is_over_refreshes_nothing(signer, change, clock, fails):
    change(session_seconds=90 * 86400 + 100)
    token = await signer.by_device()
    clock.advance(90 * 86400)
    assert await fails(signer.refresh(token)) == ("InvalidClientException", 401, "invalid_client")


async def test_a_sign_in_that_was_revoked(signer, sandbox, portal, fails):
    token = await signer.by_device()
    assert sandbox.identity_center.revoke("nobody@example.com") == 0
    assert sandbox.identity_center.revoke("me@example.com") == 1
    assert await fails(portal.list_accounts(accessToken=token["accessToken"])) == UNAUTHORIZED
    assert await fails(signer.refresh(token)) == INVALID
    assert sandbox.identity_center.revoke() == 0


async def test_a_sign_in_that_was_revoked_before_the_device_came(signer, sandbox, fails):
    await signer.register()
    started = await signer.start()
    sandbox.identity_center.answer()
    sandbox.identity_center.revoke()
    assert await fails(signer.poll(started)) == INVALID


async def test_the_instance_says_how_long(signer, change):
    change(token_seconds=60, session_seconds=100)
    assert (await signer.by_device())["expiresIn"] == 60


async def test_a_limit_on_all_lives(session, unsigned, sandbox, clock):
    limited = Sandbox(sandbox.world, clock=clock, caps=Caps(role=30, token=20, sign_in=25))
    async with limited.serve() as url:
        oidc, portal = unsigned(session, "sso-oidc", url), unsigned(session, "sso", url)

        def story():
            given = {"clientName": "x", "clientType": "public", "scopes": ["sso:account:access"]}
            made = oidc.register_client(**given)
            keys = {"clientId": made["clientId"], "clientSecret": made["clientSecret"]}
            url = sandbox.world.instances[0].start_url
            code = oidc.start_device_authorization(**keys, startUrl=url)["deviceCode"]
            limited.identity_center.answer()
            grant = "urn:ietf:params:oauth:grant-type:device_code"
            token = oidc.create_token(**keys, grantType=grant, deviceCode=code)
            clock.advance(10)
            again = oidc.create_token(**keys, grantType="refresh_token", refreshToken=token["refreshToken"])
            role = {"roleName": "Developer", "accountId": "123456789012"}
            issued = portal.get_role_credentials(**role, accessToken=again["accessToken"])["roleCredentials"]
            return token["expiresIn"], again["expiresIn"], issued["expiration"] / 1000 - clock.now

        assert await asyncio.to_thread(story) == (20, 15, 30)
