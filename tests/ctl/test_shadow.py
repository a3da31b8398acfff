"""[default]: seen where an SDK would see it, and gone past by a profile of ours in a copy of the config file."""

import stat
from pathlib import Path

import pytest
from botocore.configloader import load_config

from xacct.ctl import variables
from xacct.ctl.failure import CtlError
from xacct.ctl.shadow import lifted, shadows

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
AWS_Access_Key_Id = OTHER
AWS_Secret_Access_Key = OTHERSECRET
aws_session_token=TOKENSECRET
region = us-east-1
[sso-session corp]
sso_region = eu-west-1
"""


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
        ("[DEFAULT]\naws_access_key_id = AKIA\n[default]\nregion = x\n", True),
        ("[default]\nregion = x\n[DEFAULT] # of all\nregion = x\nrole_arn = x\n", True),
        ("[DEFAULT]\naws_access_key_id = AKIA\n[profile work]\nregion = x\n", False),
        ("[DEFAULT]\nsource_profile = base\nsso_region = x\n[default]\nregion = x\n", False),
        ("[profile DEFAULT]\naws_access_key_id = AKIA\n[default]\nregion = x\n", False),
    ],
)
def test_what_shadows(text, found):
    assert shadows(text.splitlines(keepends=True)) is found


INDENTED = {
    "in [default]": "[default]\nregion = x\n  [profile work]\naws_access_key_id = AKIA\n",
    "two of them": "[default]\n region = x\n  [a]\n\n  [b]\n# c\n aws_access_key_id = AKIA\n",
    "in [DEFAULT]": "[DEFAULT]\nregion = x\n\t[profile work]\naws_access_key_id = AKIA\n[default]\nregion = x\n",
}


@pytest.mark.parametrize("text", INDENTED.values(), ids=INDENTED)
def test_a_heading_that_python_takes_for_a_values_next_line_ends_no_section(text, tmp_path):
    """One that is indented deeper than the option above it: what follows is [default]'s, to botocore."""
    (tmp_path / "config").write_text(text)
    assert load_config(tmp_path / "config")["profiles"]["default"]["aws_access_key_id"] == "AKIA"
    assert shadows(text.splitlines(keepends=True))
    assert not shadows(text.replace("aws_access", "    aws_access").splitlines(keepends=True)), "of the value, too"


@pytest.fixture
def home(place):
    (place / "h/.aws").mkdir()
    return place / "h"


def lift(environ, home, place):
    return lifted(environ, str(home), str(place / "run"), "0123abcd")


def test_nothing_is_done_where_nothing_shadows(home, place):
    (home / ".aws/config").write_text("[default]\nregion = x\n")
    shadow = lift({}, home, place)
    assert (shadow.set, shadow.notes) == ({}, [])
    assert not (place / "run").exists()


def test_the_copy_is_private_and_has_all_of_the_file(home, place):
    (home / ".aws/config").write_text(CONFIG)
    one = lift({}, home, place)
    copy = Path(one.set["AWS_CONFIG_FILE"])
    assert one.set["AWS_PROFILE"] == one.set["XACCT_PROFILE"] == "xacct"
    assert "XACCT_INSTEAD_OF_CONFIG_FILE" not in one.set
    assert variables.is_copy(str(copy))
    assert copy.read_text().startswith(CONFIG)
    added = copy.read_text().removeprefix(CONFIG)
    assert added.partition("\n")[2] == (
        "[profile xacct]\nregion = eu-west-1\noutput=json\ns3 =\n    max_concurrent_requests = 20\n"
    )
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o700
    written = copy.stat().st_mtime_ns
    assert lift({}, home, place).set == one.set
    assert copy.stat().st_mtime_ns == written
    (home / ".aws/config").write_text(CONFIG + "[profile new]\nregion = x\n")
    assert lift({}, home, place).set == one.set
    assert "[profile new]" in copy.read_text()


def test_nesting_has_one_copy_of_the_users_file(home, place):
    (home / ".aws/config").write_text(CONFIG)
    (home / ".aws/credentials").write_text("[default]\naws_access_key_id=AKIA\n")
    first = lift({}, home, place)
    assert len(first.notes) == 1
    assert vars(lift({**first.set, "XACCT_ROLE": "prod"}, home, place)) == vars(first)


def test_a_relative_path_means_the_same_file_wherever_the_shell_goes(home, place, monkeypatch):
    (home / "here").write_text(CONFIG)
    monkeypatch.chdir(home)
    found = lift({"AWS_CONFIG_FILE": "here"}, home, place).set
    assert found["XACCT_INSTEAD_OF_CONFIG_FILE"] == str(home / "here")


def test_the_callers_own_variables_decide(home, place):
    (home / "elsewhere").write_text("\ufeff[default]\r\naws_access_key_id=AKIA\r\n", "utf-8")
    shadow = lift({"AWS_SHARED_CREDENTIALS_FILE": "~/elsewhere"}, home, place)
    assert shadow.set["AWS_PROFILE"] == "xacct"
    assert "AWS_SHARED_CREDENTIALS_FILE" not in shadow.set


@pytest.mark.parametrize("variable", ["AWS_SHARED_CREDENTIALS_FILE", "AWS_CREDENTIAL_PROFILES_FILE"])
def test_files_that_only_some_sdks_read_count(home, place, variable):
    """JavaScript v2 and Java v1 read ~/.aws/credentials whatever AWS_SHARED_CREDENTIALS_FILE says."""
    (home / ".aws/credentials").write_text("[default]\naws_access_key_id=AKIA\n")
    (home / "elsewhere").write_text("[default]\nregion=x\n")
    assert lift({variable: str(home / "elsewhere")}, home, place).set["AWS_PROFILE"] == "xacct"


@pytest.mark.parametrize("text", ["[Credentials]\naws_access_key_id = x\n", "[Credentials]\ngs_access_key_id = x\n"])
def test_keys_of_boto_2(home, place, text):
    (home / ".boto").write_text(text)
    assert lift({}, home, place).set == ({} if "gs_" in text else {"BOTO_CONFIG": "/dev/null"})


KEYS = "aws_access_key_id = AKIA\naws_secret_access_key = x\n"


def test_what_python_gives_every_section_of_the_credentials_file_is_gone_past(home, place, monkeypatch):
    """[DEFAULT] is configparser's: to botocore its keys are those of [default] that has none itself."""
    session = pytest.importorskip("botocore.session", reason="botocore is not installed")
    (home / ".aws/credentials").write_text(f"[DEFAULT]\n{KEYS}[default]\nregion = eu-west-1\n")
    monkeypatch.setenv("HOME", str(home))
    assert session.get_session().get_credentials().access_key == "AKIA"
    for name, value in lift({}, home, place).set.items():
        monkeypatch.setenv(name, value)
    assert session.get_session().get_credentials() is None


def test_where_python_gives_keys_to_every_profile_ours_would_have_them_and_is_refused(home, place):
    (home / ".aws/config").write_text(f"[DEFAULT]\n{KEYS}[default]\nregion = eu-west-1\n")
    with pytest.raises(CtlError, match=r"\[DEFAULT\] in .* every profile"):
        lift({}, home, place)
    (home / ".aws/config").write_text(f"[DEFAULT]\n{KEYS}[profile work]\nregion = eu-west-1\n")
    assert lift({}, home, place).set == {}
    (home / ".aws/credentials").write_text(f"[default]\n{KEYS}")
    with pytest.raises(CtlError, match=r"\[DEFAULT\]"):
        lift({}, home, place)


def test_real_sdks_agree(home, place, monkeypatch):
    """botocore finds no credentials without a profile, but the other profiles and the settings."""
    session = pytest.importorskip("botocore.session", reason="botocore is not installed")
    (home / ".aws/config").write_text(CONFIG.replace("=\n    TOPSECRET", "= TOPSECRET"))
    for name, value in lift({}, home, place).set.items():
        monkeypatch.setenv(name, value)
    found = session.get_session()
    assert found.get_credentials() is None
    assert found.full_config["profiles"]["prod"]["source_profile"] == "work"
    assert found.get_scoped_config()["s3"] == {"max_concurrent_requests": "20"}
    monkeypatch.setenv("AWS_PROFILE", "work")
    assert session.get_session().get_credentials().token == "TOKENSECRET"
