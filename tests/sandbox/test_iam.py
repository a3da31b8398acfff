"""IAM's few calls by botocore: two keys at most, a delay before a new one works, MFA where a policy wants it."""

from dataclasses import replace
from functools import partial

import pytest


@pytest.fixture
def iam(connect):
    """Return a maker of IAM clients."""
    return partial(connect, service="iam")


@pytest.fixture
def mine(iam, sandbox):
    key = sandbox.world.users[0].keys[0]
    return iam(key.key_id, key.secret)


def change(sandbox, **how):
    user = replace(sandbox.world.users[0], **how)
    sandbox.world = replace(sandbox.world, users=(user, *sandbox.world.users[1:]))


async def test_a_user_has_two_keys_at_most(mine, sandbox, refused):
    made = (await mine.create_access_key(UserName="MyIAMUsername"))["AccessKey"]
    assert made["Status"] == "Active"
    assert (await refused(mine.create_access_key()))[:2] == (409, "LimitExceeded")
    there = (await mine.list_access_keys())["AccessKeyMetadata"]
    assert [key["AccessKeyId"] for key in there] == [key.key_id for key in sandbox.world.users[0].keys]
    assert "SecretAccessKey" not in there[1]
    await mine.delete_access_key(AccessKeyId=made["AccessKeyId"])
    assert len((await mine.list_access_keys())["AccessKeyMetadata"]) == 1
    assert (await refused(mine.delete_access_key(AccessKeyId=made["AccessKeyId"])))[:2] == (404, "NoSuchEntity")


async def test_a_new_key_works_a_little_later(mine, sandbox, clock, connect, refused):
    sandbox.world = replace(sandbox.world, key_delay=5.0)
    made = (await mine.create_access_key())["AccessKey"]
    client = connect(made["AccessKeyId"], made["SecretAccessKey"])
    assert (await refused(client.get_caller_identity()))[1] == "InvalidClientTokenId"
    clock.advance(5)
    assert (await client.get_caller_identity())["Arn"].endswith(":user/MyIAMUsername")


async def test_an_inactive_key_is_none_and_its_sessions_go_on(mine, sandbox, mfa_session, user, refused):
    [key] = sandbox.world.users[0].keys
    made = (await mine.create_access_key())["AccessKey"]
    await mine.update_access_key(AccessKeyId=key.key_id, Status="Inactive")
    assert (await refused(user.get_caller_identity()))[1] == "InvalidClientTokenId"
    assert (await mfa_session.get_caller_identity())["Arn"].endswith(":user/MyIAMUsername")
    assert made["AccessKeyId"] != key.key_id


async def test_a_policy_may_want_mfa_which_a_session_with_a_code_has(mine, iam, sandbox, user, refused):
    change(sandbox, iam_wants_mfa=True)
    assert (await refused(mine.list_access_keys()))[:2] == (403, "AccessDenied")
    plain = (await user.get_session_token())["Credentials"]
    without = iam(plain["AccessKeyId"], plain["SecretAccessKey"], plain["SessionToken"])
    assert (await refused(without.list_access_keys()))[1] == "InvalidClientTokenId"
    code = partial(user.get_session_token, SerialNumber=sandbox.device.serial, TokenCode=sandbox.code())
    given = (await code())["Credentials"]
    there = await iam(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]).list_access_keys()
    assert len(there["AccessKeyMetadata"]) == 1


async def test_what_a_user_may_not_do_is_denied(mine, sandbox, refused):
    change(sandbox, iam=frozenset({"iam:ListAccessKeys"}))
    await mine.list_access_keys()
    status, code, sentence = await refused(mine.create_access_key())
    assert (status, code) == (403, "AccessDenied")
    assert "is not authorized to perform: iam:CreateAccessKey" in sentence
    assert (await refused(mine.list_access_keys(UserName="Another")))[1] == "AccessDenied"


async def test_when_a_key_was_used_last_is_known(mine, sandbox, clock, connect):
    made = (await mine.create_access_key())["AccessKey"]
    used = (await mine.get_access_key_last_used(AccessKeyId=made["AccessKeyId"]))["AccessKeyLastUsed"]
    assert "LastUsedDate" not in used
    clock.advance(60)
    await connect(made["AccessKeyId"], made["SecretAccessKey"]).get_caller_identity()
    used = (await mine.get_access_key_last_used(AccessKeyId=made["AccessKeyId"]))["AccessKeyLastUsed"]
    assert used["LastUsedDate"].timestamp() == clock.now - clock.now % 1
    assert used["ServiceName"] == "sts"


async def test_a_signature_has_to_be_for_iam(mine, sandbox, refused):
    mine._client._request_signer._signing_name = "sts"
    status, code, sentence = await refused(mine.list_access_keys())
    assert (status, code) == (403, "SignatureDoesNotMatch")
    assert "correct service: 'iam'" in sentence
    assert sandbox.calls[-1].service == "iam"
