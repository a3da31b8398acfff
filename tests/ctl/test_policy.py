"""policy: the forms in which its answer is printed."""

import json

import pytest

from xacct.ctl import policy_formats
from xacct.ctl.main import main

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "AssumeRole", "Condition": {"StringEquals": {"a": '${x} %{y} é"'}}}],
}
CALLER = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*"}]}
ANSWER = {
    "role": "prod",
    "role_arn": "arn:aws:iam::234567890123:role/team/a-b",
    "principal": "arn:aws:iam::123456789012:root",
    "trust_policy": json.dumps(TRUST),
    "caller_policy": json.dumps(CALLER),
    "max_session": 43200,
}


@pytest.fixture
def said(daemon, capsys):
    daemon.answers["/v1/roles/prod/policy"] = lambda _body: ANSWER

    def printed(*options):
        assert main(["policy", "prod", *options]) == 0
        return capsys.readouterr().out

    return printed


def test_json_is_both_or_one(said):
    assert json.loads(said()) == {"trust": TRUST, "caller": CALLER}
    assert json.loads(said("--part", "trust")) == TRUST
    assert json.loads(said("--part", "caller")) == CALLER


def test_cloudformation_is_a_template_for_one_account(said):
    assert json.loads(said("--format", "cloudformation"))["Resources"] == {
        "TrustAB": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": "a-b",
                "Path": "/team/",
                "MaxSessionDuration": 43200,
                "AssumeRolePolicyDocument": TRUST,
            },
        }
    }
    assert json.loads(said("--format", "cloudformation", "--part", "caller"))["Resources"] == {
        "CallerAB": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {"ManagedPolicyName": "assume-a-b-234567890123", "PolicyDocument": CALLER},
        }
    }


def test_terraform_takes_its_own_templates_for_text(said):
    printed = said("--format", "terraform")
    assert printed.startswith('resource "aws_iam_role" "a_b_234567890123" {\n  name                 = "a-b"\n')
    assert '"$${x} %%{y} é\\""' in printed
    assert said("--format", "terraform", "--part", "caller").startswith(
        'resource "aws_iam_policy" "assume_a_b_234567890123" {\n  name = "assume-a-b-234567890123"\n'
    )


def test_a_name_that_begins_with_a_digit_is_no_label_of_terraform():
    answer = {**ANSWER, "role_arn": "arn:aws:iam::234567890123:role/7up"}
    assert policy_formats.as_terraform(answer, None).startswith('resource "aws_iam_role" "role_7up_234567890123"')


def test_the_principal_goes_along(said, daemon):
    daemon.answers["/v1/roles/prod/policy?principal=arn%3Aaws%3Aiam%3A%3A1%3Auser%2Fa%20b"] = lambda _body: ANSWER
    said("--principal", "arn:aws:iam::1:user/a b")
    assert daemon.requests[-1][:2] == ("GET", "/v1/roles/prod/policy?principal=arn%3Aaws%3Aiam%3A%3A1%3Auser%2Fa%20b")
