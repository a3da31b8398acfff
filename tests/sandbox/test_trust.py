import pytest
from hypothesis import given
from hypothesis import strategies as st

from xacct.sandbox import trust
from xacct.sandbox.trust import Condition, Statement

ROOT = "arn:aws:iam::123456789012:root"
USER = "arn:aws:iam::123456789012:user/u"
NAMES = trust.names_of(USER, "123456789012", None)
PRESENT = "aws:MultiFactorAuthPresent"
AGE = "aws:MultiFactorAuthAge"


def lets_in(*conditions, principals=(ROOT,), names=NAMES, **context):
    policy = (Statement(principals, conditions),)
    return trust.allows(policy, names, trust.ASSUME_ROLE, context)


@pytest.mark.parametrize(
    ("operator", "context", "allowed"),
    [
        ("Bool", {PRESENT: "true"}, True),
        ("Bool", {PRESENT: "false"}, False),
        ("Bool", {}, False),
        ("BoolIfExists", {PRESENT: "true"}, True),
        ("BoolIfExists", {PRESENT: "false"}, False),
        ("BoolIfExists", {}, True),  # why BoolIfExists doesn't demand MFA from long-term keys
    ],
)
def test_mfa_present(operator, context, allowed):
    assert lets_in(Condition(operator, PRESENT, ("true",)), **context) is allowed


@given(age=st.integers(0, 10**6))
def test_mfa_age_is_below_the_limit(age):
    assert lets_in(Condition("NumericLessThan", AGE, ("900",)), **{AGE: str(age)}) is (age < 900)


def test_mfa_age_unknown_or_no_number_is_no_young_age():
    young = Condition("NumericLessThan", AGE, ("900",))
    assert not lets_in(young)
    assert not lets_in(young, **{AGE: "young"})


def test_external_id_is_compared_exactly():
    mine = Condition("StringEquals", "sts:ExternalId", ("Id1", "Id2"))
    assert lets_in(mine, **{"sts:ExternalId": "Id2"})
    assert not lets_in(mine, **{"sts:ExternalId": "id2"})
    assert not lets_in(mine)


def test_context_keys_ignore_letter_case():
    assert lets_in(Condition("Bool", PRESENT.upper(), ("true",)), **{PRESENT.lower(): "true"})


def test_all_conditions_must_hold():
    both = (Condition("Bool", PRESENT, ("true",)), Condition("StringEquals", "k", ("v",)))
    assert lets_in(*both, **{PRESENT: "true", "k": "v"})
    assert not lets_in(*both, **{PRESENT: "true"})


@pytest.mark.parametrize(
    ("principal", "allowed"),
    [
        (ROOT, True),
        ("123456789012", True),
        (USER, True),
        ("*", True),
        ("arn:aws:iam::123456789012:user/v", False),
        ("arn:aws:iam::999999999999:root", False),
    ],
)
def test_principals_of_a_user(principal, allowed):
    assert lets_in(principals=(principal,)) is allowed


def test_a_role_session_is_meant_by_its_role_too():
    session = "arn:aws:sts::123456789012:assumed-role/r/s"
    role = "arn:aws:iam::123456789012:role/r"
    names = trust.names_of(session, "123456789012", role)
    assert lets_in(principals=(role,), names=names)
    assert lets_in(principals=(session,), names=names)
    assert not lets_in(principals=(USER,), names=names)


def test_a_deny_wins():
    policy = (Statement(("*",)), Statement((USER,), effect="Deny"))
    assert not trust.allows(policy, NAMES, trust.ASSUME_ROLE, {})


def test_only_named_actions_are_allowed():
    policy = (Statement(("*",), actions=(trust.ASSUME_ROLE,)),)
    assert not trust.allows(policy, NAMES, trust.TAG_SESSION, {})


def test_unknown_operators_are_refused_rather_than_ignored():
    with pytest.raises(ValueError, match="'StringNotLike' is unknown here"):
        Condition("StringNotLike", "k", ("v*",))


def test_wildcards_are_stars_and_question_marks_alone():
    role = Condition("ArnLike", "aws:PrincipalArn", ("arn:aws:iam::1:role/*/AWSReservedSSO_[x]_?",))
    assert lets_in(role, **{"aws:PrincipalArn": "arn:aws:iam::1:role/eu/AWSReservedSSO_[x]_1"})
    assert not lets_in(role, **{"aws:PrincipalArn": "arn:aws:iam::1:role/eu/AWSReservedSSO_x_1"})
    assert not lets_in(role, **{"aws:PrincipalArn": "arn:aws:iam::1:role/eu/AWSReservedSSO_[x]_12"})
    assert not lets_in(role)


def test_for_all_values_is_true_of_none_and_false_of_one_that_does_not_fit():
    keys = Condition("ForAllValues:StringEquals", "aws:TagKeys", ("team", "cost"))
    assert lets_in(keys)
    assert lets_in(keys, **{"aws:TagKeys": ("team", "cost")})
    assert not lets_in(keys, **{"aws:TagKeys": ("team", "other")})


def test_a_policy_is_read_as_json_has_it():
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "One",
                "Effect": "Allow",
                "Principal": {"AWS": ROOT},
                "Action": "sts:AssumeRole",
                "Condition": {"Bool": {PRESENT: "true"}, "StringEquals": {"a": ["b", "c"]}},
            }
        ],
    }
    assert trust.read(document) == (
        Statement(
            (ROOT,),
            (Condition("Bool", PRESENT, ("true",)), Condition("StringEquals", "a", ("b", "c"))),
            (trust.ASSUME_ROLE,),
        ),
    )


@pytest.mark.parametrize(
    "strange",
    [
        {"NotAction": "sts:AssumeRole"},
        {"Principal": {"Federated": "x"}},
        {"Action": "sts:*"},
        {"Effect": "allow"},
        {"Condition": {"Null": {"a": "true"}}},
    ],
)
def test_what_is_not_understood_of_a_policy_is_refused(strange):
    said = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "sts:AssumeRole"} | strange
    with pytest.raises(ValueError, match=r"understood|unknown"):
        trust.read({"Version": "2012-10-17", "Statement": [said]})
