"""Keys that are replaced in place while the daemon holds what it had with the former ones: those are served no more."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from stack import Stack, wait_until
from waiting import PATIENCE

OTHER = "AKIAIOSFODNN7EXAMPLE"
PROFILES = """
[profile plain]
region = eu-central-1
[profile from-plain]
role_arn = arn:aws:iam::234567890123:role/open-role
source_profile = plain
"""


@pytest.fixture
def stack(tmp_path):
    with Stack(tmp_path, daemon=False) as stack:
        file = Path(stack.env["AWS_SHARED_CREDENTIALS_FILE"])
        file.write_text(file.read_text() + file.read_text().replace("[central]", "[plain]"))
        with Path(stack.env["AWS_CONFIG_FILE"]).open("a") as config:
            config.write(PROFILES)
        stack.start()
        yield stack


def fetched(grant):
    """What the endpoint gives: an access key's id, or the sentence of the refusal."""
    (url,) = grant["urls"].values()
    request = urllib.request.Request(url, headers={"Authorization": grant["token"]})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)["AccessKeyId"]
    except urllib.error.HTTPError as refused:
        return json.load(refused)["Message"]


def replaced(stack, profile, **values):
    """As `aws configure set` does it."""
    file = Path(stack.env["AWS_SHARED_CREDENTIALS_FILE"])
    before, section, rest = file.read_text().partition(f"[{profile}]\n")
    lines, gap, after = rest.partition("\n[")
    said = dict(line.split(" = ") for line in lines.splitlines() if line)
    former = said.copy()
    said |= values
    file.write_text(before + section + "".join(f"{n} = {v}\n" for n, v in said.items()) + gap + after)
    return former


@pytest.mark.parametrize("role", ["plain", pytest.param("from-plain", marks=pytest.mark.live)])
def test_another_key_in_the_profile_is_used_as_soon_as_it_is_read(stack, role):
    grant = stack.grant(role)
    first = fetched(grant)
    assert first.startswith("ASIA")
    assert fetched(grant) == first
    former = replaced(stack, "plain", aws_access_key_id=OTHER)
    wait_until(lambda: "does not know the access key" in fetched(grant), what="AWS asked with the new key")
    assert "does not know the access key" in fetched(grant), "and the old one is gone"
    assert stack.status(role)["state"] != "held"
    replaced(stack, "plain", **former)
    wait_until(lambda: fetched(grant).startswith("ASIA"), what="the key that works again")
    assert fetched(grant) != first


def test_an_mfa_session_that_was_opened_with_the_former_key_is_let_go_with_all_its_roles(stack):
    stack.login("prod", "central", "second")
    grants = [stack.grant(role) for role in ("prod", "central", "second")]
    assert all(fetched(grant).startswith("ASIA") for grant in grants)
    replaced(stack, "central", aws_access_key_id=OTHER)
    status = stack.status()
    assert not {role["name"] for role in status["roles"] if role["state"] == "held"}
    assert not [session for session in status["sessions"] if session["expires_at"]]
    for grant in grants:
        asked = subprocess.run(
            [sys.executable, "-m", "xacct.ctl", "process", next(iter(grant["urls"]))],
            env=stack.env, check=False, capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert asked.returncode != 0


def test_the_same_key_written_again_loses_nothing(stack):
    stack.login("prod")
    grant = stack.grant("prod")
    first = fetched(grant)
    replaced(stack, "central")
    replaced(stack, "plain", aws_access_key_id=OTHER)
    assert fetched(grant) == first
