"""What a scope is made of, and that none says less than was asked for."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xacct import errors
from xacct.sandbox.permissions import Asked, denied, read
from xacct.scope_policies import LONGEST_POLICY, Wanted, leaves_all, made_of

BUCKET = "arn:aws:s3:::bucket/*"


def allowed(scope, action, resource="*", region="eu-central-1"):
    """Whether AWS would allow it, as the sandbox evaluates."""
    return denied(read(scope.policy), Asked(action, resource, {"aws:requestedregion": region})) is None


def test_reading_reads_and_changes_nothing():
    scope = made_of(Wanted(read_only=True))
    assert scope.words == "reading only"
    for action in (
        "s3:GetObject",
        "ec2:DescribeInstances",
        "dynamodb:GetItem",
        "iam:ListUsers",
        "logs:FilterLogEvents",
    ):
        assert allowed(scope, action), action
    for action in (
        *("s3:PutObject", "s3:DeleteObject", "dynamodb:PutItem", "ec2:RunInstances", "iam:CreateAccessKey"),
        # What is read there is a secret, or credentials of somebody else.
        *(
            "secretsmanager:GetSecretValue",
            "ssm:GetParameter",
            "kms:Decrypt",
            "s3:GetDataAccess",
            "ec2:GetPasswordData",
        ),
        *("redshift:GetClusterCredentials", "ecr:GetAuthorizationToken", "sts:AssumeRole", "sts:GetFederationToken"),
        *("states:GetActivityTask", "sqs:ReceiveMessage", "glue:GetConnection", "lightsail:GetInstanceAccessDetails"),
        *("codepipeline:GetJobDetails", "athena:GetSessionEndpoint", "apigateway:GET"),
    ):
        assert not allowed(scope, action), action
    assert len(made_of(Wanted(read_only=True, regions=("eu-central-1",) * 5)).policy) < LONGEST_POLICY


def test_actions_on_resources():
    scope = made_of(Wanted(allow=("s3:GetObject", "s3:ListBucket"), on=(BUCKET,)))
    assert scope.words == f"allow s3:GetObject, s3:ListBucket on {BUCKET}"
    assert allowed(scope, "s3:GetObject", "arn:aws:s3:::bucket/x")
    assert not allowed(scope, "s3:GetObject", "arn:aws:s3:::other/x")
    assert not allowed(scope, "s3:PutObject", "arn:aws:s3:::bucket/x")


def test_regions_narrow_whatever_else_is_said():
    alone = made_of(Wanted(regions=("eu-west-1", "us-east-1")))
    assert allowed(alone, "ec2:RunInstances", region="eu-west-1")
    assert not allowed(alone, "ec2:RunInstances")
    assert alone.words == "whatever the role may do, in eu-west-1, us-east-1"
    policy = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}})
    both = made_of(Wanted(policy=policy, regions=("eu-west-1",)))
    assert allowed(both, "s3:GetObject", region="eu-west-1")
    assert not allowed(both, "s3:GetObject")
    assert not allowed(both, "ec2:RunInstances", region="eu-west-1")
    managed = made_of(Wanted(policy_arns=("arn:aws:iam::aws:policy/ReadOnlyAccess",), regions=("eu-west-1",)))
    # Beside managed policies the document allows nothing itself: it would be added to what they allow.
    assert [each["Effect"] for each in json.loads(managed.policy)["Statement"]] == ["Deny"]


def test_a_policys_own_version_is_kept():
    for version in ("2012-10-17", "2008-10-17", None):
        said = {"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
        scope = made_of(Wanted(policy=json.dumps({**({"Version": version} if version else {}), **said})))
        assert json.loads(scope.policy).get("Version") == version


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(),
        Wanted(read_only=True, allow=("s3:*",)),
        Wanted(read_only=True, policy_arns=("arn:aws:iam::aws:policy/X",)),
        Wanted(on=(BUCKET,)),
        Wanted(read_only=True, on=(BUCKET,)),
        Wanted(allow=("GetObject",)),
        Wanted(allow=("*:Get*",)),
        Wanted(allow=("s3:Get Object",)),
        Wanted(allow=("s3:*",), on=("bucket",)),
        Wanted(regions=("everywhere",)),
        Wanted(regions=("",)),
        Wanted(policy_arns=("ReadOnlyAccess",)),
        Wanted(policy_arns=("arn:aws:iam::aws:policy/X",) * 11),
        Wanted(ttl=0.5),
        Wanted(ttl=129601),
        Wanted(policy=""),
        Wanted(policy="{"),
        Wanted(policy="[" * 20_000),
        Wanted(policy="[]"),
        Wanted(policy='{"Statement": []}'),
        Wanted(policy='{"Statement": ["x"]}'),
        Wanted(policy='{"Statement": [{"Effect": "Maybe"}]}'),
        Wanted(policy='{"Statement": [{"Effect": ["Allow"]}]}'),
        Wanted(policy='{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}'),
        Wanted(policy='{"Statement": {"Effect": "Deny", "Effect": "Allow", "Action": "*", "Resource": "*"}}'),
        Wanted(allow=tuple(f"s3:Get{number:0100d}" for number in range(30))),
    ],
)
def test_what_cannot_be_meant_is_refused(wanted):
    with pytest.raises(errors.BadInput) as caught:
        made_of(wanted)
    assert len(caught.value.sentence) < 300


def test_the_id_is_of_what_aws_is_told():
    one, same = made_of(Wanted(allow=("s3:Get*",))), made_of(Wanted(allow=("s3:Get*",), on=("*",)))
    assert one.id == same.id
    others = [Wanted(allow=("s3:Put*",)), Wanted(allow=("s3:Get*",), ttl=60), Wanted(allow=("s3:Get*",), on=(BUCKET,))]
    assert len({one.id, *(made_of(each).id for each in others)}) == 4


ACTIONS = st.sampled_from(["*", "s3:*", "s3:Get*", "s3:PutObject", "iam:*"])


@given(
    st.lists(ACTIONS, min_size=1, max_size=3),
    st.lists(st.sampled_from([BUCKET, "*"]), max_size=2),
    st.lists(st.sampled_from(["eu-west-1", "eu-central-1"]), max_size=2),
    st.sampled_from(["s3:GetObject", "s3:PutObject", "iam:ListUsers"]),
    st.sampled_from(["eu-west-1", "eu-central-1", "us-east-1"]),
)
def test_what_was_not_asked_for_is_not_allowed(allow, on, regions, action, region):
    scope = made_of(Wanted(allow=tuple(allow), on=tuple(on), regions=tuple(regions)))
    wide = made_of(Wanted(allow=tuple(allow)))
    if not allowed(wide, action) or (regions and region not in regions):
        assert not allowed(scope, action, "arn:aws:s3:::bucket/x", region)


POLICIES = [
    ({"allow": ("*",)}, True),
    ({"allow": ("*",), "on": (BUCKET,)}, False),
    ({"allow": ("s3:*",)}, False),
    ({"policy_arns": ("arn:aws:iam::aws:policy/ReadOnlyAccess",)}, False),
    ({"read_only": True}, False),
    ({}, False),
    ({"statements": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}, True),
    ({"statements": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {}}}]}, False),
    ({"statements": [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]}, False),
    (
        {
            "statements": [
                {"Effect": "Allow", "Action": "*", "Resource": "*"},
                {"Effect": "Deny", "Action": "iam:*", "Resource": "*"},
            ]
        },
        False,
    ),
]


@pytest.mark.parametrize(("said", "everything"), POLICIES)
def test_what_leaves_all_is_no_limit(said, everything):
    said = dict(said)
    if statements := said.pop("statements", None):
        said["policy"] = json.dumps({"Version": "2012-10-17", "Statement": statements})
    assert leaves_all(Wanted(**said)) is everything


def test_what_allows_most_is_said_before_words_are_cut():
    many = [f"s3:GetObject{number}" for number in range(60)]
    for allow in ([*many, "*"], [*many, "iam:*"], [*many, "iam:Pass*"]):
        assert allow[-1] in made_of(Wanted(allow=tuple(allow))).words
        assert json.loads(made_of(Wanted(allow=tuple(allow))).policy)["Statement"][0]["Action"] == allow
    small = {"Effect": "Allow", "Action": many, "Resource": BUCKET}
    policy = json.dumps({"Statement": [small, {"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}]})
    assert made_of(Wanted(policy=policy)).words.startswith("by a policy of its own: allow all but s3:*; allow s3:Get")
