import configparser
import socket
import stat
import subprocess
from pathlib import Path

import boto3
import pytest

from xacct.sandbox import files
from xacct.sandbox.default_world import EXTERNAL_ID, MFA_SERIAL, default_world, new_identity

URL = "http://127.0.0.1:1"
NAMED = [
    "central",
    "prod",
    "staging",
    "thirdparty",
    "noexternalid",
    "strict",
    "open",
    "second",
    "long",
]


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "it's a $HOME for a sandbox"


@pytest.fixture
def profiles(directory):
    files.write_files(directory, default_world(), URL)
    config = configparser.ConfigParser()
    config.read(directory / "aws" / "config")
    return {name.removeprefix("profile "): dict(config[name]) for name in config.sections()}


def test_all_profiles_are_there(profiles):
    assert sorted(profiles) == sorted(NAMED + [f"fleet-{n:02d}" for n in range(1, 21)])
    assert {p["region"] for p in profiles.values()} == {"eu-central-1"}


def test_what_profiles_say(profiles):
    assert profiles["central"] == {"mfa_serial": MFA_SERIAL, "region": "eu-central-1"}
    assert profiles["prod"] == {
        "role_arn": "arn:aws:iam::234567890123:role/cross-account-role-name",
        "source_profile": "central",
        "mfa_serial": MFA_SERIAL,
        "region": "eu-central-1",
    }
    assert profiles["staging"]["role_arn"].startswith("arn:aws:iam::345678901234:role/")
    assert profiles["thirdparty"]["external_id"] == EXTERNAL_ID
    assert "external_id" not in profiles["noexternalid"]
    assert profiles["noexternalid"]["role_arn"] == profiles["thirdparty"]["role_arn"]
    assert "mfa_serial" not in profiles["open"]
    assert profiles["second"]["source_profile"] == "prod"
    assert profiles["long"]["duration_seconds"] == "43200"
    assert profiles["fleet-20"]["role_arn"].startswith("arn:aws:iam::456789012345:role/")


def test_boto3_finds_the_users_key(tmp_path, monkeypatch):
    # Not in `directory`: boto3 would expand the variable in its name.
    world = default_world()
    for name, value in files.write_files(tmp_path, world, URL).items():
        monkeypatch.setenv(name, value)
    found = boto3.Session(profile_name="central").get_credentials()
    assert found.access_key == world.users[0].keys[0].key_id
    assert found.secret_key == world.users[0].keys[0].secret


def test_a_shell_reads_the_environment_as_it_was_meant(directory):
    expected = files.write_files(directory, default_world(), URL, xacct_port=9477)
    shell = subprocess.run(
        ["sh", "-c", '. "$0"; env -0', str(directory / "env")],
        env={},
        capture_output=True,
        text=True,
        check=True,
    )
    got = dict(line.partition("=")[::2] for line in shell.stdout.split("\0") if line)
    assert {name: got[name] for name in expected} == expected
    assert expected["XACCT_PORT"] == "9477"
    assert expected["AWS_ENDPOINT_URL_STS"] == URL
    for name in ("XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        assert expected[name].startswith(f"{directory}/")


def test_nobody_else_may_look(directory):
    files.write_files(directory, default_world(), URL)
    files.load_or_make_identity(directory)
    for path in (directory, *directory.rglob("*")):
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path


def test_relative_directories_become_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    environment = files.write_files(Path("here"), default_world(), URL)
    assert environment["AWS_CONFIG_FILE"] == f"{tmp_path}/here/aws/config"


def test_an_identity_is_made_once(directory):
    files.prepare(directory)
    with pytest.raises(FileNotFoundError):
        files.load_identity(directory)
    made = files.load_or_make_identity(directory)
    assert files.load_or_make_identity(directory) == made
    assert files.load_identity(directory) == made


def test_identities_are_random_and_keep_their_secrets():
    one, other = new_identity(), new_identity()
    assert {one.key_id, one.secret, one.seed}.isdisjoint({other.key_id, other.secret, other.seed})
    assert one.secret not in repr(one)
    assert one.seed not in repr(one)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"key_id": "AKIA"}'])
def test_something_else_in_place_of_an_identity(directory, text):
    files.prepare(directory)
    (directory / "identity.json").write_text(text)
    with pytest.raises(files.NotASandboxError, match="is not the identity of a sandbox"):
        files.load_or_make_identity(directory)


def test_a_free_port_is_one_that_can_be_had_and_is_given_to_nobody_else_meanwhile():
    given = Path("/proc/sys/net/ipv4/ip_local_port_range")  # Linux's; macOS gives those from 49152 on
    lowest = int(given.read_text().split()[0]) if given.exists() else 49_152
    found = [files.free_port() for _ in range(20)]
    assert all(1024 <= port < lowest for port in found)
    assert len(set(found)) > 1
    with socket.create_server(("127.0.0.1", found[0])):
        pass
