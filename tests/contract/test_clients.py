"""Unmodified SDKs and command lines at the endpoint: served, held while a human types, refused in words."""

import pytest
from consumers import ALL, AWSCLI2, PROXIES, side_by_side
from human import Human, decline
from relay import Relay
from stack import Stack

TYPING = 20.0
"""Seconds the human takes: past every SDK's patience with a silent server."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("day") / "s") as stack:
        stack.login("prod")
        yield stack


def is_prod(arn):
    return arn.startswith("arn:aws:sts::234567890123:assumed-role/cross-account-role-name/")


def tapped(stack, relay, role="prod"):
    """A consumer's environment whose requests pass the wire tap."""
    environment = stack.environment(role)
    url = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
    return environment | {"AWS_CONTAINER_CREDENTIALS_FULL_URI": relay.instead_of(url)}


@pytest.mark.parametrize("proxies", [{}, PROXIES], ids=["no proxy", "dead proxy"])
def test_gets_the_role(stack, client, proxies):
    with Relay(stack.port) as relay:
        assert is_prod(client.run(tapped(stack, relay) | proxies).arn)
    assert len(relay.requests) == 1


def test_finds_the_token_in_its_variable(stack, client):
    environment = stack.environment("prod")
    del environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]
    assert is_prod(client.run(environment).arn)


# Debian's v2 is 2.9; the file came with 2.15.
@pytest.mark.parametrize(
    "client", [client for client in ALL if client != AWSCLI2], ids=lambda client: client.name, indirect=True
)
def test_finds_the_token_in_its_file(stack, client):
    environment = stack.environment("prod")
    del environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
    assert is_prod(client.run(environment).arn)


def test_a_grant_that_is_none(stack, client):
    environment = stack.environment("prod") | {"AWS_CONTAINER_AUTHORIZATION_TOKEN": "xacct_wrong"}
    del environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]
    outcome = client.run(environment)
    assert outcome.status != 0
    assert ("xacct: no valid grant in this environment." in outcome.stderr) == client.shows


def test_nobody_to_ask(stack, client):
    stack.api("POST", "/v1/logout", {"roles": ["staging"]})
    outcome = client.run(stack.environment("staging"))
    assert outcome.status != 0
    assert ("You are logged out of staging. xacctctl login staging" in outcome.stderr) == client.shows


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    """Each client at a daemon of its own that nobody has logged in to, and a human who takes their time."""

    def work(client):
        with (
            Stack(tmp_path_factory.mktemp(client.name) / "s") as stack,
            Relay(stack.port) as relay,
            Human(stack, after=TYPING) as human,
        ):
            outcome = client.run(tapped(stack, relay), patience=TYPING + 60)
            return outcome, relay.requests, human.asked, stack.calls()

    return side_by_side(work)


def test_is_held_while_a_human_types(held, client):
    outcome, requests, asked, calls = held[client.name]
    assert is_prod(outcome.arn)
    assert outcome.seconds > TYPING
    assert len(requests) == 1
    assert len(asked) == 1
    assert [(call["action"], call["mfa"]) for call in calls] == [
        ("GetSessionToken", True),
        ("AssumeRole", False),
        ("GetCallerIdentity", False),
    ]


@pytest.fixture(scope="module")
def declined(tmp_path_factory):
    """The same with a human who says no after three seconds."""

    def work(client):
        with Stack(tmp_path_factory.mktemp(client.name) / "s") as stack, Human(stack, decline, after=3) as human:
            return client.run(stack.environment("prod")), human.asked, stack.calls()

    return side_by_side(work)


def test_is_refused_in_words(declined, client):
    outcome, asked, calls = declined[client.name]
    assert outcome.status != 0
    assert outcome.seconds < 20
    assert ("The MFA code for prod was declined. xacctctl login prod" in outcome.stderr) == client.shows
    assert len(asked) == 1  # however often it tries
    assert calls == []
