"""Patterns, groups, aliases, ARNs and ACCOUNT:ROLE, from the command line to STS."""

import sys

import pytest
from stack import Stack

from xacct.sandbox.default_world import FLEET, PROD

SETTINGS = """\
[aliases]
p = "prod"
[groups]
few = ["fleet-0[12]", "staging"]
both = ["@few", "p"]
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("words") / "s", settings=SETTINGS) as stack:
        stack.login("prod")
        stack.api("POST", "/v1/logout", {"roles": ["prod"]})  # the MFA session stays
        yield stack


def held(stack):
    return {role["name"] for role in stack.status()["roles"] if role["state"] == "held"} - {"central"}


def test_a_group_is_logged_in_to_and_out_of(stack):
    done = stack.xacctctl("login", "@both")
    assert (done.returncode, held(stack)) == (0, {"fleet-01", "fleet-02", "staging", "prod"}), done.stderr
    done = stack.xacctctl("logout", "fleet-*")
    assert (done.returncode, held(stack)) == (0, {"staging", "prod"}), done.stderr
    assert stack.xacctctl("status", "p").stdout.splitlines()[1].startswith("prod ")


@pytest.mark.parametrize("word", ["p", f"{PROD}:cross-account-role-name", "pr?d"])
def test_one_role_by_other_words(stack, word):
    program = [sys.executable, "-c", "import os; print(os.environ['XACCT_ROLE'])"]
    done = stack.xacctctl("exec", word, "--", *program)
    assert done.stdout == "prod\n", done.stderr
    done = stack.xacctctl("status", "--prompt", env=stack.env | {"XACCT_ROLE": "prod"})
    assert done.stdout.startswith("prod 1"), "as long as the MFA session lasts"


def test_what_is_refused_changes_nothing(stack):
    before = held(stack)
    for words, sentence in {
        ("login", "staging", "@fwe"): "There is no group @fwe.",
        ("logout", "nothing-*"): "There is no role 'nothing-*'.",
        ("env", "fleet-*"): "env takes one role, and 'fleet-*' means 20: fleet-01, fleet-02, ",
        ("env", f"{FLEET}:*"): "env takes one role, and ",
    }.items():
        done = stack.xacctctl(*words)
        assert done.returncode != 0
        assert sentence in done.stderr
    assert held(stack) == before


def test_process_takes_a_roles_own_name_alone(stack):
    done = stack.xacctctl("process", "p")
    assert (done.returncode, done.stdout) == (1, "")
    assert "There is no role 'p'." in done.stderr


def test_a_group_is_taken_as_soon_as_the_file_is_saved(stack):
    stack.settings_file.write_text(SETTINGS + 'late = ["prod"]\n')
    done = stack.xacctctl("explain", "@late")
    assert (done.returncode, "cross-account-role-name" in done.stdout) == (0, True), done.stderr


def test_whoami_asks_aws_and_nobody_else(stack):
    stack.xacctctl("login", "prod")
    done = stack.xacctctl("whoami", "p")
    assert f"AWS says  arn:aws:sts::{PROD}:assumed-role/cross-account-role-name/" in done.stdout, done.stderr
    stack.xacctctl("logout", "staging")
    done = stack.xacctctl("whoami", env=stack.env | {"XACCT_ROLE": "staging"})
    assert (done.returncode, "logged out" in done.stderr) == (4, True), done
    done = stack.xacctctl("whoami", "--offline", env=stack.env | {"XACCT_ROLE": "staging"})
    assert "state     logged-out" in done.stdout, done.stderr
