"""The policies that `policy` prints make the sandbox enforce what they say."""

import json
from dataclasses import replace

import pytest
from forgetful import FORGOTTEN, forgetful
from stack import Stack

from xacct.sandbox import trust

SETTINGS = """\
[roles.no-mfa]
source_identity = "alice"
tags = { team = "blue", cost = "7" }
transitive_tag_keys = ["team"]
[roles.no-external-id]
mfa_max_age = "15m"
"""
NAMES = [*FORGOTTEN, "thirdparty", "second"]


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("policy") / "s", change=forgetful, settings=SETTINGS) as stack:
        stack.login("prod")
        yield stack


def printed(stack, name, *options):
    done = stack.xacctctl("policy", name, *options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_accounts_that_take_the_printed_policies_enforce_what_the_profiles_say(stack):
    assert stack.xacctctl("verify", *NAMES).returncode == 6
    arns = {role["name"]: role["role_arn"] for role in stack.api("GET", "/v1/roles")["roles"]}
    read = {arns[name]: trust.read(printed(stack, name, "--part", "trust")) for name in NAMES}
    sandbox = stack.sandbox.inner
    before = sandbox.world
    sandbox.world = replace(
        before, roles=tuple(replace(role, trust=read.get(role.arn, role.trust)) for role in before.roles)
    )
    try:
        done = stack.xacctctl("verify", *NAMES, "--json")
    finally:
        sandbox.world = before
    assert {role["role"]: role["verdict"] for role in json.loads(done.stdout)["roles"]} == dict.fromkeys(
        NAMES, "enforced"
    ), done.stdout
    assert done.returncode == 0


def test_both_policies_and_whose_they_are(stack):
    done = stack.xacctctl("policy", "prod")
    assert set(json.loads(done.stdout)) == {"trust", "caller"}
    assert done.stderr.splitlines() == [
        "The trust policy is for arn:aws:iam::234567890123:role/cross-account-role-name.",
        "The caller's policy is for those of arn:aws:iam::123456789012:root who assume it.",
    ]


def test_what_there_is_no_policy_for_is_a_sentence(stack):
    done = stack.xacctctl("policy", "central")
    assert (done.returncode, done.stdout) == (1, "")
    assert "not assumed by AssumeRole" in done.stderr
    done = stack.xacctctl("policy", "prod", "--principal", "*")
    assert (done.returncode, done.stdout) == (1, "")
