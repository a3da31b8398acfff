"""fish's universal variables: neither erased for good nor let win."""

import json
import shutil
import subprocess
import sys

import pytest

from xacct.ctl.main import main
from xacct.ctl.universal import exported

FILE = """\
# This file contains fish universal variable definitions.
# VERSION: 3.0
SETUVAR __fish_initialized:3400
SETUVAR --export AWS_PROFILE:base
SETUVAR AWS_ACCESS_KEY_ID:not\\x20exported
SETUVAR --export --path AWS_X:a
"""


@pytest.fixture
def fish(place, monkeypatch):
    """A home in which fish has universal variables."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(place / "c"))
    (place / "c" / "fish").mkdir(parents=True)
    file = place / "c" / "fish" / "fish_variables"
    file.write_text(FILE)
    return file


def test_those_that_are_exported(fish, place, monkeypatch):
    assert exported({"XDG_CONFIG_HOME": str(place / "c")}, "/nowhere") == {"AWS_PROFILE", "AWS_X"}
    assert exported({}, "/nowhere") == set()


def test_a_profile_is_covered_with_the_empty_one_of_ours(daemon, capsys, fish):
    assert main(["env", "prod", "--format", "fish"]) == 0
    said = capsys.readouterr().out
    assert "set -gx AWS_PROFILE ''\n" in said
    assert "aws-config-" in said
    assert main(["env", "prod", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["AWS_PROFILE"] is None


@pytest.mark.parametrize("words", [["--static"], ["--imds"]])
def test_where_it_cannot_be_covered_it_is_refused(daemon, capsys, fish, words):
    assert main(["env", "prod", "--format", "fish", *words]) == 1
    assert "set -e -U AWS_PROFILE" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["AWS_SESSION_TOKEN", "AWS_WEB_IDENTITY_TOKEN_FILE"])
def test_anything_else_that_would_win_is_refused(daemon, capsys, fish, name):
    fish.write_text(f"{FILE}SETUVAR --export {name}:x\n")
    assert main(["env", "prod", "--format", "fish"]) == 1
    assert f"set -e -U {name}" in capsys.readouterr().err
    assert daemon.called("POST", "/v1/grants") == []


@pytest.mark.skipif(not shutil.which("fish"), reason="fish is not installed")
def test_a_real_fish_keeps_them(daemon, fish):
    reading = f"'{sys.executable}' -m xacct.ctl env prod --format fish | source"
    line = f"{reading}; env; set -eg AWS_PROFILE; echo U=$AWS_PROFILE"
    done = subprocess.run(["fish", "-c", line], capture_output=True, text=True, check=True)
    assert "\nAWS_PROFILE=\n" in done.stdout
    assert "U=base" in done.stdout
    assert "AWS_PROFILE:base" in fish.read_text()
