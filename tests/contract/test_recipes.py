"""docs/recipes.md with the AWS CLI itself: what it exports is a source of xacct's."""

import re
import shutil
from pathlib import Path

import pytest

from xacct.aws import inifiles, sources
from xacct.aws.sources import FileSources

pytestmark = pytest.mark.contract

PAGE = Path(__file__).parents[2] / "docs" / "recipes.md"
KEY_ID, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
AWS = shutil.which("aws", path="/usr/bin:/usr/local/bin")


@pytest.mark.skipif(AWS is None, reason="no AWS CLI 2 here: apt install awscli")
async def test_what_the_aws_cli_exports_is_a_source(tmp_path):
    block = re.search(r"^```ini\n(\[profile from-cli\]\n.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)[1]
    (tmp_path / "config").write_text(block)
    (tmp_path / "credentials").write_text(
        f"[signed-in]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\naws_session_token = t\n"
    )
    env = {
        "PATH": f"{Path(AWS).parent}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
    }
    source = sources.own("from-cli", inifiles.read(*inifiles.paths(env)))
    keys = await FileSources(env).load(source)
    assert (keys.access_key_id, keys.secret_access_key, keys.session_token) == (KEY_ID, SECRET, "t")
