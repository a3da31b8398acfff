"""[default]: seen where an SDK would see it, lifted without a secret being copied."""

import stat

import pytest

from xacct.ctl.shadow import lifted, sanitized, shadows

CONFIG = """\
# aws_secret_access_key = OLDSECRET
[default]
region = eu-west-1
aws_access_key_id = AKIA
aws_secret_access_key =
    TOPSECRET
output=json
role_arn: arn:aws:iam::1:role/x
s3 =
    max_concurrent_requests = 20
[profile prod]
role_arn = arn:aws:iam::2:role/prod
source_profile = work
[profile work]
AWS_Secret_Access_Key = OTHERSECRET
aws_session_token=TOKENSECRET
region = us-east-1
[sso-session corp]
sso_region = eu-west-1
"""


def test_a_sanitized_copy_keeps_everything_else():
    assert "".join(sanitized(CONFIG.splitlines(keepends=True))) == (
        "[default]\n"
        "region = eu-west-1\n"
        "output=json\n"
        "s3 =\n"
        "    max_concurrent_requests = 20\n"
        "[profile prod]\n"
        "role_arn = arn:aws:iam::2:role/prod\n"
        "source_profile = work\n"
        "[profile work]\n"
        "region = us-east-1\n"
        "[sso-session corp]\n"
        "sso_region = eu-west-1\n"
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[default]\nregion = x\n", False),
        ("[profile work]\naws_access_key_id = AKIA\n", False),
        ("[default]\naws_access_key_id=AKIA\n", True),
        ("[ default ]\nAWS_ACCESS_KEY_ID : AKIA\n", True),
        ("[profile default]\nsso_session = corp\n", True),
        ('[profile "default"]\ncredential_process = x\n', True),
        ("[default]\n# role_arn = x\n", False),
        ("[default]\nrole_arn = x\n", True),
        ("[default]\nweb_identity_token_file = x\n", True),
        ("role_arn = x\n", False),
        ("", False),
        ("[default\nrole_arn", False),
    ],
)
def test_what_shadows(text, found):
    assert shadows(text.splitlines(keepends=True)) is found


@pytest.fixture
def home(place):
    (place / "h/.aws").mkdir()
    return place / "h"


def test_nothing_is_done_where_nothing_shadows(home, place):
    (home / ".aws/config").write_text("[default]\nregion = x\n")
    assert lifted({}, str(home), str(place / "run")) == ({}, [])
    assert not (place / "run").exists()


def test_the_copy_is_private_stable_and_named_by_content(home, place):
    (home / ".aws/config").write_text(CONFIG)
    one = lifted({}, str(home), str(place / "run"))
    (copy,) = (place / "run").iterdir()
    assert one.set == {"AWS_CONFIG_FILE": str(copy), "XACCT_INSTEAD_OF_CONFIG_FILE": ""}
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert "SECRET" not in copy.read_text()
    written = copy.stat().st_mtime_ns
    assert lifted({}, str(home), str(place / "run")).set == one.set
    assert copy.stat().st_mtime_ns == written
    (home / ".aws/config").write_text(CONFIG + "[profile new]\nregion = x\n")
    assert lifted({}, str(home), str(place / "run")).set != one.set


def test_nesting_finds_no_shadow_any_more(home, place):
    (home / ".aws/config").write_text(CONFIG)
    (home / ".aws/credentials").write_text("[default]\naws_access_key_id=AKIA\n")
    first = lifted({}, str(home), str(place / "run"))
    assert len(first.notes) == 2
    assert lifted(first.set, str(home), str(place / "run")) == ({}, [])


def test_the_callers_own_variables_decide(home, place):
    (home / "elsewhere").write_text("\ufeff[default]\r\naws_access_key_id=AKIA\r\n", "utf-8")
    environ = {"AWS_SHARED_CREDENTIALS_FILE": "~/elsewhere"}
    shadow = lifted(environ, str(home), str(place / "run"))
    assert shadow.set == {
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "XACCT_INSTEAD_OF_CREDENTIALS_FILE": str(home / "elsewhere"),
    }


def test_real_sdks_agree(home, place, monkeypatch):
    """botocore finds no credentials in the sanitized copy, but the other profiles."""
    session = pytest.importorskip("botocore.session", reason="botocore is not installed")
    (home / ".aws/config").write_text(CONFIG)
    shadow = lifted({}, str(home), str(place / "run"))
    monkeypatch.setenv("AWS_CONFIG_FILE", shadow.set["AWS_CONFIG_FILE"])
    found = session.get_session()
    assert found.get_credentials() is None
    assert found.full_config["profiles"]["prod"]["source_profile"] == "work"
    assert found.full_config["profiles"]["default"]["s3"] == {"max_concurrent_requests": "20"}
