"""The device flow: codes, polls, a human's answer, and what ends each."""

import re
from dataclasses import replace

import pytest

from xacct.sandbox.identity_center.default import OTHER_USER, START_URL
from xacct.sandbox.identity_center.device import AnswerError
from xacct.sandbox.identity_center.registration import DEVICE_CODE

PENDING = ("AuthorizationPendingException", 400, "authorization_pending")
SLOW_DOWN = ("SlowDownException", 400, "slow_down")
EXPIRED = ("ExpiredTokenException", 400, "expired_token")
INVALID = ("InvalidGrantException", 400, "invalid_grant")


@pytest.fixture
async def started(signer):
    await signer.register()
    return await signer.start()


async def test_what_a_device_shows(started, url):
    assert re.fullmatch(r"[A-Z]{4}-[A-Z]{4}", started["userCode"])
    assert started["verificationUri"] == f"{url}/device"
    assert started["verificationUriComplete"] == f"{url}/device?user_code={started['userCode']}"
    assert (started["expiresIn"], started["interval"]) == (600, 1)


@pytest.mark.parametrize("end", ["", "/", "/#/", "#/"])
async def test_a_start_url_as_people_copy_it(signer, oidc, end):
    await signer.register()
    assert await oidc.start_device_authorization(**signer.keys, startUrl=START_URL + end)


async def test_a_start_url_of_nobody(signer, oidc, fails):
    await signer.register()
    call = oidc.start_device_authorization(**signer.keys, startUrl="https://d-0000000000.awsapps.com/start")
    assert await fails(call) == ("InvalidRequestException", 400, "invalid_request")


async def test_several_instances(signer, oidc, portal, sandbox, fails):
    [first] = sandbox.world.instances
    url = "https://d-2222222222.awsapps.com/start"
    other = replace(first, start_url=url, users=("you@example.com",), assignments=(), session_seconds=7200)
    sandbox.world = replace(sandbox.world, instances=(first, other))
    await signer.register()
    started = await oidc.start_device_authorization(**signer.keys, startUrl=url)
    with pytest.raises(AnswerError, match="no such user"):
        sandbox.identity_center.answer(user="me@example.com")
    sandbox.identity_center.answer()
    token = await signer.poll(started)
    assert sandbox.calls[-1].principal == "you@example.com"
    assert (await portal.list_accounts(accessToken=token["accessToken"]))["accountList"] == []
    await signer.register(issuerUrl=START_URL)
    call = oidc.start_device_authorization(**signer.keys, startUrl=url)
    assert await fails(call) == ("InvalidRequestException", 400, "invalid_request")


async def test_nobody_has_answered_then_somebody_has(signer, sandbox, started, clock, fails):
    assert await fails(signer.poll(started)) == PENDING
    clock.advance(1)
    sandbox.identity_center.answer(started["userCode"].lower())
    token = await signer.poll(started)
    assert token["tokenType"] == "Bearer"
    assert token["expiresIn"] == 3600
    assert token["accessToken"] != token["refreshToken"]


async def test_who_asks_too_often_has_to_wait_five_seconds_more(signer, started, clock, fails):
    assert await fails(signer.poll(started)) == PENDING
    clock.advance(0.9)
    assert await fails(signer.poll(started)) == SLOW_DOWN
    clock.advance(5.9)
    assert await fails(signer.poll(started)) == SLOW_DOWN
    clock.advance(11)
    assert await fails(signer.poll(started)) == PENDING


async def test_a_code_is_good_for_ten_minutes(signer, sandbox, started, clock, fails):
    clock.advance(599)
    assert await fails(signer.poll(started)) == PENDING
    clock.advance(1)
    assert await fails(signer.poll(started)) == EXPIRED
    with pytest.raises(AnswerError, match="No sign-in waits for this code"):
        sandbox.identity_center.answer(started["userCode"])


async def test_a_code_that_was_allowed_in_time_is_over_as_well(signer, sandbox, started, clock, fails):
    sandbox.identity_center.answer()
    clock.advance(600)
    assert await fails(signer.poll(started)) == EXPIRED


async def test_a_no(signer, sandbox, started, fails):
    sandbox.identity_center.answer(allow=False)
    assert await fails(signer.poll(started)) == ("AccessDeniedException", 400, "access_denied")


async def test_a_code_is_used_once(signer, sandbox, started, fails):
    sandbox.identity_center.answer()
    assert await signer.poll(started)
    assert await fails(signer.poll(started)) == INVALID


async def test_a_code_is_its_clients_own(signer, sandbox, started, fails):
    sandbox.identity_center.answer()
    await signer.register()
    assert await fails(signer.poll(started)) == INVALID


async def test_a_code_that_nobody_gave(signer, fails):
    await signer.register()
    assert await fails(signer.poll({"deviceCode": "guess"})) == INVALID


async def test_a_grant_that_there_is_not(signer, oidc, started, fails):
    call = oidc.create_token(**signer.keys, grantType="password", deviceCode=started["deviceCode"])
    assert await fails(call) == ("UnsupportedGrantTypeException", 400, "unsupported_grant_type")


async def test_a_code_that_is_missing(signer, oidc, fails):
    await signer.register()
    call = oidc.create_token(**signer.keys, grantType=DEVICE_CODE)
    assert await fails(call) == ("InvalidRequestException", 400, "invalid_request")


async def test_which_of_several(signer, sandbox, started):
    await signer.start()
    with pytest.raises(AnswerError, match="Several sign-ins wait"):
        sandbox.identity_center.answer()
    sandbox.identity_center.answer(started["userCode"], user=OTHER_USER)
    assert await signer.poll(started)
    assert sandbox.calls[-1].principal == OTHER_USER


async def test_a_user_that_there_is_not(sandbox, started):
    with pytest.raises(AnswerError, match="no such user"):
        sandbox.identity_center.answer(started["userCode"], user="nobody@example.com")
    sandbox.identity_center.answer(started["userCode"])
