"""What the console login gives for a code and for a refresh token, and what it refuses."""

import base64
import json

import pytest
from botocore.exceptions import ClientError

ME = "arn:aws:iam::123456789012:user/MyIAMUsername"
SAME = "arn:aws:signin:::devtools/same-device"
CROSS = "arn:aws:signin:::devtools/cross-device"
CALLBACK = "http://127.0.0.1:40123/oauth/callback"


def claims_of(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


async def test_a_code_gives_credentials_of_the_user_and_says_who_that_is(program, connect):
    given = await program.signed_in()
    assert given["tokenType"] == "aws_sigv4"
    assert given["expiresIn"] == 900
    assert claims_of(given["idToken"])["sub"] == ME
    keys = given["accessToken"]
    sts = connect(keys["accessKeyId"], keys["secretAccessKey"], keys["sessionToken"])
    assert (await sts.get_caller_identity())["Arn"] == ME


async def test_the_credentials_end_after_a_quarter_of_an_hour(program, clock, connect):
    keys = (await program.signed_in())["accessToken"]
    clock.advance(900)
    sts = connect(keys["accessKeyId"], keys["secretAccessKey"], keys["sessionToken"])
    with pytest.raises(ClientError, match="ExpiredToken"):
        await sts.get_caller_identity()


async def test_refresh_tokens_rotate_and_each_is_good_once(program):
    first = await program.signed_in()
    status, second = await program.refresh(first["refreshToken"])
    assert (status, "idToken" in second) == (200, False)
    assert second["refreshToken"] != first["refreshToken"]
    assert (await program.refresh(first["refreshToken"]))[1]["error"] == "TOKEN_EXPIRED"
    assert (await program.refresh(second["refreshToken"]))[0] == 200


async def test_nothing_is_refreshed_after_twelve_hours(program, clock):
    token = (await program.signed_in())["refreshToken"]
    for _ in range(47):
        clock.advance(900)
        status, given = await program.refresh(token)
        assert status == 200
        token = given["refreshToken"]
    clock.advance(899)
    _, given = await program.refresh(token)
    assert given["expiresIn"] == 1, "the last ones end with the sign-in"
    clock.advance(1)
    status, refused = await program.refresh(given["refreshToken"])
    assert (status, refused["error"]) == (401, "TOKEN_EXPIRED")


async def test_what_was_revoked_is_not_refreshed(program, sandbox):
    token = (await program.signed_in())["refreshToken"]
    assert sandbox.console_login.revoke() == 1
    status, refused = await program.refresh(token)
    assert (status, refused["error"]) == (403, "USER_CREDENTIALS_CHANGED")


@pytest.mark.parametrize(
    ("wrong", "status", "error"),
    [
        ({"codeVerifier": "w" * 64}, 400, "INVALID_REQUEST"),
        ({"codeVerifier": "short"}, 400, "INVALID_REQUEST"),
        ({"redirectUri": "http://127.0.0.1:40124/oauth/callback"}, 400, "INVALID_REQUEST"),
        ({"clientId": CROSS}, 401, "AUTHCODE_EXPIRED"),
        ({"clientId": "arn:aws:signin:::devtools/other"}, 400, "INVALID_REQUEST"),
        ({"code": "another"}, 401, "AUTHCODE_EXPIRED"),
    ],
)
async def test_a_code_is_good_for_what_it_was_given_for_alone(program, wrong, status, error):
    code = wrong.get("code") or await program.code()
    answered, refused = await program.redeem(code, **{name: value for name, value in wrong.items() if name != "code"})
    assert (answered, refused["error"]) == (status, error)


async def test_a_code_is_good_once(program):
    code = await program.code()
    assert (await program.redeem(code))[0] == 200
    assert (await program.redeem(code))[1]["error"] == "AUTHCODE_EXPIRED"


async def test_a_code_ends_after_ten_minutes(program, clock):
    code = await program.code()
    clock.advance(600)
    assert (await program.redeem(code))[1]["error"] == "AUTHCODE_EXPIRED"


async def test_a_refresh_token_is_its_clients(program):
    token = (await program.signed_in())["refreshToken"]
    assert (await program.refresh(token, clientId=CROSS))[1]["error"] == "TOKEN_EXPIRED"


@pytest.mark.parametrize("kind", ["throttling", "500", "503", "invalid-key"])
async def test_faults(program, sandbox, kind):
    code = await program.code()
    sandbox.faults.add(kind, service="signin")
    statuses = {"throttling": 429, "500": 500, "503": 503, "invalid-key": 403}
    assert (await program.redeem(code))[0] == statuses[kind]
    assert (await program.redeem(code))[0] == 200
    assert [call.service for call in sandbox.calls[-2:]] == ["signin", "signin"]
