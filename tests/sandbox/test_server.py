import asyncio
import json

import aiohttp
import pytest
from aiobotocore.session import get_session
from botocore.exceptions import ClientError, ConnectionClosedError

from xacct.sandbox.default_world import MFA_SERIAL, default_world
from xacct.sandbox.server import Sandbox
from xacct.sandbox.totp import CodeUsedUpError
from xacct.sandbox.world import World

NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"


@pytest.fixture
async def http():
    async with aiohttp.ClientSession() as http:
        yield http


async def text(answer):
    async with answer as response:
        return response.status, await response.text()


async def test_a_success_in_xml(user, sandbox, http, url, session):
    key = sandbox.world.users[0].keys[0]
    client = session.create_client(
        "sts",
        endpoint_url=url,
        aws_access_key_id=key.key_id,
        aws_secret_access_key=key.secret,
    )
    presigned = client.generate_presigned_url("get_caller_identity", HttpMethod="GET")
    client.close()
    async with http.get(presigned) as answer:
        body = await answer.text()
        request_id = answer.headers["x-amzn-RequestId"]
        assert answer.content_type == "text/xml"
        assert answer.headers["Date"] == "Fri, 15 Jan 2027 08:00:05 GMT"
    assert body == (
        f'<GetCallerIdentityResponse xmlns="{NAMESPACE}"><GetCallerIdentityResult>'
        "<Arn>arn:aws:iam::123456789012:user/MyIAMUsername</Arn>"
        f"<UserId>{sandbox.world.users[0].user_id}</UserId>"
        "<Account>123456789012</Account></GetCallerIdentityResult>"
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
        "</GetCallerIdentityResponse>\n"
    )


async def test_a_refusal_in_xml(http, url):
    async with http.get(f"{url}/?Action=GetCallerIdentity&Version=2011-06-15") as answer:
        assert answer.status == 403
        assert await answer.text() == (
            f'<ErrorResponse xmlns="{NAMESPACE}"><Error><Type>Sender</Type>'
            "<Code>MissingAuthenticationToken</Code>"
            "<Message>Request is missing Authentication Token</Message></Error>"
            f"<RequestId>{answer.headers['x-amzn-RequestId']}</RequestId></ErrorResponse>\n"
        )


@pytest.mark.parametrize(
    ("form", "code", "sentence"),
    [
        (
            {"Action": "GetFederationToken", "Version": "2011-06-15"},
            "InvalidAction",
            "Could not find operation GetFederationToken for version 2011-06-15",
        ),
        (
            {"Action": "GetCallerIdentity"},
            "InvalidAction",
            "Could not find operation GetCallerIdentity for version NO_VERSION_SPECIFIED",
        ),
        (
            {"Action": "<&\x00>", "Version": "1"},
            "InvalidAction",
            "Could not find operation &lt;&amp;\ufffd&gt; for version 1",
        ),
        ({}, "MissingAction", "The request must contain the parameter Action."),
    ],
)
async def test_actions_it_does_not_have(http, url, form, code, sentence):
    status, body = await text(http.post(url, data=form))
    assert status == 400
    assert f"<Code>{code}</Code><Message>{sentence}</Message>" in body


async def test_aiobotocore_talks_to_it(sandbox, url):
    key = sandbox.world.users[0].keys[0]
    async with get_session().create_client(
        "sts",
        region_name="us-west-2",
        endpoint_url=url,
        aws_access_key_id=key.key_id,
        aws_secret_access_key=key.secret,
    ) as client:
        answer = await client.get_session_token(SerialNumber=MFA_SERIAL, TokenCode=sandbox.code())
    assert answer["Credentials"]["SessionToken"]


async def test_calls_are_recorded_and_forgotten(user, mfa_session, arn, refused, http, url, clock):
    clock.advance(1)
    await refused(user.assume_role(RoleArn=arn("prod"), RoleSessionName="me"))
    _, body = await text(http.get(f"{url}/_sandbox/calls"))
    arn_of_user = "arn:aws:iam::123456789012:user/MyIAMUsername"
    assert json.loads(body) == [
        {
            "action": "GetSessionToken",
            "principal": arn_of_user,
            "mfa": True,
            "role_arn": None,
            "status": 200,
            "error": None,
            "time": clock.now - 1,
            "service": "sts",
            "grant": None,
            "description": None,
        },
        {
            "action": "AssumeRole",
            "principal": arn_of_user,
            "mfa": False,
            "role_arn": arn("prod"),
            "status": 403,
            "error": "AccessDenied",
            "time": clock.now,
            "service": "sts",
            "grant": None,
            "description": None,
        },
    ]
    assert (await text(http.delete(f"{url}/_sandbox/calls")))[0] == 204
    assert json.loads((await text(http.get(f"{url}/_sandbox/calls")))[1]) == []


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("throttling", 400, "Throttling"),
        ("500", 500, "InternalFailure"),
        ("503", 503, "ServiceUnavailable"),
        ("invalid-key", 403, "InvalidClientTokenId"),
    ],
)
async def test_the_next_calls_fail(user, refused, http, url, sandbox, kind, status, code):
    answer = await text(http.post(f"{url}/_sandbox/faults", json={"kind": kind, "calls": 2}))
    assert answer[0] == 200
    for _ in range(2):
        assert (await refused(user.get_caller_identity()))[:2] == (status, code)
    assert await user.get_caller_identity()
    assert [(c.status, c.error) for c in sandbox.calls] == [(status, code)] * 2 + [(200, None)]


async def test_throttling_says_so(user, refused, sandbox):
    sandbox.faults.add("throttling")
    assert await refused(user.get_caller_identity()) == (400, "Throttling", "Rate exceeded")


async def test_a_faulty_call_burns_no_code(user, refused, sandbox):
    sandbox.faults.add("503")
    await refused(user.get_session_token(SerialNumber=MFA_SERIAL, TokenCode=sandbox.code()))
    assert sandbox.next_code_in() == 0


async def test_expired_tokens_leave_the_users_key_alone(user, mfa_session, refused, sandbox):
    sandbox.faults.add("expired-token")
    assert await user.get_caller_identity()
    assert (await refused(mfa_session.get_caller_identity()))[1] == "ExpiredToken"
    assert await mfa_session.get_caller_identity()


async def test_invalid_keys_leave_sessions_alone(user, mfa_session, refused, sandbox):
    sandbox.faults.add("invalid-key")
    assert await mfa_session.get_caller_identity()
    assert (await refused(user.get_caller_identity()))[1] == "InvalidClientTokenId"


async def test_faults_for_some_seconds(user, refused, sandbox, clock):
    sandbox.faults.add("503", seconds=10)
    for _ in range(3):
        assert (await refused(user.get_caller_identity()))[0] == 503
    clock.advance(10)
    assert await user.get_caller_identity()


async def test_a_delay(user, sandbox, sleeps):
    sandbox.faults.add("delay", delay=7.5)
    assert await user.get_caller_identity()
    assert await user.get_caller_identity()
    assert sleeps == [7.5]


async def test_a_delay_and_a_failure_combine(user, refused, sandbox, sleeps):
    sandbox.faults.add("delay", delay=7.5)
    sandbox.faults.add("500")
    assert (await refused(user.get_caller_identity()))[0] == 500
    assert sleeps == [7.5]


async def test_a_skew_shows_in_the_date(user, sandbox):
    sandbox.faults.add("skew", skew=-60)
    for date in ("Fri, 15 Jan 2027 07:59:05 GMT", "Fri, 15 Jan 2027 08:00:05 GMT"):
        answer = await user.get_caller_identity()
        assert answer["ResponseMetadata"]["HTTPHeaders"]["date"] == date


async def test_a_reset(user, sandbox, url):
    sandbox.faults.add("reset", calls=2)
    with pytest.raises(ConnectionClosedError):
        await user.get_caller_identity()
    assert (sandbox.calls[-1].status, sandbox.calls[-1].error) == (0, None)
    port = int(url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /?Action=GetCallerIdentity HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.transport.abort()


async def test_faults_are_cleared(user, sandbox, http, url):
    sandbox.faults.add("500", calls=99)
    assert (await text(http.delete(f"{url}/_sandbox/faults")))[0] == 204
    assert await user.get_caller_identity()


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ('{"kind": "fire"}', "Unknown fault kind 'fire'. Use one of: throttling, 500, 503, reset,"),
        ("{}", "Field 'kind' is missing."),
        ("[]", "The body must be a JSON object"),
        ("{", "The body must be a JSON object"),
        ('{"kind": "500", "calls": 0}', "calls must be a whole number above 0."),
        ('{"kind": "500", "calls": true}', "Field 'calls' can't be True."),
        ('{"kind": "500", "calls": 1.5}', "Field 'calls' can't be 1.5."),
        ('{"kind": "500", "seconds": -1}', "seconds must be a number above 0."),
        ('{"kind": "500", "seconds": NaN}', "seconds must be a number above 0."),
        ('{"kind": "delay", "delay": -1}', "delay must be 0 or more seconds"),
        ('{"kind": "skew", "skew": Infinity}', "delay must be 0 or more seconds, skew a number"),
        ('{"kind": "500", "cals": 1}', "Unknown field 'cals'. Use kind, calls, seconds,"),
    ],
)
async def test_nonsense_faults(http, url, sandbox, body, sentence):
    status, told = await text(http.post(f"{url}/_sandbox/faults", data=body))
    assert status == 400
    assert json.loads(told)["error"].startswith(sentence)
    assert sandbox.faults.take(*("500", "delay", "skew")) is None


async def test_used_steps_are_told(user, sandbox, http, url, clock):
    await user.get_session_token(SerialNumber=MFA_SERIAL, TokenCode=sandbox.code())
    _, body = await text(http.get(f"{url}/_sandbox/mfa"))
    assert json.loads(body) == {
        "serial": MFA_SERIAL,
        "step_seconds": 30,
        "time": clock.now,
        "used_steps": [int(clock.now) // 30],
    }


async def test_codes_of_the_embedded_sandbox(user, sandbox, clock):
    assert sandbox.next_code_in() == 0
    await user.get_session_token(SerialNumber=MFA_SERIAL, TokenCode=sandbox.code())
    assert sandbox.next_code_in() == 25
    with pytest.raises(CodeUsedUpError) as caught:
        sandbox.code()
    assert caught.value.seconds == 25
    clock.advance(25)
    assert len(sandbox.code()) == 6


def test_a_world_without_a_device_has_no_codes(clock):
    with pytest.raises(LookupError, match="No user of this world has an MFA device"):
        Sandbox(World(), clock=clock).code()


async def test_a_taken_port_is_an_os_error(url):
    with pytest.raises(OSError, match="address already in use"):
        async with Sandbox(default_world()).serve(int(url.rpartition(":")[2])):
            pass


async def test_a_parameter_of_the_wrong_type(user):
    with pytest.raises(ClientError, match="MalformedInput"):
        await user.get_session_token(DurationSeconds="soon")
