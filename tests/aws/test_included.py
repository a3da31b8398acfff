"""include_profile: counts where AWS's tools refuse a profile, and nowhere else."""

import botocore.session
import pytest
import two_resolvers as two
from botocore.exceptions import PartialCredentialsError

from xacct import policy
from xacct.aws import profiles

ARN = "arn:aws:iam::123456789012:role/r"
SERIAL = "arn:aws:iam::123456789012:mfa/me"
KEYS = "".join(
    f"[{name}]\naws_access_key_id = AKIA{name.upper()}\naws_secret_access_key = s\n" for name in ("base", "other")
)
COMMON = f"[profile common]\nsource_profile = base\nmfa_serial = {SERIAL}\nexternal_id = vendor\nregion = eu-west-1\n"


@pytest.fixture
def read(tmp_path):
    def read(config):
        (tmp_path / "config").write_text(config)
        (tmp_path / "credentials").write_text(KEYS)
        return profiles.read(
            {"AWS_CONFIG_FILE": f"{tmp_path}/config", "AWS_SHARED_CREDENTIALS_FILE": f"{tmp_path}/credentials"}
        )

    return read


def test_a_role_that_lacks_its_source_has_it_from_what_it_includes(read):
    role = read(f"{COMMON}[profile p]\nrole_arn = {ARN}\ninclude_profile = common\n").roles["p"]
    assert role.parent.name == "base"
    assert (role.mfa_serial, role.external_id) == (SERIAL, "vendor")
    assert role.region is None, "where STS is asked is nobody else's to say"
    assert role.included == "common"
    _, remarks = policy.explain(role, {"p": role}, 43200)
    assert any("settings from common by include_profile" in each for each in remarks)


def test_what_it_says_itself_goes_first_and_the_nearest_next(read):
    found = read(
        f"{COMMON}[profile near]\ninclude_profile = common\nexternal_id = near\n"
        f"[profile p]\nrole_arn = {ARN}\ninclude_profile = near\nmfa_serial = GAHT12345678\n"
    ).roles["p"]
    assert (found.parent.name, found.external_id, found.mfa_serial) == ("base", "near", "GAHT12345678")


@pytest.mark.parametrize("leads", ["source_profile = other", "credential_source = Environment"])
def test_what_aws_tools_can_use_is_not_changed_by_it(read, leads):
    plain = read(f"{COMMON}[profile p]\nrole_arn = {ARN}\n{leads}\n").roles["p"]
    role = read(f"{COMMON}[profile p]\nrole_arn = {ARN}\n{leads}\ninclude_profile = common\n").roles["p"]
    assert role == plain
    assert (role.mfa_serial, role.external_id, role.included) == (None, None, "")


def test_a_profile_without_a_role_is_none_by_it(read):
    """AWS's tools go on to other credentials then, which may be anybody's."""
    found = read(f"{COMMON}[profile p]\ninclude_profile = common\n[profile keys]\ninclude_profile = base\n")
    assert "p" not in found.roles
    assert "keys" not in found.roles


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ("include_profile = gone\n", "names a profile that does not exist"),
        ("include_profile = p\n", "comes back to itself"),
        ("include_profile = empty\n[profile empty]\nregion = x\n", "nor has what it includes"),
        ("include_profile = bad\n[profile bad]\nsource_profile = base\nexternal_id =\n", "external_id"),
    ],
)
def test_what_can_not_be_meant_is_said(read, config, says):
    found = read(f"[profile p]\nrole_arn = {ARN}\n{config}")
    assert "p" not in found.roles
    assert says in found.unusable["p"].sentence


def test_aws_tools_do_refuse_such_a_profile(read, tmp_path):
    read(f"{COMMON}[profile p]\nrole_arn = {ARN}\ninclude_profile = common\n")
    env = {"AWS_CONFIG_FILE": f"{tmp_path}/config", "AWS_SHARED_CREDENTIALS_FILE": f"{tmp_path}/credentials"}
    with two.only(env), pytest.raises(PartialCredentialsError, match="source_profile or credential_source"):
        botocore.session.Session(profile="p").get_credentials()
