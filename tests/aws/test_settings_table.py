"""docs/aws-settings.md has each setting that botocore knows of a profile, and each variable that counts here."""

import re
from pathlib import Path

from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES, DEFAULT_PROXIES_CONFIG_VARS
from botocore.credentials import SSOProvider

from xacct.aws import chains, targets
from xacct.aws.sources import profile_keys

PAGE = (Path(__file__).parents[2] / "docs" / "aws-settings.md").read_text("utf-8")
OF_CREDENTIALS = {
    *chains.ROLE_SETTINGS, *profile_keys.TOKENS, *SSOProvider._ALL_REQUIRED_CONFIG_VARS,
    profile_keys.ACCESS_KEY, profile_keys.SECRET_KEY,
    "duration_seconds", "credential_process", "web_identity_token_file", "sso_session", "login_session",
    "endpoint_url", "services", "s3",
}  # fmt: skip
"""What botocore reads of a profile elsewhere than in its tables of variables."""


def names_in(section):
    rows = re.findall(r"^\| (.+?) \|", PAGE.partition(f"## {section}\n")[2].partition("\n## ")[0], re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def test_each_setting_that_botocore_knows_is_in_the_table():
    tables = [BOTOCORE_DEFAUT_SESSION_VARIABLES, DEFAULT_PROXIES_CONFIG_VARS]
    known = {name for table in tables for name, *_ in table.values() if name}
    assert known | OF_CREDENTIALS <= names_in("Settings of a profile")


def test_each_variable_that_counts_is_in_the_table():
    assert {*targets.VARIABLES} <= names_in("Variables")
