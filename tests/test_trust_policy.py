"""Which trust policy follows from what is configured, and whom it trusts."""

import pytest

from xacct import errors
from xacct.model import Role, Source
from xacct.signin import ConsoleLogin
from xacct.trust_policy import policies

ROOT = "arn:aws:iam::123456789012:root"
SERIAL = "arn:aws:iam::123456789012:mfa/u"
ARN = "arn:aws:iam::234567890123:role/team/admin"
MAIN = Source("main", "profile")
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def statements(role, above=None, named=None):
    return policies(role, above, named).trust["Statement"]


def condition(role, above=None):
    [statement] = statements(role, above)
    return statement.get("Condition")


def refused(role, above=None, named=None):
    with pytest.raises(errors.BadInput) as caught:
        policies(role, above, named)
    return caught.value


def test_what_a_plain_role_with_mfa_takes():
    found = policies(Role("prod", MAIN, ARN, SERIAL), None)
    assert found.trust == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "AssumeRole",
                "Effect": "Allow",
                "Principal": {"AWS": ROOT},
                "Action": "sts:AssumeRole",
                "Condition": MFA,
            }
        ],
    }
    assert found.caller["Statement"] == [
        {"Sid": "AssumeRole", "Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": ARN}
    ]
    assert found.max_session == 3600


def test_each_setting_is_a_condition():
    role = Role("prod", MAIN, ARN, SERIAL, external_id="x-1", mfa_max_age=900.0, mfa="direct", duration=43200)
    assert condition(role) == {
        **MFA,
        "NumericLessThan": {"aws:MultiFactorAuthAge": "900"},
        "StringEquals": {"sts:ExternalId": "x-1"},
    }
    assert policies(role, None).max_session == 43200


def test_what_goes_along_is_an_action_of_its_own():
    role = Role(
        "prod",
        MAIN,
        ARN,
        SERIAL,
        source_identity="alice",
        tags=(("team", "a"), ("cost", "b")),
        transitive_tag_keys=("team",),
    )
    found = {each["Action"]: each["Condition"] for each in statements(role)}
    tags = {"aws:RequestTag/team": "a", "aws:RequestTag/cost": "b"}
    assert found == {
        "sts:AssumeRole": {**MFA, "StringEquals": {"sts:SourceIdentity": "alice", **tags}},
        "sts:TagSession": {
            **MFA,
            "StringEquals": tags,
            "ForAllValues:StringEquals": {"aws:TagKeys": ["team", "cost"], "sts:TransitiveTagKeys": ["team"]},
        },
        "sts:SetSourceIdentity": {**MFA, "StringEquals": {"sts:SourceIdentity": "alice"}},
    }
    assert policies(role, None).caller["Statement"][0]["Action"] == [
        "sts:AssumeRole",
        "sts:TagSession",
        "sts:SetSourceIdentity",
    ]


def test_a_second_hop_trusts_the_role_above_alone_and_demands_no_mfa_that_it_can_not_carry():
    above = Role("prod", MAIN, ARN, SERIAL)
    [statement] = statements(Role("second", "prod", ARN + "2", mfa_serial=SERIAL), above)
    assert statement["Principal"] == {"AWS": ARN}
    assert "Condition" not in statement


def test_a_permission_set_is_trusted_by_its_pattern_and_a_console_login_by_its_identity():
    portal = Source("corp", "identity-center", account="123456789012", permission_set="Admin")
    [statement] = statements(Role("below", "corp", ARN), Role("corp", portal))
    assert statement["Principal"] == {"AWS": ROOT}
    pattern = "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_Admin_*"
    assert statement["Condition"] == {"ArnLike": {"aws:PrincipalArn": pattern}}
    user = "arn:aws:iam::123456789012:user/alice"
    login = Source("me", "console-login", console=ConsoleLogin(user, "eu-central-1"))
    assert statements(Role("below", "me", ARN), Role("me", login))[0]["Principal"] == {"AWS": user}


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_arns_are_of_the_roles_partition(partition):
    serial, arn = SERIAL.replace("aws", partition, 1), ARN.replace("aws", partition, 1)
    found = policies(Role("prod", MAIN, arn, serial), None)
    assert found.principal.arn == ROOT.replace("aws", partition, 1)
    portal = Source("corp", "identity-center", account="123456789012", permission_set="Admin")
    found = policies(Role("below", "corp", arn), Role("corp", portal))
    assert found.principal.like.startswith(f"arn:{partition}:iam::")


def test_nothing_is_trusted_across_partitions():
    error = refused(Role("prod", MAIN, ARN.replace("aws", "aws-cn", 1), SERIAL))
    assert "across partitions" in error.sentence


def test_who_is_to_be_trusted_can_be_named():
    user = "arn:aws:iam::123456789012:user/alice"
    assert policies(Role("free", MAIN, ARN), None, user).principal.arn == user


@pytest.mark.parametrize(
    "named", ["*", "", "123456789012", "arn:aws:sts::123456789012:assumed-role/a/b", "arn:aws:iam::*:root"]
)
def test_nobody_is_trusted_by_mistake(named):
    assert "can be trusted by that name" in refused(Role("free", MAIN, ARN), named=named).sentence


def test_what_is_not_known_is_not_guessed():
    assert "Nothing says which account" in refused(Role("free", MAIN, ARN)).sentence
    assert "not assumed by AssumeRole" in refused(Role("session", MAIN, None, SERIAL)).sentence
    token = Source("ci", "web-identity")
    assert "not assumed by AssumeRole" in refused(Role("ci", token, ARN)).sentence
    assert "Nothing says which account" in refused(Role("numbered", MAIN, ARN, "GAHT12345678")).sentence
    assert "is no ARN of a role" in refused(Role("odd", MAIN, "admin", SERIAL)).sentence


def test_a_device_that_has_a_number_and_no_arn_asks_who_is_to_be_trusted():
    [statement] = statements(Role("numbered", MAIN, ARN, "GAHT12345678"), named=ROOT)
    assert statement["Principal"] == {"AWS": ROOT}
