"""keys rotate from end to end: real daemon, real command line, a sandbox whose IAM wants MFA; what is held stays."""

import configparser
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from stack import Stack, wait_until

FAKE = Path(__file__).parent / "support" / "fake_keychain"
IDENTITY = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"


def wants_mfa(world):
    user, *others = world.users
    return replace(world, users=(replace(user, iam_wants_mfa=True), *others))


@pytest.fixture
def stack(tmp_path):
    with Stack(tmp_path / "s", daemon=False, change=wants_mfa) as stack:
        (tmp_path / "keychain").mkdir()
        path = os.pathsep.join(filter(None, [str(FAKE), stack.env.get("PYTHONPATH")]))
        stack.env |= {"FAKE_KEYCHAIN": str(tmp_path / "keychain"), "PYTHONPATH": path}
        stack.start()
        into_keychain(stack)
        stack.login("prod")
        yield stack


def xacctctl(stack, *words, typed=""):
    return stack.xacctctl(*words, input=typed)


def into_keychain(stack):
    path = Path(stack.env["AWS_SHARED_CREDENTIALS_FILE"])
    file = configparser.RawConfigParser()
    file.read(path)
    key = file["central"]["aws_access_key_id"], file["central"]["aws_secret_access_key"]
    path.write_text("[central]\n")
    wait_until(lambda: "needs" not in str(stack.api("POST", "/v1/reload")["problems"]))
    assert xacctctl(stack, "keys", "add", "central", typed="\n".join(key)).returncode == 0


def fetched(stack):
    return subprocess.run(
        [sys.executable, "-c", IDENTITY], env=stack.environment("prod"), capture_output=True, text=True, timeout=60,
        check=True,
    ).stdout  # fmt: skip


def keys_at_aws(stack):
    return stack.sandbox.inner.world.users[0].keys


def test_a_rotation_takes_the_session_that_is_held_and_leaves_it(stack):
    before, codes = fetched(stack), len([call for call in stack.calls("GetSessionToken") if call["mfa"]])
    done = xacctctl(stack, "keys", "rotate", "central", "--yes")
    assert done.returncode == 0, done.stderr
    old, new = keys_at_aws(stack)
    assert (old.active, new.active) == (False, True)
    assert f"The access key of central is …{new.key_id[-4:]}" in done.stdout + done.stderr
    assert "The new key" in done.stdout + done.stderr
    assert new.secret not in done.stdout + done.stderr + stack.log()
    assert new.secret in Path(stack.env["FAKE_KEYCHAIN"], "items.json").read_text()
    listed = xacctctl(stack, "keys").stdout
    assert f"the key before, …{old.key_id[-4:]}, is inactive" in listed
    assert fetched(stack) == before
    assert xacctctl(stack, "login", "staging").returncode == 0
    assert len([call for call in stack.calls("GetSessionToken") if call["mfa"]]) == codes, "no code more"
    refused = xacctctl(stack, "keys", "rotate", "central", "--yes")
    assert refused.returncode == 1
    assert "--finish deletes it" in refused.stderr
    assert xacctctl(stack, "keys", "rotate", "central", "--finish", "--yes").returncode == 0
    assert keys_at_aws(stack) == (new,)
    assert "rotation" not in stack.api("GET", "/v1/keys")["keys"][0]


def test_without_a_yes_nothing_is_made(stack):
    done = xacctctl(stack, "keys", "rotate", "central")
    assert done.returncode == 2
    assert len(keys_at_aws(stack)) == 1
    assert xacctctl(stack, "keys", "rotate", "prod", "--yes").returncode == 1
    assert len(keys_at_aws(stack)) == 1


def test_ctrl_c_before_the_switch_is_undone_by_the_daemon(stack):
    stack.sandbox.inner.world = replace(stack.sandbox.inner.world, key_delay=1e6)
    process = subprocess.Popen(
        [sys.executable, "-m", "xacct.ctl", "keys", "rotate", "central", "--yes"],
        env=stack.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    wait_until(lambda: len(keys_at_aws(stack)) == 2)
    wait_until(lambda: [call for call in stack.calls("GetCallerIdentity") if call["error"]])
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode in (130, -signal.SIGINT)
    assert "takes back what was made" in out + err
    again = xacctctl(stack, "keys", "rotate", "central", "--yes")
    assert "is being rotated" in again.stderr or again.returncode == 1
    wait_until(lambda: len(keys_at_aws(stack)) == 1)
    wait_until(lambda: "rotation" not in stack.api("GET", "/v1/keys")["keys"][0])
    assert ":assumed-role/" in fetched(stack)


def test_a_code_is_asked_for_where_no_session_is_held(stack):
    stack.api("POST", "/v1/logout", {"all": True})
    done = xacctctl(stack, "keys", "rotate", "central", "--yes")
    assert done.returncode == 4, "there is nobody to ask"
    assert len(keys_at_aws(stack)) == 1


def test_a_daemon_that_is_killed_leaves_a_key_that_works_and_a_word_of_what_is_left(stack):
    stack.sandbox.inner.world = replace(stack.sandbox.inner.world, key_delay=1e6)
    process = subprocess.Popen(
        [sys.executable, "-m", "xacct.ctl", "keys", "rotate", "central", "--yes"],
        env=stack.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    wait_until(lambda: len(keys_at_aws(stack)) == 2)
    wait_until(lambda: [call for call in stack.calls("GetCallerIdentity") if call["error"]])
    stack.kill()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    stack.start()
    _, new = keys_at_aws(stack)
    assert f"rotation unfinished, …{new.key_id[-4:]} was made" in xacctctl(stack, "keys").stdout
    assert new.key_id not in Path(stack.env["XDG_STATE_HOME"], "xacct", "keychain-keys.json").read_text()
    stack.login("prod")
    assert ":assumed-role/" in fetched(stack)
    assert xacctctl(stack, "keys", "rotate", "central", "--finish", "--yes").returncode == 0
    assert len(keys_at_aws(stack)) == 1
    assert "rotation" not in stack.api("GET", "/v1/keys")["keys"][0]
