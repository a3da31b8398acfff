"""MFA devices from end to end: real daemon, real command line, and a sandbox that enforces."""

import json
from dataclasses import replace

import pytest
from stack import Stack

from xacct.sandbox.default_world import MFA_SERIAL, SECURITY_KEY

USER = "arn:aws:iam::123456789012:user/MyIAMUsername"


@pytest.fixture
def stack(tmp_path):
    with Stack(tmp_path / "s") as stack:
        yield stack


def change_user(stack, **what):
    """The sandbox's user is another from now on."""
    sandbox = stack.sandbox.inner
    [user, *others] = sandbox.world.users
    sandbox.world = replace(sandbox.world, users=(replace(user, **what), *others))


def listed(stack, *words):
    done = stack.xacctctl("mfa", "list", *words, "--json")
    assert "Traceback" not in done.stderr
    return done, json.loads(done.stdout)["users"]


# Listed.


def test_devices_are_listed_with_what_they_are_and_who_names_them(stack):
    done, [user] = listed(stack)
    assert done.returncode == 0, done.stderr
    assert (user["source"], user["asked_with"]) == ("central", "keys")
    mine, key = user["devices"]
    assert (mine["serial"], mine["kind"], mine["gives_codes"]) == (MFA_SERIAL, "virtual", True)
    assert (mine["enabled"], "prod" in mine["roles"]) == (1_700_000_000, True)
    assert (key["serial"], key["kind"], key["gives_codes"]) == (SECURITY_KEY, "security-key", False)
    assert key["roles"] == []
    assert stack.xacctctl("mfa").stdout == (
        "central (IAM was asked with the access key):\n"
        f"  {MFA_SERIAL}\n"
        "    virtual, since 2023-11-14; named by central, prod, staging and 26 more\n"
        f"  {SECURITY_KEY}\n"
        "    security key (FIDO), since 2023-11-14; STS can't use it\n"
    )
    call, _ = stack.calls("ListMFADevices")
    assert (call["service"], call["principal"], call["status"]) == ("iam", USER, 200)


def test_the_mfa_session_is_what_iam_is_asked_with_where_it_is_held(stack):
    stack.login("prod")
    _, [user] = listed(stack, "prod")
    assert user["asked_with"] == "session"
    stack.fault(kind="expired-token", service="iam")
    _, [user] = listed(stack, "prod")
    assert user["asked_with"] == "keys", "AWS takes the session no more"
    assert stack.status("prod")["state"] == "held"


def test_a_missing_permission_is_said_with_the_line_that_it_takes(stack):
    change_user(stack, denied=frozenset({"iam:ListMFADevices"}))
    done, [user] = listed(stack)
    assert done.returncode == 5
    assert f"No policy lets {USER} see its MFA devices." in done.stderr
    assert '{"Effect": "Allow", "Action": "iam:ListMFADevices", "Resource": "' + USER + '"}' in done.stderr
    [device] = user["devices"]
    assert (device["serial"], device["enabled"]) == (MFA_SERIAL, None), "what the configuration names is shown still"


def test_a_device_that_is_not_the_users_is_told(stack):
    change_user(stack, mfa=None)
    assert f"  {MFA_SERIAL}\n    virtual; no device of this user, says IAM; named" in stack.xacctctl("mfa").stdout


def test_a_locked_agent_asks_nobody(stack):
    stack.xacctctl("lock")
    done, [user] = listed(stack)
    assert (done.returncode, user["error"]["code"]) == (4, "locked")
    assert stack.calls("ListMFADevices") == []


def test_who_is_not_at_an_address_of_awss_is_iam_as_well(stack):
    """AWS_ENDPOINT_URL_STS alone names the sandbox: nothing that is signed with its keys goes to AWS."""
    assert "AWS_ENDPOINT_URL_IAM" not in stack.env
    assert listed(stack)[0].returncode == 0
    assert len(stack.calls("ListMFADevices")) == 1


def test_a_profile_that_names_another_address_of_iam_is_asked_there(stack):
    config = stack.dir / "aws" / "config"
    config.write_text(
        config.read_text().replace("[profile central]\n", "[profile central]\nservices = apart\n")
        + "\n[services apart]\niam =\n  endpoint_url = http://127.0.0.1:1\n"
    )
    done, [user] = listed(stack, "prod")
    assert done.returncode == 1
    assert (user["error"]["code"], stack.calls("ListMFADevices")) == ("network", [])


def test_iam_that_is_away_is_a_sentence(stack):
    stack.fault(kind="reset", service="iam")
    done, _ = listed(stack)
    assert done.returncode == 1
    assert "The connection to IAM ended before the answer came." in done.stderr
