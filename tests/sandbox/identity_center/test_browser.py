"""The authorization code grant with PKCE: the page, the redirect, the verifier, the code."""

import pytest

from xacct.sandbox.identity_center.default import OTHER_USER
from xacct.sandbox.identity_center.registration import REFRESH_TOKEN

AT_PORT = "http://127.0.0.1:40123/oauth/callback"
INVALID_GRANT = ("InvalidGrantException", 400, "invalid_grant")
INVALID_REQUEST = ("InvalidRequestException", 400, "invalid_request")


async def test_a_human_says_yes(signer):
    await signer.register(browser=True)
    status, place, _, page = await signer.authorize()
    assert (status, place) == (200, "")
    assert "a client asks for your data" in page
    status, place, brought, _ = await signer.click(page, user=OTHER_USER)
    assert (status, place, brought["state"]) == (303, AT_PORT, "s&t")
    token = await signer.exchange(brought["code"])
    assert token["refreshToken"]
    assert token["expiresIn"] == 3600
    assert signer.sandbox.calls[-1].principal == OTHER_USER


async def test_a_human_says_no(signer):
    await signer.register(browser=True)
    _, _, _, page = await signer.authorize()
    _, place, brought, _ = await signer.click(page, "deny")
    assert (place, brought) == (AT_PORT, {"error": "access_denied", "state": "s&t"})


@pytest.mark.parametrize("answer", ["allow", "deny"])
async def test_a_page_is_answered_once(signer, answer):
    await signer.register(browser=True)
    _, _, _, page = await signer.authorize()
    assert (await signer.click(page, answer))[0] == 303
    status, place, _, text = await signer.click(page)
    assert (status, place) == (400, "")
    assert "This page is over" in text


async def test_a_page_is_over_after_ten_minutes(signer, clock):
    await signer.register(browser=True)
    _, _, _, page = await signer.authorize()
    clock.advance(600)
    assert (await signer.click(page))[0] == 400


@pytest.mark.parametrize("answer", ["", "perhaps"])
async def test_an_answer_that_is_none(signer, answer):
    await signer.register(browser=True)
    _, _, _, page = await signer.authorize()
    assert (await signer.click(page, answer))[0] == 400
    assert (await signer.click(page, user="nobody@example.com"))[0] == 400
    assert (await signer.click(page))[0] == 303


@pytest.mark.parametrize(("answer", "brings"), [("allow", "code"), ("deny", "error")])
async def test_a_human_who_is_not_asked(signer, sandbox, answer, brings):
    await signer.register(browser=True)
    sandbox.identity_center.state.consent = answer
    status, place, brought, _ = await signer.authorize()
    assert (status, place) == (303, AT_PORT)
    assert brings in brought


async def test_a_client_name_is_no_markup(signer):
    await signer.register(browser=True, clientName="<b>&")
    assert "&lt;b&gt;&amp; asks" in (await signer.authorize())[3]


@pytest.mark.parametrize(
    ("more", "status", "error"),
    [
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"client_id": None}, 400, "invalid_request"),
        ({"redirect_uri": None}, 400, "invalid_request"),
        ({"redirect_uri": "http://[::1]:40123/oauth/callback"}, 400, "invalid_redirect_uri"),
        ({"redirect_uri": "http://localhost:40123/oauth/callback"}, 400, "invalid_redirect_uri"),
        ({"redirect_uri": "http://127.0.0.1:40123/other"}, 400, "invalid_redirect_uri"),
        ({"redirect_uri": "http://127.0.0.1:40123/oauth/callback?to=elsewhere"}, 400, "invalid_redirect_uri"),
        ({"redirect_uri": "https://example.com/oauth/callback"}, 400, "invalid_redirect_uri"),
        ({"scopes": ["sso:account:access", "openid"]}, 400, "invalid_request"),
    ],
)
async def test_who_is_sent_nowhere(signer, more, status, error):
    await signer.register(browser=True)
    found, place, _, text = await signer.authorize(**more)
    assert (found, place) == (status, "")
    assert error in text


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"scopes": None, "scope": "sso:account:access"}, "invalid_request"),
        ({"scopes": "openid"}, "invalid_scope"),
        ({"scopes": "sso:account:access openid"}, "invalid_scope"),
        ({"response_type": "token"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": "SHA-256"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "c" * 43 + "="}, "invalid_request"),
        ({"code_challenge": "c" * 42}, "invalid_request"),
    ],
)
async def test_what_the_client_is_told_through_the_browser(signer, more, error):
    await signer.register(browser=True)
    status, place, brought, _ = await signer.authorize(**more)
    assert (status, place) == (303, AT_PORT)
    assert (brought["error"], brought["state"]) == (error, "s&t")
    assert "code" not in brought


async def test_a_state_that_is_missing(signer):
    await signer.register(browser=True)
    _, place, brought, _ = await signer.authorize(state=None)
    assert (place, brought["error"]) == (AT_PORT, "invalid_request")
    assert "state" not in brought


@pytest.mark.parametrize("grants", [None, [REFRESH_TOKEN]])
async def test_a_client_for_devices_is_none_for_browsers(signer, grants):
    await signer.register(browser=True, grantTypes=grants)
    _, place, brought, _ = await signer.authorize()
    assert (place, brought["error"]) == (AT_PORT, "unauthorized_client")


async def test_a_registration_that_is_over(signer, clock):
    await signer.register(browser=True)
    clock.advance(90 * 86400)
    assert (await signer.authorize())[0] == 401


async def test_a_wrong_verifier_and_the_code_is_gone(signer, fails):
    code = await signer.code()
    assert await fails(signer.exchange(code, codeVerifier="w" * 64)) == INVALID_GRANT
    assert await fails(signer.exchange(code)) == INVALID_GRANT


@pytest.mark.parametrize("verifier", ["v" * 42, "v" * 129, "v" * 63 + "+", None])
async def test_what_is_no_verifier(signer, fails, verifier):
    code = await signer.code()
    assert await fails(signer.exchange(code, codeVerifier=verifier)) == INVALID_REQUEST
    assert await signer.exchange(code)


async def test_another_redirect_uri(signer, fails):
    code = await signer.code()
    assert await fails(signer.exchange(code, redirectUri=AT_PORT.replace("40123", "40124"))) == INVALID_GRANT


async def test_a_code_is_used_once(signer, fails):
    code = await signer.code()
    assert await signer.exchange(code)
    assert await fails(signer.exchange(code)) == INVALID_GRANT


async def test_a_code_is_good_for_ten_minutes(signer, clock, fails):
    code = await signer.code()
    clock.advance(600)
    assert await fails(signer.exchange(code)) == ("ExpiredTokenException", 400, "expired_token")


async def test_a_code_is_its_clients_own(signer, fails):
    code = await signer.code()
    await signer.register(browser=True)
    assert await fails(signer.exchange(code)) == INVALID_GRANT


async def test_a_code_that_nobody_gave(signer, fails):
    await signer.register(browser=True)
    assert await fails(signer.exchange("guess")) == INVALID_GRANT
    assert await fails(signer.exchange(None)) == INVALID_REQUEST


async def test_the_page_for_devices(signer, http, url):
    await signer.register()
    started = await signer.start()
    async with http.get(started["verificationUriComplete"]) as page:
        assert f'value="{started["userCode"]}"' in await page.text()
    assert signer.sandbox.identity_center.state.sign_ins.get("x") is None
    form = {"user_code": started["userCode"], "answer": "allow"}
    async with http.post(f"{url}/device", data=form) as done:
        assert "You can close this page" in await done.text()
    assert await signer.poll(started)
    async with http.post(f"{url}/device", data=form) as again:
        assert again.status == 400
