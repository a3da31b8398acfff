"""Policies, evaluated: what IAM's User Guide says of each element, and that nothing is silently ignored."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xacct.sandbox.permissions import Asked, denied, denied_by_any, read

TABLE = "arn:aws:dynamodb:eu-central-1:123456789012:table/notes"
HERE = {"aws:requestedregion": "eu-central-1", "aws:sourceip": "127.0.0.1"}
GET = Asked("dynamodb:GetItem", TABLE, HERE)
PUT = Asked("dynamodb:PutItem", TABLE, HERE)


def policy(*statements):
    return read(json.dumps({"Version": "2012-10-17", "Statement": statements}))


def allow(action="*", resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action="*", resource="*", **more):
    return {**allow(action, resource, **more), "Effect": "Deny"}


@pytest.mark.parametrize(
    ("statements", "got"),
    [
        ([], "implicit"),
        ([allow()], None),
        ([allow("dynamodb:Get*")], None),
        ([allow("DYNAMODB:getitem")], None),
        ([allow("dynamodb:GetIte?")], None),
        ([allow("dynamodb:Put*")], "implicit"),
        ([allow(["s3:*", "dynamodb:*"])], None),
        ([allow("*", TABLE)], None),
        ([allow("*", TABLE.upper().replace("ARN:", "arn:"))], "implicit"),
        ([allow("*", "arn:aws:dynamodb:*:*:table/*")], None),
        ([allow("*", "arn:aws:s3:::*")], "implicit"),
        ([allow(), deny("dynamodb:GetItem")], "explicit"),
        ([deny("dynamodb:PutItem"), allow()], None),
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], None),
        ([{"Effect": "Allow", "NotAction": "dynamodb:*", "Resource": "*"}], "implicit"),
        ([allow(), {"Effect": "Deny", "Action": "*", "NotResource": TABLE}], None),
        ([allow(), {"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::b"}], "explicit"),
        ([allow(Condition={"StringEquals": {"aws:RequestedRegion": "eu-central-1"}})], None),
        ([allow(Condition={"StringEquals": {"aws:RequestedRegion": ["us-east-1"]}})], "implicit"),
        ([allow(), deny(Condition={"StringNotEquals": {"aws:RequestedRegion": ["us-east-1"]}})], "explicit"),
        ([allow(), deny(Condition={"StringNotEquals": {"aws:RequestedRegion": ["eu-central-1", "x"]}})], None),
        ([allow(), deny(Condition={"StringNotLike": {"aws:RequestedRegion": "eu-*"}})], None),
        ([allow(Condition={"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}})], None),
        ([allow(Condition={"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}})], "implicit"),
        ([allow(Condition={"IpAddress": {"aws:SourceIp": "no address"}})], "implicit"),
        # A key that the request has not: a plain operator fails, a negated one and IfExists hold.
        ([allow(Condition={"StringEquals": {"aws:Nothing": "x"}})], "implicit"),
        ([allow(Condition={"StringEqualsIfExists": {"aws:Nothing": "x"}})], None),
        ([allow(), deny(Condition={"StringNotEquals": {"aws:Nothing": "x"}})], "explicit"),
        ([allow(Condition={"Bool": {"aws:SecureTransport": "true"}})], "implicit"),
    ],
)
def test_what_a_policy_says(statements, got):
    assert denied(policy(*statements), GET) == got


@pytest.mark.parametrize(
    "said",
    [
        "{",
        "[]",
        "{}",
        json.dumps({"Version": "2013-01-01", "Statement": []}),
        json.dumps({"Statement": [], "Principal": "*"}),
        json.dumps({"Statement": ["x"]}),
        json.dumps({"Statement": [{"Effect": "Maybe", "Action": "*", "Resource": "*"}]}),
        json.dumps({"Statement": [{"Effect": "Allow", "Action": "*"}]}),
        json.dumps({"Statement": [{"Effect": "Allow", "Action": [], "Resource": "*"}]}),
        json.dumps({"Statement": [{**allow(), "NotAction": "s3:*"}]}),
        json.dumps({"Statement": [allow(Principal="*")]}),
        json.dumps({"Statement": [allow("GetItem")]}),
        json.dumps({"Statement": [allow("*:Get*")]}),
        json.dumps({"Statement": [allow("*", "notes")]}),
        json.dumps({"Statement": [allow(Condition={"DateLessThan": {"aws:CurrentTime": "2026-01-01"}})]}),
    ],
)
def test_what_is_not_understood_is_no_policy(said):
    with pytest.raises(ValueError, match=r"\w"):
        read(said)


STATEMENTS = st.lists(
    st.builds(
        lambda effect, action, resource: {"Effect": effect, "Action": action, "Resource": resource},
        st.sampled_from(["Allow", "Deny"]),
        st.sampled_from(["*", "dynamodb:*", "dynamodb:Get*", "dynamodb:PutItem", "iam:*"]),
        st.sampled_from(["*", TABLE, "arn:aws:s3:::*"]),
    ),
    max_size=4,
)


@given(st.lists(STATEMENTS, max_size=4), STATEMENTS, st.sampled_from([GET, PUT]))
def test_a_layer_more_never_allows_more(layers, another, asked):
    before = tuple(policy(*each) for each in layers)
    if denied_by_any(before, asked) is not None:
        assert denied_by_any((*before, policy(*another)), asked) is not None
    elif denied(policy(*another), asked) is None:
        assert denied_by_any((*before, policy(*another)), asked) is None
