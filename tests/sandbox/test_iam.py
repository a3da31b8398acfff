"""ListMFADevices by an unmodified SDK: who is told of which devices."""

from dataclasses import replace

import pytest
from botocore.config import Config

from xacct.sandbox.default_world import MFA_SERIAL, SECURITY_KEY
from xacct.sandbox.world import MfaDevice, User


@pytest.fixture
def iam(session, url, connect):
    """Return a maker of IAM clients, from an answer of STS's or with the user's key."""

    def make(key_id, secret, token=None):
        config = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
        client = session.create_client(
            "iam",
            endpoint_url=url,
            aws_access_key_id=key_id,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=config,
        )
        return type(connect(key_id, secret))(client)

    return make


@pytest.fixture
def owner(iam, sandbox):
    [key] = sandbox.world.users[0].keys
    return iam(key.key_id, key.secret)


def of(iam, answer):
    issued = answer["Credentials"]
    return iam(issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"])


async def test_a_user_is_told_of_all_its_devices_with_the_key_and_with_a_session_of_a_code(iam, owner, user, sandbox):
    by_code = await user.get_session_token(SerialNumber=MFA_SERIAL, TokenCode=sandbox.code())
    for client in (owner, of(iam, by_code)):
        answer = await client.list_mfa_devices()
        assert [device["SerialNumber"] for device in answer["MFADevices"]] == [MFA_SERIAL, SECURITY_KEY]
        assert {device["UserName"] for device in answer["MFADevices"]} == {"MyIAMUsername"}
        assert answer["MFADevices"][0]["EnableDate"].timestamp() == 1_700_000_000
        assert answer["IsTruncated"] is False
    assert [call.service for call in sandbox.calls] == ["sts", "iam", "iam"]
    assert {call.principal for call in sandbox.calls} == {sandbox.world.users[0].arn}


async def test_pages(owner):
    first = await owner.list_mfa_devices(MaxItems=1)
    second = await owner.list_mfa_devices(MaxItems=1, Marker=first["Marker"])
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


async def test_whom_no_policy_allows_it_is_told_so(owner, sandbox, refused):
    [first, *rest] = sandbox.world.users
    sandbox.world = replace(sandbox.world, users=(replace(first, denied=frozenset({"iam:ListMFADevices"})), *rest))
    status, code, said = await refused(owner.list_mfa_devices())
    assert (status, code) == (403, "AccessDenied")
    assert said.startswith(f"User: {first.arn} is not authorized to perform: iam:ListMFADevices on resource: user My")


async def test_another_user_of_the_account_alone_can_be_named(owner, sandbox, refused):
    other = User("other", "123456789012", (), MfaDevice("GAHT12345678", "A" * 32))
    stranger = User("stranger", "999999999999", (), MfaDevice("GAHT99999999", "A" * 32))
    sandbox.world = replace(sandbox.world, users=(*sandbox.world.users, other, stranger))
    answer = await owner.list_mfa_devices(UserName="other")
    assert [device["SerialNumber"] for device in answer["MFADevices"]] == ["GAHT12345678"]
    assert (await refused(owner.list_mfa_devices(UserName="stranger")))[:2] == (404, "NoSuchEntity")


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
async def test_faults_strike_it_by_its_name(owner, user, sandbox, refused, kind):
    sandbox.faults.add(kind, service="iam")
    await user.get_caller_identity()
    assert await refused(owner.list_mfa_devices())
    assert (await owner.list_mfa_devices())["MFADevices"]


async def test_an_action_of_the_other_service_is_none(owner, user, refused, sandbox):
    assert (await refused(owner.get_user()))[1] == "InvalidAction"
    assert [call.service for call in sandbox.calls] == ["iam"]


async def test_a_code_of_a_security_key_is_none(user, sandbox, refused):
    _, code, said = await refused(user.get_session_token(SerialNumber=SECURITY_KEY, TokenCode=sandbox.code()))
    assert code == "AccessDenied"
    assert "unable to validate MFA code" in said


async def test_every_device_with_a_seed_takes_its_own_codes(user, sandbox, refused):
    second = MfaDevice("arn:aws:iam::123456789012:mfa/second", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
    [first, *rest] = sandbox.world.users
    sandbox.world = replace(sandbox.world, users=(replace(first, more_devices=(second,)), *rest))
    code = sandbox.sts.state.history.code(second, sandbox.clock())
    assert await refused(user.get_session_token(SerialNumber=MFA_SERIAL, TokenCode=code))
    await user.get_session_token(SerialNumber=second.serial, TokenCode=code)
    assert sandbox.calls[-1].mfa
