"""The AWS CLI's token cache as we write it: its format, its mode, and what becomes of a write that fails."""

import json
import os
import stat
from hashlib import sha1
from pathlib import Path

import pytest
from botocore.session import Session
from botocore.tokens import SSOTokenProvider
from fake_identity_center import CORP, LEGACY

from xacct.aws.shared_cache import SharedCache
from xacct.model import Source
from xacct.signin import KeptSignIn, Registration, Tokens

CLIENT = Registration("a-client", "a-secret", 1_900_000_000.0)
TOKENS = Tokens("an-access-token", 1_850_000_000.9, "a-refresh-token")
SOURCE = Source("corp", "identity-center", sign_in=CORP)


@pytest.fixture
def cache(tmp_path):
    return SharedCache({"HOME": str(tmp_path)})


def file_of(home, name):
    return Path(home, ".aws", "sso", "cache", f"{sha1(name.encode()).hexdigest()}.json")


async def test_the_file_is_as_the_command_line_writes_it(cache, tmp_path):
    await cache.write(SOURCE, CLIENT, TOKENS)
    assert json.loads(file_of(tmp_path, "corp").read_text()) == {
        "startUrl": "https://corp.awsapps.com/start",
        "region": "eu-central-1",
        "accessToken": "an-access-token",
        "expiresAt": "2028-08-16T00:53:20Z",
        "clientId": "a-client",
        "clientSecret": "a-secret",
        "registrationExpiresAt": "2030-03-17T17:46:40Z",
        "refreshToken": "a-refresh-token",
    }
    assert cache.problems() == []


async def test_botocore_takes_it(cache, tmp_path, monkeypatch):
    await cache.write(SOURCE, CLIENT, TOKENS)
    config = tmp_path / "config"
    config.write_text(
        "[profile dev]\nsso_session = corp\nregion = eu-west-1\n"
        "[sso-session corp]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = eu-central-1\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setattr(SSOTokenProvider, "_SSO_TOKEN_CACHE_DIR", str(file_of(tmp_path, "corp").parent))
    token = SSOTokenProvider(Session(profile="dev")).load_token()
    assert token.get_frozen_token().token == "an-access-token"


async def test_what_was_written_is_read_again(cache):
    await cache.write(SOURCE, CLIENT, TOKENS)
    whole = Tokens("an-access-token", 1_850_000_000.0, "a-refresh-token")
    assert cache.read(SOURCE) == KeptSignIn(whole, CLIENT)


async def test_nobody_else_may_read_it(cache, tmp_path):
    umask = os.umask(0o022)
    try:
        file = file_of(tmp_path, "corp")
        file.parent.mkdir(parents=True)
        file.write_text("what was there")
        file.chmod(0o644)
        await cache.write(SOURCE, CLIENT, TOKENS)
    finally:
        os.umask(umask)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]


async def test_folders_that_are_made_for_it_are_the_users_alone(cache, tmp_path):
    await cache.write(SOURCE, CLIENT, TOKENS)
    assert stat.S_IMODE(file_of(tmp_path, "corp").parent.stat().st_mode) == 0o700


async def test_profiles_without_a_session_have_it_by_their_start_url(cache, tmp_path):
    source = Source(LEGACY.start_url, "identity-center", sign_in=LEGACY)
    await cache.write(source, CLIENT, Tokens("an-access-token", 1_850_000_000.0, None))
    assert "refreshToken" not in json.loads(file_of(tmp_path, LEGACY.start_url).read_text())
    assert cache.read(source).tokens.refresh_token is None


async def test_a_sign_in_of_other_files_goes_to_their_home(cache, tmp_path):
    files = (str(tmp_path / "other/config"), str(tmp_path / "other/credentials"), str(tmp_path / "other"))
    await cache.write(Source("corp", "identity-center", sign_in=CORP, files=files), CLIENT, TOKENS)
    assert file_of(tmp_path / "other", "corp").exists()
    assert not file_of(tmp_path, "corp").exists()


async def test_what_can_not_be_written_is_said_without_a_secret_and_later_not(cache, tmp_path):
    file = file_of(tmp_path, "corp")
    file.parent.parent.mkdir(parents=True)
    file.parent.write_text("no folder")
    await cache.write(SOURCE, CLIENT, TOKENS)
    [problem] = cache.problems()
    assert problem.sentence.startswith("The sign-in to corp can't be written for the AWS CLI: ")
    for secret in ("a-secret", "an-access-token", "a-refresh-token"):
        assert secret not in problem.sentence + problem.hint
    file.parent.unlink()
    await cache.write(SOURCE, CLIENT, TOKENS)
    assert cache.problems() == []


@pytest.mark.parametrize(
    "change",
    [
        {"clientId": 7}, {"clientSecret": "\x00"}, {"registrationExpiresAt": "soon"}, {"registrationExpiresAt": None},
        {"refreshToken": None}, {"refreshToken": "\n"},
    ],
)  # fmt: skip
async def test_what_can_not_be_renewed_is_good_for_its_time(cache, tmp_path, change):
    await cache.write(SOURCE, CLIENT, TOKENS)
    file = file_of(tmp_path, "corp")
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    kept = cache.read(SOURCE)
    assert kept.tokens.access_token == "an-access-token"
    assert kept.client is None or kept.tokens.refresh_token is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"accessToken": "x"}', "[" * 100_000])
async def test_what_is_no_sign_in_is_none(cache, tmp_path, text):
    file = file_of(tmp_path, "corp")
    file.parent.mkdir(parents=True)
    file.write_text(text)
    assert cache.read(SOURCE) is None
