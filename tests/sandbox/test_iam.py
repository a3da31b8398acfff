"""IAM's few calls by an unmodified SDK: a user's access keys, and who is told of which MFA devices."""

from dataclasses import replace
from functools import partial

import pytest

from xacct.sandbox.default_world import MFA_SERIAL, SECURITY_KEY
from xacct.sandbox.world import KEY_ACTIONS, MfaDevice, User


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


# MFA devices.


def of(iam, answer):
    issued = answer["Credentials"]
    return iam(issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"])


async def test_a_user_is_told_of_all_its_devices_with_the_key_and_with_a_session_of_a_code(iam, mine, user, sandbox):
    by_code = await user.get_session_token(SerialNumber=MFA_SERIAL, TokenCode=sandbox.code())
    for client in (mine, of(iam, by_code)):
        answer = await client.list_mfa_devices()
        assert [device["SerialNumber"] for device in answer["MFADevices"]] == [MFA_SERIAL, SECURITY_KEY]
        assert {device["UserName"] for device in answer["MFADevices"]} == {"MyIAMUsername"}
        assert answer["MFADevices"][0]["EnableDate"].timestamp() == 1_700_000_000
        assert answer["IsTruncated"] is False
    assert [call.service for call in sandbox.calls] == ["sts", "iam", "iam"]
    assert {call.principal for call in sandbox.calls} == {sandbox.world.users[0].arn}


async def test_pages(mine):
    first = await mine.list_mfa_devices(MaxItems=1)
    second = await mine.list_mfa_devices(MaxItems=1, Marker=first["Marker"])
    assert [page["MFADevices"][0]["SerialNumber"] for page in (first, second)] == [MFA_SERIAL, SECURITY_KEY]
    assert [page["IsTruncated"] for page in (first, second)] == [True, False]


async def test_a_session_without_a_code_is_told_nothing(iam, user, refused):
    client = of(iam, await user.get_session_token())
    assert (await refused(client.list_mfa_devices()))[1] == "InvalidClientTokenId"


async def test_a_role_has_to_name_the_user(iam, user, refused):
    opened = await user.assume_role(RoleArn="arn:aws:iam::234567890123:role/open-role", RoleSessionName="me")
    status, code, said = await refused(of(iam, opened).list_mfa_devices())
    assert (status, code) == (400, "ValidationError")
    assert said == "Must specify userName when calling with non-User credentials"


async def test_whom_no_policy_allows_it_is_told_so(mine, sandbox, refused):
    change(sandbox, iam=KEY_ACTIONS)
    status, code, said = await refused(mine.list_mfa_devices())
    assert (status, code) == (403, "AccessDenied")
    assert said.startswith(
        f"User: {sandbox.world.users[0].arn} is not authorized to perform: iam:ListMFADevices on resource: user My"
    )


async def test_another_user_of_the_account_alone_can_be_named(mine, sandbox, refused):
    other = User("other", "123456789012", (), MfaDevice("GAHT12345678", "A" * 32))
    stranger = User("stranger", "999999999999", (), MfaDevice("GAHT99999999", "A" * 32))
    sandbox.world = replace(sandbox.world, users=(*sandbox.world.users, other, stranger))
    answer = await mine.list_mfa_devices(UserName="other")
    assert [device["SerialNumber"] for device in answer["MFADevices"]] == ["GAHT12345678"]
    assert (await refused(mine.list_mfa_devices(UserName="stranger")))[:2] == (404, "NoSuchEntity")


async def test_a_signature_for_sts_is_none_for_iam(user, monkeypatch, sandbox, refused):
    monkeypatch.setattr(sandbox.sts, "answer", in_the_name_of_iam(sandbox.sts.answer))
    _, code, said = await refused(user.get_caller_identity())
    assert code == "SignatureDoesNotMatch"
    assert "Credential should be scoped to correct service: 'iam'." in said


def in_the_name_of_iam(answer):
    """What is sent to STS, taken for what is sent to IAM: its signature alone is another."""

    def asked(wire, given, call, *rest):
        call.service = "iam"
        return answer(wire, {"Action": "ListMFADevices", "Version": "2010-05-08"}, call, *rest)

    return asked


@pytest.mark.parametrize("kind", ["invalid-key", "throttling", "503"])
async def test_faults_strike_it_by_its_name(mine, user, sandbox, refused, kind):
    sandbox.faults.add(kind, service="iam")
    await user.get_caller_identity()
    assert await refused(mine.list_mfa_devices())
    assert (await mine.list_mfa_devices())["MFADevices"]


async def test_an_action_of_the_other_service_is_none(mine, user, refused, sandbox):
    assert (await refused(mine.get_user()))[1] == "InvalidAction"
    assert [call.service for call in sandbox.calls] == ["iam"]


async def test_a_code_of_a_security_key_is_none(user, sandbox, refused):
    _, code, said = await refused(user.get_session_token(SerialNumber=SECURITY_KEY, TokenCode=sandbox.code()))
    assert code == "AccessDenied"
    assert "unable to validate MFA code" in said


async def test_every_device_with_a_seed_takes_its_own_codes(user, sandbox, refused):
    second = MfaDevice("arn:aws:iam::123456789012:mfa/second", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
    change(sandbox, more_devices=(second,))
    code = sandbox.sts.state.history.code(second, sandbox.clock())
    assert await refused(user.get_session_token(SerialNumber=MFA_SERIAL, TokenCode=code))
    await user.get_session_token(SerialNumber=second.serial, TokenCode=code)
    assert sandbox.calls[-1].mfa
