import json

import pytest

from xacct.sandbox import session_tags


def tag(key, value="v"):
    return {"Key": key, "Value": value}


@pytest.fixture
def ask(user, arn):
    return lambda **extra: user.assume_role(RoleArn=arn("open"), RoleSessionName="me", **extra)


async def test_fifty_tags_and_not_one_more(ask, refused):
    tags = [tag(f"k{n}") for n in range(51)]
    assert (await ask(Tags=tags[:50]))["PackedPolicySize"] == 10
    assert await refused(ask(Tags=tags)) == (
        400,
        "ValidationError",
        (
            "1 validation error detected: Value at 'tags' failed to satisfy constraint: "
            "Member must have length less than or equal to 50"
        ),
    )


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        (tag(""), "Member must have length greater than or equal to 1"),
        (tag("k" * 129), "Member must have length less than or equal to 128"),
        (tag("k", "v" * 257), "Member must have length less than or equal to 256"),
        (tag("k!"), r"regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+"),
        (tag("k", "v#"), r"regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]*"),
        ({"Key": "k"}, "Member must not be null"),
    ],
)
async def test_bad_tags(ask, refused, bad, sentence):
    status, code, told = await refused(ask(Tags=[bad]))
    assert (status, code) == (400, "ValidationError")
    assert sentence in told


async def test_tags_may_use_letters_of_any_script(ask):
    assert await ask(Tags=[tag("größe / 大きさ", "a+b=c@d")])


async def test_tag_keys_differ_in_more_than_letter_case(ask, refused):
    assert await refused(ask(Tags=[tag("team"), tag("Team")])) == (
        400,
        "InvalidParameterValue",
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    )


async def test_transitive_keys_must_be_among_the_tags(ask, refused):
    assert await ask(Tags=[tag("team")], TransitiveTagKeys=["Team"])
    assert await refused(ask(Tags=[tag("team")], TransitiveTagKeys=["project"])) == (
        400,
        "InvalidParameterValue",
        "The specified transitive tag key must be included in the requested tags.",
    )


async def test_inherited_transitive_tags_stay_as_they_are(mfa_session, assuming, arn, refused):
    first = await mfa_session.assume_role(
        RoleArn=arn("prod"),
        RoleSessionName="me",
        Tags=[tag("team", "red"), tag("mood")],
        TransitiveTagKeys=["team"],
    )
    prod = assuming(first)
    asked = {"RoleArn": arn("second"), "RoleSessionName": "me"}
    assert await prod.assume_role(**asked, Tags=[tag("mood", "good")])
    assert await refused(prod.assume_role(**asked, Tags=[tag("TEAM", "blue")])) == (
        400,
        "InvalidParameterValue",
        (
            "One of the specified transitive tag keys can't be set because it conflicts with a "
            "transitive tag key from the calling session."
        ),
    )


def test_transitive_tags_pass_on_and_on():
    first = session_tags.inherit(None, (("Team", "red"), ("mood", "good")), ("team",))
    second = session_tags.inherit(first, (("hop", "2"),), ())
    third = session_tags.inherit(second, (), ())
    assert second.tags == (("Team", "red"), ("hop", "2"))
    assert third.tags == (("Team", "red"),)
    assert third.transitive == {"team"}


async def test_policies_are_counted(ask):
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    arns = [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]
    assert 1 < (await ask(Policy=policy, PolicyArns=arns))["PackedPolicySize"] < 10


@pytest.mark.parametrize(
    ("policy", "sentence"),
    [
        ("{", "This policy contains invalid Json"),
        ("[" * 20_000, "This policy contains invalid Json"),
        ("[]", "Syntax errors in policy."),
        ("{}", "Syntax errors in policy."),
    ],
)
async def test_malformed_policies(ask, refused, policy, sentence):
    assert await refused(ask(Policy=policy)) == (400, "MalformedPolicyDocument", sentence)


async def test_a_policy_too_large(ask, refused):
    policy = json.dumps({"Statement": ["x" * 2048]})
    status, code, sentence = await refused(ask(Policy=policy))
    assert (status, code) == (400, "PackedPolicyTooLarge")
    assert sentence == ("Packed policy consumes 101% of allotted space, please use smaller policy.")


async def test_tags_too_large(ask, refused):
    tags = [tag(f"k{n:02d}", "v" * 250) for n in range(9)]
    assert await refused(ask(Tags=tags)) == (
        400,
        "PackedPolicyTooLarge",
        "Packed size of session tags consumes 112% of allotted space.",
    )


async def test_policy_arns(ask, refused):
    assert await refused(ask(PolicyArns=[{"arn": "arn:aws:iam::1:policy/x-y-z"}])) == (
        400,
        "ValidationError",
        "ARN arn:aws:iam::1:policy/x-y-z is not valid.",
    )
    many = [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}] * 11
    assert "'policyArns'" in (await refused(ask(PolicyArns=many)))[2]
