"""Access keys in a real GNOME Keyring on a bus of the test's own: added, imported, locked, over a restart."""

import configparser
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from keyring_desktop import PASSWORD, desktop_in
from stack import Stack
from waiting import wait_until

pytestmark = pytest.mark.system

IDENTITY = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"


@pytest.fixture
def desktop(tmp_path):
    with desktop_in(tmp_path) as desktop:
        yield desktop


@pytest.fixture
def stack(desktop, tmp_path):
    with Stack(tmp_path / "stack", daemon=False) as stack:
        start(stack, desktop)
        yield stack


def start(stack, desktop):
    stack.env["DBUS_SESSION_BUS_ADDRESS"] = desktop.env["DBUS_SESSION_BUS_ADDRESS"]
    stack.env["HOME"] = desktop.env["HOME"]
    stack.start()


def xacctctl(stack, *words, typed=""):
    return subprocess.run(
        [sys.executable, "-m", "xacct.ctl", *words], env=stack.env, input=typed, capture_output=True, text=True,
        timeout=60, check=False, start_new_session=True,
    )  # fmt: skip


def credentials_file(stack):
    return Path(stack.env["AWS_SHARED_CREDENTIALS_FILE"])


def key_of(stack):
    file = configparser.RawConfigParser()
    file.read(credentials_file(stack))
    return file["central"]["aws_access_key_id"], file["central"]["aws_secret_access_key"]


def fetched(stack, role):
    done = subprocess.run(
        [sys.executable, "-c", IDENTITY], env=stack.environment(role), capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    return done.stdout.strip() or done.stderr


def in_keychain(desktop, service="xacct-access-keys"):
    """What the tool that people have finds there."""
    if shutil.which("secret-tool") is None:
        pytest.skip("no secret-tool here")
    return subprocess.run(
        ["secret-tool", "lookup", "service", service], env=desktop.env, capture_output=True, text=True,
        timeout=20, check=False,
    ).stdout  # fmt: skip


def imported(stack):
    key = key_of(stack)
    done = xacctctl(stack, "keys", "import", "central", "--yes")
    assert done.returncode == 0, done.stderr
    return key


def test_a_key_that_was_added_is_fetched_with_by_boto3_and_lies_nowhere_in_the_clear(stack, desktop):
    key_id, secret = key_of(stack)
    credentials_file(stack).write_text("[central]\n")
    done = xacctctl(stack, "keys", "add", "central", typed=f"{key_id}\n{secret}\n")
    assert done.returncode == 0, done.stderr
    assert secret in in_keychain(desktop)
    stack.login("prod")
    assert ":assumed-role/" in fetched(stack, "prod")
    ours = [
        file for file in stack.dir.rglob("*") if file.is_file() and file.name not in ("world.json", "identity.json")
    ]
    texts = [file.read_bytes() for file in [*ours, *desktop.keyrings.iterdir()]]
    assert len(texts) > 5
    assert not [text for text in texts if secret.encode() in text]


def test_a_key_moves_from_the_file_into_the_keychain_and_back_out_of_it(stack, desktop):
    _, secret = imported(stack)
    assert secret in in_keychain(desktop)
    assert secret not in credentials_file(stack).read_text()
    stack.login("prod")
    assert ":assumed-role/" in fetched(stack, "prod")
    assert xacctctl(stack, "keys", "remove", "central", "--yes").returncode == 0
    assert in_keychain(desktop) == ""


def test_it_is_there_after_a_reboot_as_soon_as_somebody_has_logged_in(stack, desktop):
    imported(stack)
    stack.stop()
    desktop.boot()  # the login keyring is locked
    start(stack, desktop)
    failed, _ = stack.login("prod", expect_failed=1)
    assert failed["error"]["sentence"] == "The access key of 'central' is in the keychain. The keychain is locked."
    assert failed["error"]["category"] == "human"
    desktop.log_in()
    stack.login("prod")
    assert ":assumed-role/" in fetched(stack, "prod")
    assert xacctctl(stack, "keys").stdout.count("central") == 1


def test_a_keyring_that_is_locked_later_holds_nothing_up(stack, desktop):
    imported(stack)
    assert xacctctl(stack, "restart").returncode == 0
    stack.login("prod")
    locked = "import secretstorage; secretstorage.get_default_collection(secretstorage.dbus_init()).lock()"
    subprocess.run([sys.executable, "-c", locked], env=desktop.env, timeout=20, check=True)
    stack.api("POST", "/v1/logout", {"all": True})
    stack.login("prod")
    done = xacctctl(stack, "keys", "remove", "central", "--yes")
    assert "The keychain is locked." in done.stderr
    desktop.log_in()
    assert secret_is_still_there(stack, desktop)


def secret_is_still_there(stack, desktop):
    return "aws_secret_access_key" in in_keychain(desktop) and xacctctl(stack, "keys").stdout.count("central") == 1


def test_a_locked_keychain_keeps_a_key_in_its_file(stack, desktop):
    before = credentials_file(stack).read_text()
    stack.stop()
    desktop.boot()
    start(stack, desktop)
    done = xacctctl(stack, "keys", "import", "central", "--yes")
    assert done.returncode == 4
    assert "The keychain is locked." in done.stderr
    assert credentials_file(stack).read_text() == before
    wait_until(lambda: not stack.api("GET", "/v1/keys")["keys"])
    desktop.boot(PASSWORD)
    assert in_keychain(desktop) == ""


# A stored seed.


def test_a_stored_seed_answers_from_the_keyring_and_lies_nowhere_in_the_clear(stack, desktop):
    seed = json.loads((stack.dir / "identity.json").read_text())["seed"]
    device = "arn:aws:iam::123456789012:mfa/MyIAMUsername"
    done = xacctctl(stack, "mfa", "add", device, "--yes", typed=seed)
    assert done.returncode == 0, done.stderr
    assert seed in in_keychain(desktop, "xacct-mfa-seeds")
    assert in_keychain(desktop) == "", "and it is no access key"
    assert xacctctl(stack, "login", "prod").returncode == 0
    assert ":assumed-role/" in fetched(stack, "prod")
    texts = [file.read_bytes() for file in [*stack.dir.rglob("*"), *desktop.keyrings.iterdir()] if file.is_file()]
    assert len(texts) > 5
    assert sum(seed.encode() in text for text in texts) == 1, "that is the sandbox's own"
    stack.stop()
    desktop.boot()  # the login keyring is locked
    start(stack, desktop)
    done = xacctctl(stack, "login", "prod")
    assert done.returncode == 4
    assert "can't be read. The keychain is locked." in done.stderr
    desktop.log_in()
    assert xacctctl(stack, "mfa", "remove", device, "--yes").returncode == 0
    assert in_keychain(desktop, "xacct-mfa-seeds") == ""
