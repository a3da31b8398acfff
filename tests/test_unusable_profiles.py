"""A profile that is there and can't be used: every verb says why, and none that it does not exist."""

import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import BytesIO, TextIOWrapper
from pathlib import Path
from unittest.mock import patch

import pytest
from stack import Stack
from waiting import PATIENCE

from xacct.ctl.main import main

ROLE = "role_arn = arn:aws:iam::234567890123:role/open-role\n"
CONFIG = f"""
[profile sso]
sso_account_id = 111111111111
[profile fromsso]
{ROLE}source_profile = sso
[profile included]
include_profile = common
{ROLE}
[profile hour]
{ROLE}source_profile = central
duration_seconds = 1h
[profile comment]
{ROLE}source_profile = central
region = eu-central-1  # home
[profile circle]
{ROLE}source_profile = circle
[profile plain]
region = eu-central-1
[noprefix]
{ROLE}source_profile = central
[Profile capital]
{ROLE}source_profile = central
[profile two words]
{ROLE}source_profile = central
"""
CREDENTIALS = """
[profile prefixed]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = secret
[halved]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
"""
WHY = {
    "sso": "Identity Center",
    "fromsso": "Identity Center",
    "included": "names a profile that does not exist",
    "hour": "duration_seconds",
    "comment": "region of [profile comment]",
    "circle": "comes back to itself",
    "plain": "has no credentials",
    "noprefix": "AWS's tools ignore [noprefix]",
    "capital": "AWS's tools ignore [Profile capital]",
    "two words": "AWS's tools ignore [profile two words]",
    "prefixed": "a profile called 'profile prefixed'",
    "halved": "no aws_secret_access_key",
}
VERBS = [["login"], ["explain"], ["env"], ["process"], ["exec"], ["logout"], ["configure", "--dry-run"]]


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("unusable") / "s", daemon=False) as stack:
        for variable, text in (("AWS_CONFIG_FILE", CONFIG), ("AWS_SHARED_CREDENTIALS_FILE", CREDENTIALS)):
            with Path(stack.env[variable]).open("a") as file:
                file.write(text)
        stack.start()
        yield stack


def said_here(stack, *words):
    """The same without a process: a profile's words do not depend on that."""
    out = TextIOWrapper(BytesIO(), write_through=True)
    with patch.dict(os.environ, stack.env, clear=True), redirect_stdout(out), redirect_stderr(out):
        status = main(list(words))
    return status, out.buffer.getvalue().decode()


def said(stack, *words):
    command = [sys.executable, "-m", "xacct.ctl", *words]
    done = subprocess.run(
        command, env=stack.env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_each_verb_says_why(stack, verb):
    for number, (name, why) in enumerate(WHY.items()):
        command = [*verb, name, *(["--", "true"] if verb == ["exec"] else [])]
        status, words = (said_here if number else said)(stack, *command)
        assert status != 0, (name, words)
        assert why in words, (name, words)
        assert "There is no role" not in words


def test_they_are_listed(stack):
    _, words = said(stack, "roles")
    text = " ".join(words.split())
    for name, why in WHY.items():
        assert (why in text) == (name != "plain"), (name, text)  # a profile of settings alone is nobody's mistake


def test_a_file_that_cant_be_read_is_said_with_its_line(tmp_path):
    with Stack(tmp_path / "s", daemon=False) as stack:
        config = Path(stack.env["AWS_CONFIG_FILE"])
        lines = config.read_text().splitlines()
        config.write_text("\n".join([*lines, lines[0]]) + "\n")  # its first section, a second time
        stack.start()
        status, words = said(stack, "login", "prod")
        assert status != 0
        assert f"{config} can't be read as an AWS file: line {len(lines) + 1} begins" in words
