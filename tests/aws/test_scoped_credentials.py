"""GetScopedCredentials by xacct's own client: an older SDK is taught it, and refusals are told apart."""

import time
from dataclasses import replace

import pytest

from xacct import errors
from xacct.aws.scoped_failures import SCOPED_ROWS
from xacct.aws.sdk import LeanLoader
from xacct.aws.sts import Sts
from xacct.clock import AwsClock
from xacct.model import Credentials, Instant, Role, Source, StsTarget
from xacct.sandbox.default_world import default_world
from xacct.sandbox.permissions import Asked, denied_by_any
from xacct.sandbox.server import Sandbox
from xacct.scope_policies import Wanted, made_of

POLICY = made_of(Wanted(allow=("dynamodb:Get*",))).policy


@pytest.fixture
def sandbox():
    return Sandbox(default_world())


@pytest.fixture
async def asked(sandbox):
    """Return STS, a role there, and its credentials."""
    async with sandbox.serve() as url:
        sts = Sts(AwsClock(lambda: Instant(time.time(), time.monotonic())))
        key = sandbox.world.users[0].keys[0]
        arn = next(role.arn for role in sandbox.world.roles if role.name == "open-role")
        role = Role("open", Source("central", "profile"), arn, region="eu-central-1", target=StsTarget(url))
        keys = Credentials(key.key_id, key.secret)
        yield sts, role, await sts.assume_role(keys, role, session_name="me", duration=900, code=None)
        await sts.close()


async def test_the_same_session_may_do_less(asked, sandbox):
    sts, role, held = asked
    got = await sts.get_scoped_credentials(held, role, policy=POLICY, duration=60, description="xacct grant 1a2b3c4d")
    assert await sts.get_caller_identity(got, role) == await sts.get_caller_identity(held, role)
    assert got.remaining(held.issued_at) <= 62
    assert got.account_id == held.account_id == role.account
    limits = sandbox.sts.state.sessions.by_token(got.session_token).limits
    assert denied_by_any(limits, Asked("dynamodb:GetItem")) is None
    assert denied_by_any(limits, Asked("dynamodb:PutItem")) == "implicit"
    assert sandbox.calls[-3].description == "xacct grant 1a2b3c4d"
    until_its_end = await sts.get_scoped_credentials(held, role, policy=POLICY, duration=None, description="it")
    assert until_its_end.expires_at == held.expires_at


async def test_an_sts_that_does_not_know_the_call_is_told_apart(asked, sandbox):
    sts, role, held = asked
    sandbox.world = replace(sandbox.world, scoped_credentials=False)
    with pytest.raises(errors.ActionUnknown) as caught:
        await sts.get_scoped_credentials(held, role, policy=POLICY, duration=None, description="it")
    assert caught.value.sentence == "The STS that is asked for open does not know GetScopedCredentials."


@pytest.mark.parametrize(
    ("policy", "duration", "error"),
    [("{", None, errors.ScopeRefused), (POLICY, 3600, errors.AwsUnavailable), ("", None, errors.Refusal)],
)
async def test_what_is_refused(asked, policy, duration, error):
    sts, role, held = asked
    with pytest.raises(error):
        await sts.get_scoped_credentials(held, role, policy=policy, duration=duration, description="it")


@pytest.mark.parametrize("answer", [{}, {"ScopedPoliciesCount": 0}])
async def test_what_was_not_narrowed_is_no_answer(monkeypatch, answer):
    """Something that plays STS and takes no notice of the policy, say."""
    sts = Sts(AwsClock(lambda: Instant(0.0, 0.0)))
    held = Credentials("ASIAHELD", "s", "t", 900.0)

    async def call(*_, **__):
        return answer

    monkeypatch.setattr(sts, "call", call)
    monkeypatch.setattr(sts, "_credentials", lambda *_: Credentials("ASIANEW", "s", "t", 900.0))
    role = Role("open", Source("central", "profile"))
    with pytest.raises(errors.ScopeRefused):
        await sts.get_scoped_credentials(held, role, policy=POLICY, duration=None, description="it")
    await sts.get_scoped_credentials(held, role, policy="", duration=60, description="it")
    monkeypatch.setattr(sts, "_credentials", lambda *_: held)
    with pytest.raises(errors.ScopeRefused):
        await sts.get_scoped_credentials(held, role, policy="", duration=60, description="it")


def test_each_code_has_its_meaning():
    codes = {
        "InvalidAction": errors.ActionUnknown,
        "AccessDenied": errors.AccessDenied,
        "MalformedPolicyDocument": errors.ScopeRefused,
        "PackedPolicyTooLarge": errors.ScopeRefused,
        "InsufficientSessionLifetime": errors.AwsUnavailable,
        "InvalidSubjectCredentials": errors.ParentExpired,
        "ExpiredToken": errors.ParentExpired,
        "InvalidClientTokenId": errors.BadKey,
        "Throttling": errors.Throttled,
        "ServiceUnavailable": errors.AwsUnavailable,
        "ValidationError": errors.Refusal,
    }
    found = {code: next(row.error for row in SCOPED_ROWS if row.matches(code, "")) for code in codes}
    assert found == codes


def test_botocores_own_model_wins_nothing_and_loses_nothing():
    loader = LeanLoader()
    model = loader.load_service_model("sts", "service-2")
    assert {"AssumeRole", "GetSessionToken", "GetScopedCredentials"} <= model["operations"].keys()
    needed = model["shapes"]["GetScopedCredentialsRequest"]["members"].values()
    assert {member["shape"] for member in needed} <= model["shapes"].keys()
