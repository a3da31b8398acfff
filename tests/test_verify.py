"""`verify` against accounts whose owners forgot something, and accounts whose owners did not."""

import json
from collections import Counter

import pytest
from forgetful import HOLES, forgetful
from stack import Stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("verify") / "s", change=forgetful) as stack:
        stack.login("prod")
        stack.api("POST", "/v1/logout", {"roles": ["prod"]})  # the MFA session stays
        yield stack


@pytest.fixture(scope="module")
def seen(stack):
    """What `verify --all` says, its exit status, and the calls that it made."""
    before = len(stack.calls())
    done = stack.xacctctl("verify", "--all", "--json")
    said = json.loads(done.stdout)
    assert (done.returncode, said["failed"]) == (6, []), done.stderr
    return {role["role"]: role for role in said["roles"]}, stack.calls()[before:]


def given(role):
    return {attempt["way"] for attempt in role["attempts"] if attempt["outcome"] == "given"} - {"as-configured"}


def test_exactly_the_roles_whose_owners_forgot_are_found(seen):
    roles, _ = seen
    assert {name: given(role) for name, role in roles.items() if role["verdict"] == "hole"} == HOLES
    assert {name for name, role in roles.items() if role["verdict"] == "nothing"} == {"central"}
    # this profile itself lacks the external id: AWS refuses it in every way
    assert {name for name, role in roles.items() if role["verdict"] == "unknown"} == {"noexternalid"}
    assert {"prod", "thirdparty", "second", "path-kept", "strict", "long"} <= {
        name for name, role in roles.items() if role["verdict"] == "enforced"
    }


def test_each_try_is_made_once_spends_no_code_and_leaves_nothing_held(stack, seen):
    roles, calls = seen
    assert {(call["action"], call["mfa"]) for call in calls} == {("AssumeRole", False)}
    made, planned = Counter(call["role_arn"] for call in calls), Counter()
    for role in roles.values():
        planned[role["role_arn"]] += len(role["attempts"])
    planned[roles["prod"]["role_arn"]] += 1  # others are reached from it
    assert not made - planned
    held = {role["name"] for role in stack.status()["roles"] if role["state"] == "held"}
    assert held == {"central"}, "that is the MFA session itself"


def test_the_audit_says_verify(stack, seen):
    lines = [json.loads(line) for line in stack.xacctctl("audit", "--json").stdout.splitlines()]
    found = {line["role"]: line["what"] for line in lines if line["event"] == "verify"}
    assert found == {name: role["verdict"] for name, role in seen[0].items()}


def test_the_table_and_the_exit_statuses(stack, seen):
    done = stack.xacctctl("verify", "prod", "second")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "ROLE    MFA       EXTERNAL ID  PATH      VERDICT",
        "prod    enforced  -            -         enforced",
        "second  -         -            enforced  enforced",
        "2 roles: 2 enforced.",
    ]
    done = stack.xacctctl("verify", "no-*", "prod")
    assert done.returncode == 6
    assert "no-external-id: AWS gives it without the external id, with the MFA session." in done.stdout
    assert "3 roles: 1 enforced, 2 with a hole (no-external-id, no-mfa)." in done.stdout.splitlines()
    done = stack.xacctctl("verify", "noexternalid")
    assert done.returncode == 7
    assert "refuses it as its profile says, with the MFA session, too" in done.stdout


def test_while_locked_nothing_is_tried(stack, seen):
    stack.api("POST", "/v1/lock", {})
    try:
        before = len(stack.calls())
        done = stack.xacctctl("verify", "no-mfa")
        assert (done.returncode, len(stack.calls())) == (4, before)
        assert "locked" in done.stderr
    finally:
        stack.api("POST", "/v1/unlock", {})
