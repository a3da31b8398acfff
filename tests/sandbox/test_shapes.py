"""The shapes of answers, compared to moto's: same members, same types."""

import asyncio
import json

import pytest
from moto.server import ThreadedMotoServer

from xacct.sandbox.default_world import MFA_SERIAL


@pytest.fixture(scope="module")
def moto():
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def shape(value):
    """Return a parsed answer's members with types in place of values."""
    if isinstance(value, dict):
        return {k: shape(v) for k, v in value.items() if k != "ResponseMetadata"}
    return type(value)


@pytest.mark.parametrize(
    ("operation", "extra"),
    [
        ("get_caller_identity", {}),
        ("get_access_key_info", {"AccessKeyId": "AKIAQAAAAAAAAAAAAAAA"}),
        ("get_session_token", {"SerialNumber": MFA_SERIAL, "TokenCode": None}),
        (
            "assume_role",
            {
                "RoleArn": "arn:aws:iam::234567890123:role/cross-account-role-name",
                "RoleSessionName": "me",
                # AWS counts a packed size only where there is something to pack; moto always does.
                "Policy": json.dumps({"Version": "2012-10-17", "Statement": []}),
                "SerialNumber": MFA_SERIAL,
                "TokenCode": None,
            },
        ),
    ],
)
async def test_answers_have_the_shape_of_motos(moto, connect, user, sandbox, operation, extra):
    given = extra | ({"TokenCode": sandbox.code()} if "TokenCode" in extra else {})
    key = sandbox.world.users[0].keys[0]
    theirs = connect(key.key_id, key.secret, endpoint=moto)
    expected, actual = await asyncio.gather(getattr(theirs, operation)(**given), getattr(user, operation)(**given))
    assert shape(actual) == shape(expected)
    assert actual["ResponseMetadata"]["RequestId"]
