"""RegisterClient: who may be a client, of what kind, and for how long."""

import pytest

from xacct.sandbox.identity_center.default import START_URL
from xacct.sandbox.identity_center.registration import AUTHORIZATION_CODE, DEVICE_CODE, REFRESH_TOKEN, is_callback

DAYS = 86400


async def test_a_registration_lasts_ninety_days(signer, clock, fails):
    answer = await signer.register()
    assert answer["clientIdIssuedAt"] == int(clock.now)
    assert answer["clientSecretExpiresAt"] == int(clock.now) + 90 * DAYS
    clock.advance(90 * DAYS - 1)
    assert (await signer.start())["userCode"]
    clock.advance(1)
    assert await fails(signer.start()) == ("InvalidClientException", 401, "invalid_client")


@pytest.mark.parametrize("wrong", [{"clientId": "nobody"}, {"clientSecret": "guess"}, {"clientSecret": "gu\u00e9ss"}])
async def test_who_is_not_the_client_is_refused(signer, oidc, fails, wrong):
    await signer.register()
    call = oidc.start_device_authorization(**(signer.keys | wrong), startUrl=START_URL)
    assert await fails(call) == ("InvalidClientException", 401, "invalid_client")


async def test_both_kinds_of_sign_in_at_once_are_an_error_of_the_server(signer, fails):
    grants = [DEVICE_CODE, AUTHORIZATION_CODE, REFRESH_TOKEN]
    call = signer.register(browser=True, grantTypes=grants)
    assert await fails(call) == ("InternalServerException", 500, "server_error")


@pytest.mark.parametrize(
    ("given", "name", "error"),
    [
        ({"clientType": "confidential"}, "InvalidClientMetadataException", "invalid_client_metadata"),
        ({"clientName": "K\u00fcche"}, "InvalidClientMetadataException", "invalid_client_metadata"),
        ({"clientName": ""}, "InvalidRequestException", "invalid_request"),
        ({"clientName": "x" * 4097}, "InvalidRequestException", "invalid_request"),
        ({"clientName": None}, "InvalidRequestException", "invalid_request"),
        ({"clientType": None}, "InvalidRequestException", "invalid_request"),
        ({"scopes": ["everything"]}, "InvalidScopeException", "invalid_scope"),
        ({"scopes": [""]}, "InvalidRequestException", "invalid_request"),
        ({"grantTypes": ["password"]}, "UnsupportedGrantTypeException", "unsupported_grant_type"),
        ({"redirectUris": ["https://example.com/"]}, "InvalidRedirectUriException", "invalid_redirect_uri"),
        ({"redirectUris": None}, "InvalidRequestException", "invalid_request"),
        ({"issuerUrl": None}, "InvalidRequestException", "invalid_request"),
        ({"issuerUrl": "https://nobody.awsapps.com/start"}, "InvalidRequestException", "invalid_request"),
        ({"scopes": None}, "InvalidRequestException", "invalid_request"),
    ],
)
async def test_what_is_refused(signer, fails, given, name, error):
    assert await fails(signer.register(browser=True, **given)) == (name, 400, error)


@pytest.mark.parametrize(
    ("uri", "fits"),
    [
        ("http://127.0.0.1/oauth/callback", True),
        ("http://127.0.0.1:1/oauth/callback", True),
        ("http://127.0.0.1:65535/oauth/callback", True),
        ("http://127.0.0.1:65536/oauth/callback", False),
        ("http://127.0.0.1:/oauth/callback", False),
        ("http://127.0.0.1:08/oauth/callback", False),
        ("http://[::1]:4000/oauth/callback", False),
        ("http://[::1/oauth/callback", False),
        ("http://localhost:4000/oauth/callback", False),
        ("https://127.0.0.1:4000/oauth/callback", False),
        ("http://127.0.0.1:4000/oauth/callback/", False),
        ("http://127.0.0.1:4000/oauth/callback?a=b", False),
        ("http://127.0.0.1:4000/oauth/callback#a", False),
        ("http://127.0.0.1:4000/callback", False),
        ("http://me@127.0.0.1:4000/oauth/callback", False),
        ("http://127.0.0.1.example.com/oauth/callback", False),
        ("", False),
    ],
)
def test_one_callback_alone(uri, fits):
    assert is_callback(uri) is fits


@pytest.mark.parametrize("grants", [None, [REFRESH_TOKEN], [DEVICE_CODE, REFRESH_TOKEN]])
async def test_who_did_not_ask_for_a_browser_may_use_a_device(signer, grants):
    await signer.register(grantTypes=grants)
    assert (await signer.start())["deviceCode"]


async def test_a_client_for_browsers_is_none_for_devices(signer, fails):
    await signer.register(browser=True)
    assert await fails(signer.start()) == ("UnauthorizedClientException", 400, "unauthorized_client")


@pytest.mark.parametrize("body", ["[]", "{", "1", '{"clientName": 1, "clientType": "public"}', '{"scopes": "x"}'])
async def test_nonsense(http, url, body):
    if "scopes" in body:
        body = '{"clientName": "x", "clientType": "public", "scopes": "x"}'
    async with http.post(f"{url}/client/register", data=body) as answer:
        assert answer.status == 400
        assert answer.headers["x-amzn-ErrorType"] == "InvalidRequestException"
        assert (await answer.json())["error"] == "invalid_request"
