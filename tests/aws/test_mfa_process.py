"""`mfa_process` of profiles: of which device each is, and that it is of none that the profile has not."""

import pytest

from xacct.aws import profiles

ALICES = "arn:aws:iam::123456789012:mfa/alice"
BOBS = "arn:aws:iam::123456789012:mfa/bob"
ROLE = "role_arn = arn:aws:iam::234567890123:role/a\n"
KEYS = "[work]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = x\n"


@pytest.fixture
def of(tmp_path):
    def read(config):
        (tmp_path / "config").write_text(config)
        (tmp_path / "credentials").write_text(KEYS)
        env = {
            "AWS_CONFIG_FILE": str(tmp_path / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
            "HOME": str(tmp_path),
        }
        return profiles.read(env, "the daemon's").mfa_processes

    return read


def test_a_role_has_one(of):
    assert of(
        f"[profile prod]\n{ROLE}source_profile = work\nmfa_serial = {ALICES}\nmfa_process = ykman code aws\n"
    ) == {ALICES: "ykman code aws"}


def test_it_is_had_from_the_source_as_the_device_is(of):
    source = f"[profile work]\nmfa_serial = {ALICES}\nmfa_process = ykman code aws\n"
    assert of(f"{source}[profile prod]\n{ROLE}source_profile = work\n") == {ALICES: "ykman code aws"}


def test_it_is_had_from_what_is_included_where_that_counts(of):
    above = f"[profile base]\nsource_profile = work\nmfa_serial = {ALICES}\nmfa_process = ykman code aws\n"
    assert of(f"{above}[profile prod]\n{ROLE}include_profile = base\n") == {ALICES: "ykman code aws"}


def test_of_two_for_one_device_the_first_counts(of):
    one = f"[profile a]\n{ROLE}source_profile = work\nmfa_serial = {ALICES}\nmfa_process = first\n"
    other = f"[profile b]\n{ROLE}source_profile = work\nmfa_serial = {ALICES}\nmfa_process = second\n"
    assert of(one + other) == {ALICES: "first"}
    assert of(other + one) == {ALICES: "second"}


def test_each_device_has_its_own(of):
    one = f"[profile a]\n{ROLE}source_profile = work\nmfa_serial = {ALICES}\nmfa_process = first\n"
    other = f"[profile b]\n{ROLE}source_profile = work\nmfa_serial = {BOBS}\nmfa_process = second\n"
    assert of(one + other) == {ALICES: "first", BOBS: "second"}


@pytest.mark.parametrize("said", ["mfa_process =\n", "mfa_process =\n  a = b\n", ""])
def test_what_says_nothing_is_none(of, said):
    assert of(f"[profile prod]\n{ROLE}source_profile = work\nmfa_serial = {ALICES}\n{said}") == {}


def test_without_a_device_there_is_nothing_to_ask_for(of):
    assert of(f"[profile prod]\n{ROLE}source_profile = work\nmfa_process = ykman\n") == {}


def test_it_is_in_no_repr(tmp_path, of):
    read = of(f"[profile prod]\n{ROLE}source_profile = work\nmfa_serial = {ALICES}\nmfa_process = echo 123\n")
    assert read
    env = {"AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "HOME": "/"}
    assert "echo 123" not in repr(profiles.read(env, "the daemon's"))
