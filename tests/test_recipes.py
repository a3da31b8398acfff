"""docs/recipes.md, run: each block of it by the real credential_process source, with a stand-in for its program.

A stand-in takes the arguments that the recipe gives and no others, and prints what that program's documentation shows.
"""

import json
import re
import shutil
import sys
import time
from pathlib import Path

import pytest

from xacct import errors
from xacct.aws import inifiles, profiles, sources
from xacct.aws.sources import FileSources

PAGE = Path(__file__).parents[1] / "docs" / "recipes.md"
TEXT = PAGE.read_text()
RECIPES = dict(re.findall(r"^```ini\n\[profile ([\w-]+)\]\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL))
TEMPLATE = re.search(r"^```json\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)[1]

KEY_ID, SECRET, TOKEN = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "IQoJb3JpZ2luX2VjEXAMPLE"
NATIVE = json.dumps(
    {
        "Version": 1, "AccessKeyId": KEY_ID, "SecretAccessKey": SECRET, "SessionToken": TOKEN,
        "Expiration": "2999-01-01T00:00:00Z",
    }
)  # fmt: skip
ARN = r"arn:aws:\S+"
VAULT = {
    "request_id": "1", "lease_id": "aws/sts/deploy/1", "lease_duration": 3599, "renewable": False,
    "data": {"access_key": KEY_ID, "secret_key": SECRET, "security_token": TOKEN}, "warnings": None,
}  # fmt: skip

# By recipe: the program, its arguments as a pattern, and what it prints.
PROGRAMS = {
    "from-cli": ("aws", r"configure export-credentials --profile signed-in --format process", NATIVE),
    "roles-anywhere": (
        "aws_signing_helper",
        (
            r"credential-process --certificate \S+ --private-key \S+"
            rf" --trust-anchor-arn {ARN} --profile-arn {ARN} --role-arn {ARN}"
        ),
        NATIVE,
    ),
    "corp-saml": (
        "saml2aws",
        rf"login --credential-process --quiet --skip-prompt --role {ARN} --profile corp-saml-cache",
        NATIVE,
    ),
    "from-vault": ("vault", r"read -format=json aws/sts/deploy", json.dumps(VAULT)),
    "from-1password": ("op", r"inject --in-file /home/alice/.aws/op-template.json", None),
    "from-bitwarden": (
        "bw",
        r"get item aws-central --nointeraction",
        json.dumps({"object": "item", "name": "aws-central", "login": {"username": KEY_ID, "password": SECRET}}),
    ),
    "from-rbw": (
        "rbw",
        r"get --raw aws-central",
        json.dumps({"id": "1", "name": "aws-central", "data": {"username": KEY_ID, "password": SECRET, "uris": []}}),
    ),
}
TEMPORARY = {"from-cli", "roles-anywhere", "corp-saml", "from-vault"}

STAND_IN = """#!{python}
import re, sys
if not re.fullmatch({pattern!r}, " ".join(sys.argv[1:])):
    sys.exit("{name}: unknown arguments: " + " ".join(sys.argv[1:]))
print({out!r})
"""


def injected():
    """What `op inject` makes of the page's template."""
    fields = {"access key id": KEY_ID, "secret access key": SECRET}
    return re.sub(r"\{\{ op://Private/AWS/([^}]+) \}\}", lambda found: fields[found[1]], TEMPLATE)


@pytest.fixture
def place(tmp_path):
    """A config file with the page's blocks, and stand-ins on a PATH."""
    (tmp_path / "bin").mkdir()
    for name, pattern, out in PROGRAMS.values():
        program = tmp_path / "bin" / name
        text = STAND_IN.format(python=sys.executable, pattern=pattern, name=name, out=out or injected())
        program.write_text(text)
        program.chmod(0o755)
    blocks = "".join(f"[profile {name}]\n{lines}" for name, lines in RECIPES.items())
    (tmp_path / "config").write_text(blocks)
    return {
        "PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
    }


def source(name, env):
    found = sources.own(name, inifiles.read(*inifiles.paths(env)))
    assert found.kind == "process"
    return found


def test_each_recipe_has_a_stand_in():
    assert RECIPES.keys() == PROGRAMS.keys()


WITH_JQ = pytest.mark.skipif(shutil.which("jq", path="/usr/bin:/bin") is None, reason="no jq here: apt install jq")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=WITH_JQ if "jq" in lines else ()) for name, lines in RECIPES.items()]
)
async def test_a_recipe_of_the_page_gives_credentials(place, name):
    keys = await FileSources(place).load(source(name, place))
    assert (keys.access_key_id, keys.secret_access_key) == (KEY_ID, SECRET)
    assert keys.session_token == (TOKEN if name in TEMPORARY else None)
    assert (keys.expires_at is not None) == (name in TEMPORARY)
    assert keys.expires_at is None or keys.expires_at > time.time() + 3000


@pytest.mark.parametrize("name", RECIPES)
async def test_a_program_that_fails_is_a_sentence_and_no_empty_key(place, name, tmp_path):
    program = tmp_path / "bin" / PROGRAMS[name][0]
    program.write_text("#!/bin/sh\necho 'it is locked' >&2\nexit 1\n")
    with pytest.raises(errors.SourceUnusable, match=f"The credential_process of '{name}'"):
        await FileSources(place).load(source(name, place))


def test_a_recipe_is_a_source_for_roles(place, tmp_path):
    role = "[profile prod]\nrole_arn = arn:aws:iam::234567890123:role/r\nsource_profile = from-rbw\n"
    config = Path(place["AWS_CONFIG_FILE"])
    config.write_text(config.read_text() + role)
    assert profiles.read(place).roles["prod"].parent == source("from-rbw", place)
