"""GetScopedCredentials by an unmodified SDK: who may call it, what is left, for how long."""

import json
from dataclasses import replace
from functools import partial

import pytest

from xacct.sandbox.default_world import MFA_SERIAL

ITEM = {"id": {"S": "1"}, "text": {"S": "hello"}}


def policy(*actions, effect="Allow", resource="*", **more):
    statement = {"Effect": effect, "Action": list(actions), "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


READ, WRITE, ALL = policy("dynamodb:Get*"), policy("dynamodb:Put*"), policy("*")


@pytest.fixture
def tables(connect, url):
    """Return a maker of DynamoDB clients from what an action issued."""

    def tables(answer, **options):
        got = answer["Credentials"]
        return connect(
            got["AccessKeyId"],
            got["SecretAccessKey"],
            got["SessionToken"],
            endpoint=f"{url}/dynamodb",
            service="dynamodb",
            **options,
        )

    return tables


@pytest.fixture
async def role(user, arn):
    return await user.assume_role(RoleArn=arn("open"), RoleSessionName="me")


get = {"TableName": "notes", "Key": {"id": {"S": "1"}}}
put = {"TableName": "notes", "Item": ITEM}


async def test_a_write_that_the_scope_forbids_is_refused(role, tables, assuming, refused):
    full = tables(role)
    await full.put_item(**put)
    scoped = tables(await assuming(role).get_scoped_credentials(Policy=READ))
    assert (await scoped.get_item(**get))["Item"] == ITEM
    status, code, sentence = await refused(scoped.put_item(**put))
    assert (status, code) == (400, "AccessDeniedException")
    assert "assumed-role" in sentence
    assert "is not authorized to perform: dynamodb:PutItem" in sentence
    assert sentence.endswith("because no session policy allows the dynamodb:PutItem action")
    await full.put_item(**put)  # the session that it was made of can do what it could


async def test_it_is_the_same_session_and_says_how_many_layers(role, assuming, sandbox):
    answer = await assuming(role).get_scoped_credentials(Policy=READ, ScopedSessionDescription="grant 1a2b3c4d")
    assert answer["SessionInfo"]["Arn"] == role["AssumedRoleUser"]["Arn"]
    assert answer["SessionInfo"]["ScopedSessionId"] == role["AssumedRoleUser"]["AssumedRoleId"]
    assert answer["ScopedPoliciesCount"] == 1
    assert answer["Credentials"]["Expiration"] == role["Credentials"]["Expiration"]
    assert answer["Credentials"]["AccessKeyId"] != role["Credentials"]["AccessKeyId"]
    assert (await assuming(answer).get_caller_identity())["Arn"] == role["AssumedRoleUser"]["Arn"]
    assert [call.description for call in sandbox.calls if call.action == "GetScopedCredentials"] == ["grant 1a2b3c4d"]


async def test_layers_intersect_and_there_are_three_at_most(role, tables, assuming, refused):
    got = await assuming(role).get_scoped_credentials(Policy=ALL)
    got = await assuming(got).get_scoped_credentials(Policy=policy("dynamodb:*", "sts:GetScopedCredentials"))
    got = await assuming(got).get_scoped_credentials(Policy=policy("dynamodb:Get*", "sts:GetScopedCredentials"))
    assert got["ScopedPoliciesCount"] == 3
    await tables(got).get_item(**get)
    assert (await refused(tables(got).put_item(**put)))[1] == "AccessDeniedException"
    assert (await refused(assuming(got).get_scoped_credentials(Policy=ALL)))[:2] == (403, "AccessDenied")
    shorter = await assuming(got).get_scoped_credentials(DurationSeconds=60)  # that is no layer
    assert (await refused(tables(shorter).put_item(**put)))[1] == "AccessDeniedException"


async def test_what_assume_role_was_limited_to_stays(user, arn, tables, assuming, refused):
    limited = await user.assume_role(RoleArn=arn("open"), RoleSessionName="me", Policy=policy("dynamodb:*", "sts:*"))
    assert (await refused(tables(await assuming(limited).get_scoped_credentials(Policy=WRITE)).get_item(**get)))[1]
    reading = [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]
    limited = await user.assume_role(RoleArn=arn("open"), RoleSessionName="me", PolicyArns=reading)
    scoped = tables(await assuming(limited).get_scoped_credentials(Policy=ALL))
    await scoped.get_item(**get)
    assert (await refused(scoped.put_item(**put)))[1] == "AccessDeniedException"


async def test_several_policies_of_one_call_are_one_layer(user, arn, tables):
    both = {"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}], "Policy": WRITE}
    limited = tables(await user.assume_role(RoleArn=arn("open"), RoleSessionName="me", **both))
    await limited.put_item(**put)
    assert (await limited.get_item(**get))["Item"] == ITEM


async def test_an_mfa_session_is_scoped_the_same_way(user, sandbox, tables, assuming, refused):
    opened = await user.get_session_token(SerialNumber=MFA_SERIAL, TokenCode=sandbox.code())
    scoped = await assuming(opened).get_scoped_credentials(Policy=READ)
    assert (await refused(tables(scoped).put_item(**put)))[1] == "AccessDeniedException"
    assert (
        await refused(assuming(scoped).assume_role(RoleArn="arn:aws:iam::234567890123:role/x", RoleSessionName="me"))
    )[1] == "AccessDenied"


async def test_conditions_on_region_and_address(role, tables, assuming, refused):
    here = {"StringEquals": {"aws:RequestedRegion": "eu-central-1"}, "IpAddress": {"aws:SourceIp": "127.0.0.1"}}
    scoped = await assuming(role).get_scoped_credentials(Policy=policy("dynamodb:*", Condition=here))
    await tables(scoped).put_item(**put)
    elsewhere = tables(scoped, region_name="us-east-1")
    assert (await refused(elsewhere.put_item(**put)))[1] == "AccessDeniedException"


async def test_calls_of_sts_and_iam_are_limited_too(user, role, arn, assuming, connect, refused):
    scoped = (await assuming(role).get_scoped_credentials(Policy=policy("iam:List*", "sts:AssumeRole")))["Credentials"]
    keys = scoped["AccessKeyId"], scoped["SecretAccessKey"], scoped["SessionToken"]
    iam = partial(connect, *keys, service="iam")
    assert (await refused(iam().list_mfa_devices(UserName="nobody")))[1] == "NoSuchEntity"  # so it may ask
    sentence = (await refused(iam().create_access_key(UserName="nobody")))[2]
    assert sentence.endswith("because no session policy allows the iam:CreateAccessKey action")
    assert "sts:GetScopedCredentials" in (await refused(connect(*keys).get_scoped_credentials(Policy=ALL)))[2]
    await connect(*keys).get_caller_identity()


async def test_how_long(role, assuming, clock, refused):
    client = assuming(role)
    short = await client.get_scoped_credentials(DurationSeconds=1)
    assert short["ScopedPoliciesCount"] == 0
    assert (await refused(client.get_scoped_credentials(Policy=READ, DurationSeconds=3601)))[1] == (
        "InsufficientSessionLifetime"
    )
    assert (await refused(client.get_scoped_credentials(Policy=READ, DurationSeconds=0)))[1] == "ValidationError"
    clock.advance(1)
    assert (await refused(assuming(short).get_caller_identity()))[1] == "ExpiredToken"


async def test_who_may_not_and_what_is_wrong(user, role, assuming, refused):
    assert (await refused(user.get_scoped_credentials(Policy=READ)))[:2] == (403, "AccessDenied")
    client = assuming(role)
    assert (await refused(client.get_scoped_credentials()))[1] == "ValidationError"
    assert (await refused(client.get_scoped_credentials(Policy="{")))[1] == "MalformedPolicyDocument"
    assert (await refused(client.get_scoped_credentials(Policy=policy("*") + " " * 2048)))[1] == "ValidationError"
    wrong = {"Policy": READ, "ScopedSessionDescription": "x"}
    assert (await refused(client.get_scoped_credentials(**wrong)))[1] == "ValidationError"


async def test_an_older_sts_does_not_know_the_call(role, assuming, sandbox, refused):
    sandbox.world = replace(sandbox.world, scoped_credentials=False)
    answer = await refused(assuming(role).get_scoped_credentials(Policy=READ))
    assert answer == (400, "InvalidAction", "Could not find operation GetScopedCredentials for version 2011-06-15")


async def test_what_there_is_no_call_for(role, tables, refused):
    assert (await refused(tables(role).list_tables()))[:2] == (400, "UnknownOperationException")
