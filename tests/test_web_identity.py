"""A role by the token of an identity provider, end to end: no key, no code, a fresh token whenever it is renewed."""

import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path

import botocore.session
import pytest
from stack import Stack, wait_until

from xacct.sandbox.trust import Condition, Statement
from xacct.sandbox.web_identity import ASSUME_ROLE_WITH_WEB_IDENTITY, token
from xacct.sandbox.world import IdentityProvider, Profile, Role

PROVIDER = IdentityProvider("https://ci.example.com", "234567890123", "sts.amazonaws.com", "the provider's key")
TRUST = Statement(
    (PROVIDER.arn,),
    (Condition("StringEquals", "ci.example.com:sub", ("repo:main",)),),
    (ASSUME_ROLE_WITH_WEB_IDENTITY,),
)
DEPLOY = Role("deploy", "234567890123", (TRUST,))
OTHER = Role("other", "234567890123", (TRUST,))
FAR = Role("far", "345678901234", (Statement((DEPLOY.arn,)),))


class Place(Stack):
    def __init__(self, directory, **options):
        self.token_file = directory / "token"
        profiles = (
            Profile(
                "deploy",
                (
                    ("role_arn", DEPLOY.arn),
                    ("web_identity_token_file", str(self.token_file)),
                    ("role_session_name", "build-7"),
                    ("mfa_serial", "arn:aws:iam::123456789012:mfa/nobody-asks"),
                    ("region", "eu-central-1"),
                ),
            ),
            Profile("far", (("role_arn", FAR.arn), ("source_profile", "deploy"), ("region", "eu-central-1"))),
        )

        def change(world):
            return replace(
                world,
                roles=(*world.roles, DEPLOY, OTHER, FAR),
                profiles=(*world.profiles, *profiles),
                providers=(PROVIDER,),
            )

        super().__init__(directory, change=change, **options)
        self.write()

    def write(self, subject="repo:main", seconds=3600, provider=PROVIDER):
        self.token_file.parent.mkdir(exist_ok=True)
        self.token_file.write_text(token(provider, subject, time.time() + seconds) + "\n")

    def fetched(self, role):
        """What an SDK gets, or the sentence."""
        grant = self.grant(role)
        request = urllib.request.Request(grant["urls"][role], headers={"Authorization": grant["token"]})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            return json.load(refused)["Message"]
        except json.JSONDecodeError:  # held for a moment, then refused: an SDK tries again
            return self.fetched(role)

    def who(self, got):
        session = botocore.session.Session()
        client = session.create_client(
            "sts", "eu-central-1", endpoint_url=self.env["AWS_ENDPOINT_URL_STS"], aws_access_key_id=got["AccessKeyId"],
            aws_secret_access_key=got["SecretAccessKey"], aws_session_token=got["Token"],
        )  # fmt: skip
        return client.get_caller_identity()["Arn"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    with Place(tmp_path_factory.mktemp("web")) as place:
        yield place


def test_it_is_served_without_a_key_or_a_code_and_is_the_role(place):
    got = place.fetched("deploy")
    assert place.who(got) == "arn:aws:sts::234567890123:assumed-role/deploy/build-7"
    assert got["AccountId"] == "234567890123"
    assert place.status()["prompts"] == []


def test_another_role_is_reached_from_it(place):
    assert place.who(place.fetched("far")).startswith("arn:aws:sts::345678901234:assumed-role/far/")


def test_it_is_renewed_with_the_token_that_is_there_then(tmp_path):
    with Place(tmp_path, max_lifetime=4) as place:
        first = place.fetched("deploy")
        place.write(seconds=7200)
        wait_until(lambda: place.fetched("deploy")["AccessKeyId"] != first["AccessKeyId"], what="a renewal")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda place: place.write(subject="repo:somebody-elses"), "its trust policy"),
        (lambda place: place.write(seconds=-1), "has expired|Token expired"),
        (lambda place: place.write(provider=replace(PROVIDER, key="another")), "does not take the web identity"),
        (lambda place: place.token_file.write_text("nonsense"), "does not take the web identity"),
        (lambda place: place.token_file.write_text(""), "is empty"),
        (lambda place: place.token_file.write_bytes(b"\xff\xfe"), "is no token"),
        (lambda place: place.token_file.unlink(), "No such file"),
    ],
)
def test_what_is_wrong_with_the_token_is_said_and_a_fresh_one_mends_it(place, change, says):
    place.api("POST", "/v1/logout", {"roles": ["deploy", "far"]})
    change(place)
    failed = [event for event in place.login("deploy", code="000000", expect_failed=1) if event["event"] == "failed"]
    said = failed[-1]["error"]
    assert re.search(says, said["sentence"])
    assert "'deploy'" in said["sentence"]
    place.write()
    place.login("deploy", code="000000")
    assert place.who(place.fetched("deploy")).endswith("/build-7")
    assert place.token_file.read_text().strip() not in place.log()


def test_explain_says_where_it_comes_from(place):
    command = [sys.executable, "-m", "xacct.ctl", "explain", "deploy"]
    shown = subprocess.run(command, env=place.env, capture_output=True, text=True, check=True).stdout
    assert "the token in its web_identity_token_file" in shown
    assert f"assume it with that token: {DEPLOY.arn}" in shown
    assert "MFA" not in shown


def test_another_role_in_the_profile_is_served_as_soon_as_it_is_read(place):
    assert place.who(place.fetched("deploy")).endswith("assumed-role/deploy/build-7")
    config = Path(place.env["AWS_CONFIG_FILE"])
    before = config.read_text()
    config.write_text(before.replace(DEPLOY.arn, OTHER.arn))
    try:
        wait_until(lambda: place.who(place.fetched("deploy")).endswith("assumed-role/other/build-7"), what="it")
        assert place.who(place.fetched("deploy")).endswith("assumed-role/other/build-7")
    finally:
        config.write_text(before)


def test_roles_says_whose_it_is(place):
    [role] = [role for role in place.api("GET", "/v1/roles")["roles"] if role["name"] == "deploy"]
    assert (role["role_arn"], role["account"]) == (DEPLOY.arn, "234567890123")
