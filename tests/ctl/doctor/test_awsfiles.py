"""AWS's files as botocore reads them, and what can't be read without its words."""

import pytest
from botocore.configloader import load_config
from botocore.exceptions import ConfigParseError

from xacct.ctl.doctor.awsfiles import read

CONFIG = """\
[default]
region = eu-west-1
[profile work]
region = x
s3 =
    max_concurrent_requests = 20
[profile "two words"]
output=json
[profile a b]
region = y
[other thing]
region = z
[sso-session corp]
sso_region = y
[services mine]
sts =
  endpoint_url = http://x
[plain]
region = y
[unbalanced "x]
region = y
"""


def test_the_profiles_are_botocores(stage):
    file = stage.config(CONFIG)
    found = read({}, stage.home)
    assert found.problems == []
    theirs = load_config(str(file))["profiles"]
    assert list(found.profiles) == list(theirs) == ["default", "work", "two words"]
    assert found.profiles["work"]["region"] == "x"


def test_the_credentials_file_wins_and_names_profiles_plainly(stage):
    stage.config("[profile work]\nregion = x\noutput = json\n")
    stage.config("[work]\nregion = y\n[profile odd]\nregion = z\n", "credentials")
    found = read({}, stage.home)
    assert found.profiles == {"work": {"region": "y", "output": "json"}, "profile odd": {"region": "z"}}


def test_variables_say_where_they_are(stage):
    (stage.home / "c").write_text("[default]\nregion = x\n")
    (stage.root / "k").write_text("[work]\nregion = x\n")
    found = read({"AWS_CONFIG_FILE": "~/c", "AWS_SHARED_CREDENTIALS_FILE": str(stage.root / "k")}, stage.home)
    assert list(found.profiles) == ["default", "work"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[default]\nregion = x\n[default]\n", " (line 3)"),
        ("[default]\nregion = x\nregion = y\n", " (line 3)"),
        ("region = x\n", " (line 1)"),
        ("[default]\nregion = x\nSECRET\n", " (line 3)"),
        ("[default]\nname = \udce9\n", ""),
    ],
)
def test_what_botocore_refuses_is_named_by_its_line(stage, text, line):
    file = stage.config("")
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert read({}, stage.home).problems == [f"{file} is not what AWS tools can read{line}"]
    with pytest.raises((ConfigParseError, UnicodeDecodeError)):
        load_config(str(file))
