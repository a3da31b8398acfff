from datetime import UTC, datetime, timedelta

import pytest

from xacct.sandbox.default_world import MFA_SERIAL, default_world
from xacct.sandbox.server import Sandbox
from xacct.sandbox.sessions import Caps

WRONG_CODE = (
    403,
    "AccessDenied",
    "MultiFactorAuthentication failed with invalid MFA one time pass code.",
)
WRONG_SERIAL = (
    403,
    "AccessDenied",
    (
        "MultiFactorAuthentication failed, unable to validate MFA code.  "
        "Please verify your MFA serial number is valid and associated with this user."
    ),
)
HALF = (
    403,
    "AccessDenied",
    "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
)


def at(seconds):
    return datetime.fromtimestamp(seconds, UTC)


async def test_a_session_lives_twelve_hours_by_default(user, sandbox, clock):
    answer = await user.get_session_token(SerialNumber=MFA_SERIAL, TokenCode=sandbox.code())
    issued = answer["Credentials"]
    assert issued["AccessKeyId"].startswith("ASIA")
    assert issued["Expiration"] == at(clock.now) + timedelta(hours=12)


async def test_a_session_is_the_user(mfa_session, sandbox):
    who = await mfa_session.get_caller_identity()
    assert who["Arn"] == sandbox.world.users[0].arn


async def test_a_wrong_code_is_refused(user, sandbox, refused):
    wrong = f"{(int(sandbox.code()) + 1) % 1_000_000:06d}"
    call = user.get_session_token(SerialNumber=MFA_SERIAL, TokenCode=wrong)
    assert await refused(call) == WRONG_CODE
    assert not sandbox.calls[-1].mfa


async def test_a_used_code_is_refused_with_the_same_sentence(user, sandbox, refused, clock):
    code = sandbox.code()
    await user.get_session_token(SerialNumber=MFA_SERIAL, TokenCode=code)
    clock.advance(25)  # the next step, in which the code would still be valid
    call = user.get_session_token(SerialNumber=MFA_SERIAL, TokenCode=code)
    assert await refused(call) == WRONG_CODE
    assert [c.mfa for c in sandbox.calls] == [True, False]
    await user.get_session_token(SerialNumber=MFA_SERIAL, TokenCode=sandbox.code())


@pytest.mark.parametrize("late", [-30, 30])
async def test_a_code_of_the_step_beside_is_accepted(user, sandbox, clock, late):
    code = sandbox.code()
    clock.advance(late)
    assert await user.get_session_token(SerialNumber=MFA_SERIAL, TokenCode=code)


@pytest.mark.parametrize("late", [-60, 60])
async def test_a_code_two_steps_away_is_refused(user, sandbox, clock, refused, late):
    code = sandbox.code()
    clock.advance(late)
    call = user.get_session_token(SerialNumber=MFA_SERIAL, TokenCode=code)
    assert await refused(call) == WRONG_CODE


async def test_a_wrong_serial_is_refused_and_burns_no_code(user, sandbox, refused):
    call = user.get_session_token(SerialNumber=MFA_SERIAL + "x", TokenCode=sandbox.code())
    assert await refused(call) == WRONG_SERIAL
    assert sandbox.next_code_in() == 0


async def test_half_a_pair_is_refused(user, sandbox, refused):
    assert await refused(user.get_session_token(SerialNumber=MFA_SERIAL)) == HALF
    assert await refused(user.get_session_token(TokenCode=sandbox.code())) == HALF


async def test_temporary_credentials_may_not_call_it(mfa_session, refused, assuming, arn):
    sentence = (403, "AccessDenied", "Cannot call GetSessionToken with session credentials")
    assert await refused(mfa_session.get_session_token()) == sentence
    role = assuming(await mfa_session.assume_role(RoleArn=arn("prod"), RoleSessionName="me"))
    assert await refused(role.get_session_token()) == sentence


@pytest.mark.parametrize(
    ("seconds", "border"),
    [
        (899, "greater than or equal to 900"),
        (-1, "greater than or equal to 900"),
        (129601, "less than or equal to 129600"),
    ],
)
async def test_durations_out_of_range(user, refused, seconds, border):
    assert await refused(user.get_session_token(DurationSeconds=seconds)) == (
        400,
        "ValidationError",
        (
            f"1 validation error detected: Value '{seconds}' at 'durationSeconds' "
            f"failed to satisfy constraint: Member must have value {border}"
        ),
    )


@pytest.mark.parametrize("seconds", [900, 129600])
async def test_durations_in_range(user, clock, seconds):
    answer = await user.get_session_token(DurationSeconds=seconds)
    assert answer["Credentials"]["Expiration"] == at(clock.now) + timedelta(seconds=seconds)


async def test_a_code_of_the_wrong_form(user, refused):
    status, code, sentence = await refused(user.get_session_token(SerialNumber=MFA_SERIAL, TokenCode="12x"))
    assert (status, code) == (400, "ValidationError")
    assert sentence == (
        "2 validation errors detected: Value '12x' at 'tokenCode' failed to satisfy constraint: "
        "Member must have length greater than or equal to 6; Value '12x' at 'tokenCode' failed "
        "to satisfy constraint: Member must satisfy regular expression pattern: [\\d]*"
    )


async def test_a_session_ends(mfa_session, clock, refused):
    clock.advance(12 * 3600 - 1)
    assert await mfa_session.get_caller_identity()
    clock.advance(1)
    assert await refused(mfa_session.get_caller_identity()) == (
        403,
        "ExpiredToken",
        "The security token included in the request is expired",
    )


async def test_the_longest_life_caps_what_is_issued(clock, connect, refused):
    brief = Sandbox(default_world(), clock=clock, caps=Caps(session=8))
    key = brief.world.users[0].keys[0]
    async with brief.serve() as url:
        user = connect(key.key_id, key.secret, endpoint=url)
        issued = (await user.get_session_token(DurationSeconds=900))["Credentials"]
        assert issued["Expiration"] == at(clock.now) + timedelta(seconds=8)
        assert (await refused(user.get_session_token(DurationSeconds=8)))[1] == "ValidationError"
        taken = connect(issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"], endpoint=url)
        clock.advance(8)
        assert (await refused(taken.get_caller_identity()))[1] == "ExpiredToken"
