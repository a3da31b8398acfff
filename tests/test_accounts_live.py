"""Accounts and permission sets from end to end: real daemon, real command line, and the sandbox that enforces."""

import json
import time
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest
from stack import Stack
from waiting import wait_until

from xacct.sandbox.identity_center.instance import Assignment

CALLS = ("ListAccounts", "ListAccountRoles")


@pytest.fixture
def stack(tmp_path):
    with Stack(tmp_path, identity_center=True) as stack:
        yield stack


def sandbox(stack, path="", body=None):
    """The control of the sandbox's Identity Center."""
    url = stack.env["AWS_ENDPOINT_URL_STS"] + "/_sandbox/identity-center" + path
    with urllib.request.urlopen(url, None if body is None else json.dumps(body).encode(), timeout=10) as answer:
        return json.load(answer)


def signed_in(stack):
    sandbox(stack, "/consent", {"answer": "allow"})
    listed(stack)
    sandbox(stack, "/consent", {"answer": "deny"})


def listed(stack, **body):
    """The list, or why there is none; a human signs in where the sandbox says so."""
    said = stack.api("POST", "/v1/accounts", body)
    return said if isinstance(said, dict) else said[-2]


def change(stack, **how):
    """Change the sandbox's instance."""
    inner = stack.sandbox.inner
    [instance] = inner.world.instances
    inner.world = replace(inner.world, instances=(replace(instance, **how),))


def config(stack):
    return Path(stack.env["AWS_CONFIG_FILE"])


def test_profiles_of_the_list_are_roles_at_once_and_need_no_other_sign_in(stack):
    done = stack.xacctctl("accounts")
    assert (done.returncode, "aws sso login --sso-session example" in done.stderr) == (4, True)
    signed_in(stack)
    done = stack.xacctctl("accounts", "--json")
    sets = {a["account_name"]: a["permission_sets"] for a in json.loads(done.stdout)["accounts"]}
    assert sets["staging"] == [
        {"permission_set": "Developer", "profiles": ["sso-staging"]},
        {"permission_set": "ReadOnlyAccess", "profiles": []},
    ]
    before = config(stack).read_bytes()
    done = stack.xacctctl("accounts", "sync", "--yes", "--region", "eu-central-1")
    assert done.returncode == 0, done.stderr
    assert config(stack).read_bytes().startswith(before)
    done = stack.xacctctl("login", "staging.readonlyaccess", "production.readonlyaccess")
    assert done.returncode == 0, done.stderr
    assert len(stack.calls("StartDeviceAuthorization")) == 1
    assert "staging.readonlyaccess" in json.dumps(listed(stack)), "the list names it now"


def test_three_hundred_accounts_take_a_call_each_and_are_kept(tmp_path):
    with Stack(tmp_path, identity_center=True, accounts=300) as stack:
        signed_in(stack)
        asked = [len(stack.calls(each)) for each in CALLS]
        assert asked == [4, 303], "pages of a hundred, and a call for each account"
        done = stack.xacctctl("accounts")
        assert "303 accounts, 904 roles: example" in done.stdout
        assert [len(stack.calls(each)) for each in CALLS] == asked
        done = stack.xacctctl("accounts", "--refresh")
        assert [len(stack.calls(each)) for each in CALLS] == [8, 606]
        done = stack.xacctctl("accounts", "sync", "--yes")
        assert done.returncode == 0, done.stderr
        assert stack.xacctctl("accounts", "sync", "--yes").returncode == 0, "a second time there is nothing to do"
        assert [len(stack.calls(each)) for each in CALLS] == [8, 606], "a list is good for five minutes"
        assert len(stack.calls("GetRoleCredentials")) == 0
        assert len(stack.api("GET", "/v1/roles")["roles"]) > 904
        names = stack.xacctctl("__complete", "login", "team-0300.").stdout.split()
        assert names == ["team-0300.administratoraccess", "team-0300.developer", "team-0300.readonlyaccess"]


def test_a_portal_that_throttles_is_waited_for_as_long_as_it_says(tmp_path):
    with Stack(tmp_path, identity_center=True, accounts=20) as stack:
        sandbox(stack, "/consent", {"answer": "allow"})
        stack.fault(kind="throttling", service="sso", calls=3, delay=1)
        began = time.monotonic()
        found = listed(stack)
        assert found["event"] == "accounts"
        assert [account for account in found["accounts"] if account["error"]] == []
        assert time.monotonic() - began >= 1
        calls = [call for each in CALLS for call in stack.calls(each)]
        assert sorted(call["status"] for call in calls) == [200] * 24 + [429] * 3


def test_an_account_that_is_suspended_is_said_and_keeps_its_profiles(stack):
    signed_in(stack)
    assert stack.xacctctl("accounts", "sync", "--yes").returncode == 0
    change(stack, suspended=frozenset({"345678901234"}))
    done = stack.xacctctl("accounts", "--refresh")
    assert done.returncode == 0
    assert "345678901234 (staging): IAM Identity Center does not list permission sets in 345678901234" in done.stdout
    before = config(stack).read_bytes()
    done = stack.xacctctl("accounts", "sync", "--yes", "--prune")
    assert (done.returncode, config(stack).read_bytes()) == (0, before), done.stderr
    assert "could not be listed: staging.developer, staging.readonlyaccess" in done.stderr


def test_what_was_taken_away_goes_with_prune_and_nothing_else(stack):
    signed_in(stack)
    assert stack.xacctctl("accounts", "sync", "--yes").returncode == 0
    change(stack, assignments=(Assignment("me@example.com", "234567890123", "ReadOnlyAccess"),))
    done = stack.xacctctl("accounts", "sync", "--yes", "--refresh")
    assert "(--prune removes them): central.developer, staging.developer, staging.readonlyaccess" in done.stderr
    assert "central.developer" in config(stack).read_text()
    done = stack.xacctctl("accounts", "sync", "--yes", "--prune")
    assert done.returncode == 0, done.stderr
    left = config(stack).read_text()
    assert "production.readonlyaccess" in left
    assert "central.developer" not in left
    assert "[profile sso-central]" in left


def test_several_instances_are_told_apart_by_name(stack):
    other = "sso_start_url = https://other.awsapps.com/start\nsso_region = eu-central-1\n"
    profile = f"[profile elsewhere]\n{other}sso_account_id = 123456789012\nsso_role_name = Developer\n"
    config(stack).write_text(config(stack).read_text() + f"\n{profile}\n[sso-session lone]\n{other}")
    done = stack.xacctctl("accounts")
    assert (done.returncode, "One of: example, lone" in done.stderr) == (1, True), done.stderr
    sandbox(stack, "/consent", {"answer": "allow"})
    found = listed(stack, session="example")
    assert found["accounts"][0]["permission_sets"][0]["profiles"] == ["sso-central", "sso-legacy"]
    done = stack.xacctctl("accounts", "https://d-1234567890.awsapps.com/start/#/")
    assert "4 roles: example" in done.stdout
    done = stack.xacctctl("accounts", "nope")
    assert "There is: example" in done.stderr


def test_a_sign_in_that_has_ended_is_said(stack):
    signed_in(stack)
    sandbox(stack, "/revoke", {})
    found = listed(stack, refresh=True, attend=False)
    assert (found["event"], found["error"]["category"]) == ("failed", "human")


def test_legacy_profiles_name_the_start_url_themselves(stack):
    file = config(stack)
    kept = file.read_text().partition("[profile sso-central]")[0]
    legacy = file.read_text().partition("[profile sso-legacy]")[2].partition("[profile")[0]
    services = file.read_text().partition("[services")[2]
    file.write_text(f"{kept}[profile sso-legacy]{legacy}\n[services{services}")
    sandbox(stack, "/consent", {"answer": "allow"})
    found = wait_until(lambda: listed(stack).get("accounts"), what="the list")
    assert len(found) == 3
    done = stack.xacctctl("accounts", "sync", "--yes", "--roles", "Developer", "--accounts", "staging")
    assert done.returncode == 0, done.stderr
    assert "sso_start_url = https://d-1234567890.awsapps.com/start" in file.read_text().partition("# >>> xacct")[2]
    done = stack.xacctctl("login", "staging.developer")
    assert done.returncode == 0, done.stderr
    assert len(stack.calls("StartDeviceAuthorization")) == 1


def test_no_token_is_in_an_answer_a_log_or_a_file(stack):
    signed_in(stack)
    stack.fault(kind="500", service="sso", calls=1)
    said = json.dumps(stack.api("POST", "/v1/accounts", {"refresh": True}))
    done = stack.xacctctl("accounts", "sync", "--yes")
    said += done.stdout + done.stderr + stack.xacctctl("accounts").stdout + stack.log()
    for written in [*Path(stack.env["XDG_STATE_HOME"]).rglob("*"), config(stack)]:
        if written.is_file():
            said += written.read_bytes().decode("latin-1")
    assert "staging.developer" in said
    known = stack.sandbox.inner.identity_center.state
    secrets = [*known.access._kept, *known.refresh._kept, *(each.secret for each in known.clients)]
    assert len(secrets) >= 3
    for secret in secrets:
        assert secret[:16] not in said
