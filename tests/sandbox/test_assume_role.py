from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from xacct.sandbox import trust
from xacct.sandbox.default_world import EXTERNAL_ID, MFA_SERIAL
from xacct.sandbox.trust import Condition, Statement
from xacct.sandbox.world import Role

USER = "arn:aws:iam::123456789012:user/MyIAMUsername"


def denied(resource, who=USER, action="sts:AssumeRole"):
    sentence = f"User: {who} is not authorized to perform: {action} on resource: {resource}"
    return (403, "AccessDenied", sentence)


def invalid(sentence, code="ValidationError"):
    return (400, code, sentence)


@pytest.fixture
def coded(sandbox, clock):
    """Return the MFA parameters with a fresh code, moving on to the next step if need be."""

    def coded():
        clock.advance(sandbox.next_code_in())
        return {"SerialNumber": MFA_SERIAL, "TokenCode": sandbox.code()}

    return coded


def role_of(answer):
    return answer["AssumedRoleUser"]["Arn"]


async def test_a_code_opens_a_role(user, arn, coded, clock, sandbox):
    answer = await user.assume_role(RoleArn=arn("prod"), RoleSessionName="me", **coded())
    assert role_of(answer) == ("arn:aws:sts::234567890123:assumed-role/cross-account-role-name/me")
    assert answer["AssumedRoleUser"]["AssumedRoleId"].endswith(":me")
    end = datetime.fromtimestamp(clock.now, UTC) + timedelta(hours=1)
    assert answer["Credentials"]["Expiration"] == end
    assert sandbox.calls[-1].mfa
    assert sandbox.calls[-1].role_arn == arn("prod")


async def test_an_mfa_session_opens_a_role_without_a_code(mfa_session, arn, sandbox):
    answer = await mfa_session.assume_role(RoleArn=arn("prod"), RoleSessionName="me")
    assert "PackedPolicySize" not in answer
    assert not sandbox.calls[-1].mfa


async def test_without_mfa_the_role_stays_shut(user, assuming, arn, refused):
    call = user.assume_role(RoleArn=arn("prod"), RoleSessionName="me")
    assert await refused(call) == denied(arn("prod"))
    codeless = assuming(await user.get_session_token())
    call = codeless.assume_role(RoleArn=arn("prod"), RoleSessionName="me")
    assert await refused(call) == denied(arn("prod"))


async def test_an_unknown_role_is_denied_like_a_shut_one(mfa_session, refused):
    nobody = "arn:aws:iam::234567890123:role/nobody"
    call = mfa_session.assume_role(RoleArn=nobody, RoleSessionName="me")
    assert await refused(call) == denied(nobody)


async def test_the_open_role_needs_no_code(user, arn):
    assert await user.assume_role(RoleArn=arn("open"), RoleSessionName="me")


async def test_twenty_roles_of_a_fleet(mfa_session, arn):
    names = {
        role_of(await mfa_session.assume_role(RoleArn=arn(f"fleet-{n:02d}"), RoleSessionName="me"))
        for n in range(1, 21)
    }
    assert len(names) == 20


@pytest.mark.parametrize("operator", ["Bool", "BoolIfExists"])
async def test_bool_if_exists_lets_long_term_keys_in(user, sandbox, refused, assuming, operator):
    condition = Condition(operator, "aws:MultiFactorAuthPresent", ("true",))
    role = Role("lax", "234567890123", (Statement((USER,), (condition,)),))
    sandbox.world = replace(sandbox.world, roles=(role,))
    codeless = assuming(await user.get_session_token())
    call = codeless.assume_role(RoleArn=role.arn, RoleSessionName="me")
    assert await refused(call) == denied(role.arn)
    call = user.assume_role(RoleArn=role.arn, RoleSessionName="me")
    if operator == "Bool":
        assert await refused(call) == denied(role.arn)
    else:
        assert await call


async def test_the_mfa_age_counts_from_the_code(mfa_session, user, arn, clock, refused, coded):
    clock.advance(899)
    assert await mfa_session.assume_role(RoleArn=arn("strict"), RoleSessionName="me")
    clock.advance(1)
    call = mfa_session.assume_role(RoleArn=arn("strict"), RoleSessionName="me")
    assert await refused(call) == denied(arn("strict"))
    assert await mfa_session.assume_role(RoleArn=arn("prod"), RoleSessionName="me")
    assert await user.assume_role(RoleArn=arn("strict"), RoleSessionName="me", **coded())


async def test_the_external_id(mfa_session, arn, refused):
    asked = {"RoleArn": arn("thirdparty"), "RoleSessionName": "me"}
    assert await mfa_session.assume_role(**asked, ExternalId=EXTERNAL_ID)
    assert await refused(mfa_session.assume_role(**asked)) == denied(asked["RoleArn"])
    call = mfa_session.assume_role(**asked, ExternalId="another")
    assert await refused(call) == denied(asked["RoleArn"])


async def test_a_second_hop(mfa_session, user, assuming, arn, refused):
    prod = assuming(await mfa_session.assume_role(RoleArn=arn("prod"), RoleSessionName="me"))
    assert await prod.assume_role(RoleArn=arn("second"), RoleSessionName="me")
    call = user.assume_role(RoleArn=arn("second"), RoleSessionName="me")
    assert await refused(call) == denied(arn("second"))


async def test_a_second_hop_has_no_mfa_context(sandbox, mfa_session, assuming, arn, refused):
    condition = Condition("Bool", "aws:MultiFactorAuthPresent", ("true",))
    role = Role("guarded", "678901234567", (Statement((arn("prod"),), (condition,)),))
    sandbox.world = replace(sandbox.world, roles=(*sandbox.world.roles, role))
    prod = assuming(await mfa_session.assume_role(RoleArn=arn("prod"), RoleSessionName="me"))
    call = prod.assume_role(RoleArn=role.arn, RoleSessionName="me")
    who = "arn:aws:sts::234567890123:assumed-role/cross-account-role-name/me"
    assert await refused(call) == denied(role.arn, who)


async def test_a_role_session_has_no_mfa_device(mfa_session, assuming, arn, refused, coded):
    prod = assuming(await mfa_session.assume_role(RoleArn=arn("prod"), RoleSessionName="me"))
    call = prod.assume_role(RoleArn=arn("second"), RoleSessionName="me", **coded())
    assert "unable to validate MFA code" in (await refused(call))[2]


@pytest.mark.parametrize("caller", ["user", "mfa_session"])
@pytest.mark.parametrize(
    ("seconds", "border"),
    [(899, "greater than or equal to 900"), (43201, "less than or equal to 43200")],
)
async def test_durations_out_of_range(user, mfa_session, arn, refused, caller, seconds, border):
    call = {"user": user, "mfa_session": mfa_session}[caller].assume_role(
        RoleArn=arn("long"), RoleSessionName="me", DurationSeconds=seconds
    )
    assert await refused(call) == invalid(
        f"1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to satisfy "
        f"constraint: Member must have value {border}"
    )


async def test_twelve_hours_with_a_code_of_its_own(user, arn, coded, clock):
    answer = await user.assume_role(RoleArn=arn("long"), RoleSessionName="me", DurationSeconds=43200, **coded())
    end = datetime.fromtimestamp(clock.now, UTC) + timedelta(hours=12)
    assert answer["Credentials"]["Expiration"] == end


async def test_more_than_the_role_allows(user, arn, coded, refused):
    call = user.assume_role(RoleArn=arn("prod"), RoleSessionName="me", DurationSeconds=3601, **coded())
    assert await refused(call) == invalid(
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    )


async def test_chaining_is_limited_to_an_hour(mfa_session, assuming, arn, refused):
    chain = invalid(
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
    )
    asked = {"RoleArn": arn("long"), "RoleSessionName": "me"}
    assert await refused(mfa_session.assume_role(**asked, DurationSeconds=3601)) == chain
    assert await mfa_session.assume_role(**asked, DurationSeconds=3600)
    prod = assuming(await mfa_session.assume_role(RoleArn=arn("prod"), RoleSessionName="me"))
    asked["RoleArn"] = arn("second")
    assert await refused(prod.assume_role(**asked, DurationSeconds=3601)) == chain


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("x", "Member must have length greater than or equal to 2"),
        ("x" * 65, "Member must have length less than or equal to 64"),
        ("a b", "Member must satisfy regular expression pattern: [\\w+=,.@-]*"),
        ("né", "Member must satisfy regular expression pattern: [\\w+=,.@-]*"),
    ],
)
async def test_session_names(user, arn, refused, name, sentence):
    call = user.assume_role(RoleArn=arn("open"), RoleSessionName=name)
    assert await refused(call) == invalid(
        f"1 validation error detected: Value '{name}' at 'roleSessionName' failed to satisfy constraint: {sentence}"
    )


async def test_missing_parameters_are_all_named(user, refused):
    assert await refused(user.assume_role()) == invalid(
        "2 validation errors detected: Value null at 'roleArn' failed to satisfy constraint: "
        "Member must not be null; Value null at 'roleSessionName' failed to satisfy constraint: "
        "Member must not be null"
    )


async def test_an_arn_of_something_else(user, refused):
    call = user.assume_role(RoleArn=USER, RoleSessionName="me")
    assert await refused(call) == invalid("Request ARN is invalid")


async def test_a_denied_call_has_burnt_its_code(user, sandbox, refused, coded):
    nobody = "arn:aws:iam::234567890123:role/nobody"
    call = user.assume_role(RoleArn=nobody, RoleSessionName="me", **coded())
    assert await refused(call) == denied(nobody)
    assert sandbox.calls[-1].mfa
    assert sandbox.next_code_in() > 0


async def test_source_identity_stays(mfa_session, assuming, arn, refused):
    named = await mfa_session.assume_role(RoleArn=arn("prod"), RoleSessionName="me", SourceIdentity="alice")
    assert named["SourceIdentity"] == "alice"
    prod = assuming(named)
    asked = {"RoleArn": arn("second"), "RoleSessionName": "me"}
    assert (await prod.assume_role(**asked))["SourceIdentity"] == "alice"
    assert await prod.assume_role(**asked, SourceIdentity="alice")
    assert await refused(prod.assume_role(**asked, SourceIdentity="bob")) == invalid(
        "The source identity is already set for this assume role session"
    )


@pytest.mark.parametrize(
    ("extra", "action"),
    [
        ({"Tags": [{"Key": "team", "Value": "red"}]}, "sts:TagSession"),
        ({"SourceIdentity": "alice"}, "sts:SetSourceIdentity"),
    ],
)
async def test_tags_and_identity_need_their_own_permission(user, sandbox, refused, extra, action):
    role = Role("plain", "234567890123", (Statement((USER,), actions=(trust.ASSUME_ROLE,)),))
    sandbox.world = replace(sandbox.world, roles=(role,))
    call = user.assume_role(RoleArn=role.arn, RoleSessionName="me", **extra)
    assert await refused(call) == denied(role.arn, action=action)
    assert await user.assume_role(RoleArn=role.arn, RoleSessionName="me")
