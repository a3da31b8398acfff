"""Profiles with an access key in the keychain: when it counts, and what is said when it does not."""

import pytest

from xacct import errors
from xacct.aws import profiles
from xacct.aws.sources import KINDS, FileSources
from xacct.model import Credentials

KEY = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = secret\n"
PROD = "[profile prod]\nrole_arn = arn:aws:iam::234567890123:role/prod\nsource_profile = work\n"


@pytest.fixture
def read(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".aws").mkdir()

    def read(config, credentials="", **in_keychain):
        (tmp_path / ".aws" / "config").write_text(config)
        (tmp_path / ".aws" / "credentials").write_text(credentials)
        return profiles.read({"HOME": str(tmp_path)}, in_keychain=in_keychain)

    return read


def test_a_profile_without_credentials_has_those_of_the_keychain(read):
    found = read(f"[profile work]\nregion = eu-west-1\n{PROD}", work="d1")
    source = found.roles["prod"].parent
    assert (source.kind, source.name, source.key, source.region) == ("keychain", "work", "d1", "eu-west-1")
    assert found.roles["work"].parent == source
    assert found.problems == []


def test_a_profile_that_has_its_session_from_xacct_is_one(read):
    """AWS's tools get its session by that line, and the line is no source to xacct."""
    found = read(f"[profile work]\ncredential_process = xacctctl process work\n{PROD}", work="d1")
    assert found.roles["prod"].parent.kind == found.roles["work"].parent.kind == "keychain"
    assert found.problems == []


@pytest.mark.parametrize(
    ("config", "credentials", "kind"),
    [
        ("[profile work]\n", f"[work]\n{KEY}", "profile"),
        (f"[profile work]\n{KEY}", "", "profile"),
        ("[profile work]\ncredential_process = /bin/true\n", "", "process"),
    ],
)
def test_what_the_files_say_goes_first_as_for_awss_tools(read, config, credentials, kind):
    found = read(config + PROD, credentials, work="d1")
    assert found.roles["prod"].parent.kind == kind
    [problem] = found.problems
    assert isinstance(problem, errors.KeyNotUsed)
    assert "'work'" in problem.sentence
    assert problem.hint.endswith("xacctctl keys remove work")


def test_a_key_of_a_profile_there_is_not_is_said(read):
    [problem] = read("[profile other]\n", gone="d1").problems
    assert "'gone'" in problem.sentence
    assert isinstance(problem, errors.KeyNotUsed)


@pytest.mark.parametrize("config", ["[profile work]\nregion = x x\n", "[profile work]\naws_secret_access_key = x\n"])
def test_a_profile_that_can_not_be_used_has_one_problem(read, config):
    assert len(read(config, work="d1").problems) == 1


def test_the_same_profile_without_a_key_there_is_none(read):
    found = read(f"[profile work]\n{PROD}", other="d1")
    assert "work" not in found.roles
    assert "prod" not in found.roles


async def test_a_key_is_had_by_the_files_that_mean_it(read, tmp_path):
    asked = []

    class Keychain:
        async def get(self, where, profile):
            asked.append((where, profile))
            return Credentials("AKIAIOSFODNN7EXAMPLE", "secret")

    source = read("[profile work]\n", work="d1").roles["work"].parent
    (tmp_path / "link").symlink_to(tmp_path / ".aws")
    env = {"AWS_CONFIG_FILE": str(tmp_path / "link" / "config"), "HOME": str(tmp_path)}
    sources = FileSources(env, Keychain())
    assert (await sources.load(source)).access_key_id == "AKIAIOSFODNN7EXAMPLE"
    real = str(tmp_path / ".aws")
    assert asked == [((f"{real}/config", f"{real}/credentials"), "work")]
    assert sources.describe(source) == "its access key, in the keychain"
    assert not sources.needs_human(source, 0.0)


async def test_without_a_keychain_that_is_said(read):
    source = read("[profile work]\n", work="d1").roles["work"].parent
    with pytest.raises(errors.SourceUnusable, match="no keychain here"):
        await KINDS["keychain"].load(source, {"HOME": "/nonexistent"})
