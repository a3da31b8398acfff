"""MFA devices from end to end: real daemon, real command line, and a sandbox that enforces."""

import contextlib
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from stack import Stack, Unix, wait_until

from xacct.sandbox.default_world import MFA_SERIAL, SECURITY_KEY
from xacct.sandbox.world import MfaDevice

FAKE = Path(__file__).parent / "support" / "fake_keychain"
USER = "arn:aws:iam::123456789012:user/MyIAMUsername"


@pytest.fixture
def stack(tmp_path):
    with Stack(tmp_path / "s") as stack:
        yield stack


@pytest.fixture
def with_keychain(tmp_path):
    """A daemon whose keychain's library is a stand-in."""
    with Stack(tmp_path / "s", daemon=False) as stack:
        stack.keychain = tmp_path / "keychain"
        stack.keychain.mkdir()
        path = os.pathsep.join(filter(None, [str(FAKE), stack.env.get("PYTHONPATH")]))
        stack.env |= {"FAKE_KEYCHAIN": str(stack.keychain), "PYTHONPATH": path}
        stack.start()
        yield stack


def seed_of(stack):
    return json.loads((stack.dir / "identity.json").read_text())["seed"]


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


def test_of_a_role_that_is_none_it_is_said_why(stack):
    with Path(stack.env["AWS_CONFIG_FILE"]).open("a") as file:
        file.write("[profile half]\nrole_arn = arn:aws:iam::234567890123:role/x\n")
    for name, why in (("nosuch", "There is no role 'nosuch'."), ("half", "has a role_arn and no source_profile")):
        done = stack.xacctctl("mfa", "list", name)
        assert done.returncode == 1
        assert why in done.stderr


def test_the_mfa_session_is_what_iam_is_asked_with_where_it_is_held(stack):
    stack.login("prod")
    _, [user] = listed(stack, "prod")
    assert user["asked_with"] == "session"
    stack.fault(kind="expired-token", service="iam")
    _, [user] = listed(stack, "prod")
    assert user["asked_with"] == "keys", "AWS takes the session no more"
    assert stack.status("prod")["state"] == "held"


def test_a_missing_permission_is_said_with_the_line_that_it_takes(stack):
    change_user(stack, iam=frozenset())
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
    assert "The connection to AWS IAM ended before the answer came." in done.stderr


# A stored seed.


def add_seed(stack, typed=None):
    done = stack.xacctctl("mfa", "add", MFA_SERIAL, "--yes", input=typed or seed_of(stack))
    assert "Traceback" not in done.stderr
    return done


def test_a_stored_seed_answers_and_no_code_is_sent_twice(with_keychain):
    stack = with_keychain
    done = add_seed(stack)
    assert done.returncode == 0, done.stderr
    assert "puts both factors in one place" in done.stderr
    assert "It is the device of central, prod, staging" in done.stdout
    assert seed_of(stack) not in done.stdout + done.stderr
    assert stack.xacctctl("login", "prod").returncode == 0
    sent = [call for call in stack.calls("GetSessionToken") if call["mfa"]]
    assert len(sent) == 1
    assert "its seed is stored: xacctd answers" in stack.xacctctl("mfa").stdout
    ours = [file for file in stack.dir.rglob("*") if file.is_file() and file.name != "identity.json"]
    assert not [file for file in ours if seed_of(stack).encode() in file.read_bytes()]
    # The same step's code is used: the daemon waits for the next one, and nothing is asked of AWS meanwhile.
    stack.xacctctl("logout", "--all")
    [prompt] = pending(stack)
    assert prompt["not_before"] is not None
    assert len(stack.calls("GetSessionToken")) == 1


def pending(stack):
    """The prompts that are open a moment after a login was begun, which is then given up."""
    connection = Unix(stack.socket)
    connection.request("POST", "/v1/login", json.dumps({"roles": ["prod"], "attend": True}))
    try:
        return wait_until(lambda: stack.api("GET", "/v1/prompts")["prompts"], what="the prompt")
    finally:
        connection.close()


def test_a_seed_is_no_argument_and_what_is_none_is_refused(with_keychain):
    stack = with_keychain
    assert stack.xacctctl("mfa", "add", MFA_SERIAL, seed_of(stack), "--yes").returncode == 2
    done = add_seed(stack, "not a seed")
    assert done.returncode == 1
    assert "That is no secret of an MFA device" in done.stderr
    done = stack.xacctctl("mfa", "add", SECURITY_KEY, "--yes", input=seed_of(stack))
    assert "is a security key" in done.stderr
    assert not (stack.keychain / "items.json").exists()


def test_a_wrong_seed_is_tried_once_and_said(with_keychain):
    stack = with_keychain
    add_seed(stack, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
    done = stack.xacctctl("login", "prod")
    assert done.returncode == 4
    assert f"AWS refused the code of the stored seed of {MFA_SERIAL}." in done.stderr
    assert len(stack.calls("GetSessionToken")) == 1
    stack.login("prod")


def test_a_locked_agent_gives_no_codes_and_a_locked_keychain_is_a_sentence(with_keychain):
    stack = with_keychain
    add_seed(stack)
    (stack.keychain / "locked").touch()
    done = stack.xacctctl("login", "prod")
    assert done.returncode == 4
    assert "The keychain is locked." in done.stderr
    (stack.keychain / "locked").unlink()
    stack.xacctctl("lock")
    assert stack.xacctctl("login", "staging").returncode == 4
    assert stack.calls("GetSessionToken") == []


def test_what_is_removed_answers_no_more_and_what_is_kept_does_so_after_a_restart(with_keychain):
    stack = with_keychain
    add_seed(stack)
    assert "already" in add_seed(stack).stderr
    assert stack.xacctctl("restart").returncode == 0
    assert stack.xacctctl("login", "prod").returncode == 0
    assert stack.xacctctl("mfa", "remove", MFA_SERIAL, "--yes").returncode == 0
    assert json.loads((stack.keychain / "items.json").read_text()) == {}
    stack.xacctctl("logout", "--all")
    assert stack.xacctctl("login", "prod").returncode == 4


# Several devices of one user.

SECOND = MfaDevice("arn:aws:iam::123456789012:mfa/phone", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
SEVERAL = f'[roles.central]\nmfa_serial = ["{MFA_SERIAL}", "{SECOND.serial}"]\n'


@pytest.fixture
def several(tmp_path):
    """A user with two devices that show codes, which config.toml names both."""
    with Stack(tmp_path / "s", settings=SEVERAL) as stack:
        change_user(stack, more_devices=(SECOND,))
        yield stack


def code_of(stack, device):
    sandbox = stack.sandbox.inner
    return sandbox.sts.state.history.code(device, sandbox.clock())


def answered(stack, role, serial, code):
    """What became of a login whose prompt is answered with a code of this device."""
    connection = Unix(stack.socket)
    connection.request("POST", "/v1/login", json.dumps({"roles": [role], "attend": True}))
    [prompt] = wait_until(lambda: stack.api("GET", "/v1/prompts")["prompts"], what="the prompt")
    stack.api("POST", f"/v1/prompts/{prompt['id']}", {"code": code, "serial": serial})
    lines = connection.getresponse().read().decode().splitlines()
    connection.close()
    return prompt, [json.loads(line) for line in lines if line]


def test_a_code_of_any_of_a_users_devices_opens_the_one_session(several):
    stack = several
    prompt, events = answered(stack, "prod", SECOND.serial, code_of(stack, SECOND))
    assert prompt["devices"] == [MFA_SERIAL, SECOND.serial]
    assert [event["event"] for event in events][-2:] == ["held", "done"]
    assert stack.xacctctl("login", "staging", "central").returncode == 0, "by the same session"
    assert len(stack.calls("GetSessionToken")) == 1
    both = f"{MFA_SERIAL} or {SECOND.serial}"
    assert f"MFA session of central ({both})" in " ".join(stack.xacctctl("status").stdout.split())
    assert f"MFA device of central: {both}" in " ".join(stack.xacctctl("roles").stdout.split())
    assert f"one code of {both}" in " ".join(stack.xacctctl("explain", "prod").stdout.split())
    _, [user] = listed(stack)
    assert ["prod" in device["roles"] for device in user["devices"]] == [True, True]
    # It outlives a restart, and a device more or less in the list.
    assert stack.xacctctl("restart").returncode == 0
    stack.settings_file.write_text("")
    assert stack.xacctctl("reload").returncode == 0
    assert stack.xacctctl("login", "staging").returncode == 0
    assert len(stack.calls("GetSessionToken")) == 1


def test_a_code_of_one_device_is_sent_with_no_other(several):
    stack = several
    with contextlib.closing(Unix(stack.socket)) as connection:
        connection.request("POST", "/v1/login", json.dumps({"roles": ["prod"], "attend": True}))
        [prompt] = wait_until(lambda: stack.api("GET", "/v1/prompts")["prompts"], what="the prompt")
        body = {"code": code_of(stack, SECOND), "serial": MFA_SERIAL}
        assert stack.api("POST", f"/v1/prompts/{prompt['id']}", body) == {}
        [call] = wait_until(lambda: stack.calls("GetSessionToken"), what="the call")
        assert call["error"] == "AccessDenied"
        again = wait_until(lambda: stack.api("GET", "/v1/prompts")["prompts"], what="the next prompt")[0]
        assert f"It was one of {MFA_SERIAL}." in again["problem"]


# AWS_MFA_SERIAL, for once.


def test_another_device_for_once(with_keychain):
    stack = with_keychain
    change_user(stack, more_devices=(SECOND,))
    env = stack.env | {"AWS_MFA_SERIAL": SECOND.serial}
    done = stack.xacctctl("login", "prod", "--code", "-", input=code_of(stack, SECOND), env=env)
    assert done.returncode == 0, done.stderr
    assert f"If this takes a code, it is one of {SECOND.serial} (AWS_MFA_SERIAL)." in done.stderr
    assert [call["mfa"] for call in stack.calls("GetSessionToken")] == [True]
    # A session that is held takes no code, of whichever device.
    assert stack.xacctctl("login", "staging", env=env).returncode == 0
    assert len(stack.calls("GetSessionToken")) == 1
    # The next login is as configured.
    stack.xacctctl("logout", "--all")
    stack.login("prod")


@pytest.mark.parametrize(
    ("serial", "said"),
    [
        ("alice", "is no serial number"),
        ("arn:aws:iam::999999999999:mfa/alice", "is of another account"),
        (SECURITY_KEY, "is a security key"),
        ("arn:aws:iam::123456789012:user/alice", "is no MFA device"),
    ],
)
def test_a_device_that_can_not_be_the_users_is_refused(stack, serial, said):
    done = stack.xacctctl("login", "prod", env=stack.env | {"AWS_MFA_SERIAL": serial})
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert stack.calls() == []


def test_a_role_that_takes_no_code_is_held_whatever_the_device(stack):
    assert stack.xacctctl("login", "open", env=stack.env | {"AWS_MFA_SERIAL": SECOND.serial}).returncode in (0, 4)
