"""The main job end to end: one code in the morning, then every program has fresh credentials."""

import asyncio
import json
import re
import time
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from consumers import AIOBOTOCORE, BOTO3, FROM_PYPI, PROXIES, side_by_side
from human import Human, decline
from relay import Relay
from stack import Stack, wait_until
from waiting import PATIENCE

FLEET = tuple(f"fleet-{number:02d}" for number in range(1, 21))
EVERYTHING = ("prod", "staging", *FLEET)
CLIENTS = 500
PAUSED = 1.0
"""Seconds without a byte after which the machine is to blame where an SDK asks again: xacct sends four in that time."""

LIFE = 10
"""Seconds that a role's credentials live in the tests of renewal."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """A daemon nobody has logged in to."""
    with Stack(tmp_path_factory.mktemp("day") / "s") as stack:
        yield stack


@pytest.fixture
def logged_in(stack):
    """The same, past its morning code."""
    if stack.status("prod")["state"] != "held":
        stack.login("prod")
    return stack


def arn(stack, role):
    """How STS names a session of a role, up to the session's name."""
    role_arn = stack.status(role)["role_arn"]
    return role_arn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + "/"


async def fetch(address, token, connected):
    """One cold request over a socket of its own: status line and body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", address[0])
    await connected.wait()
    writer.write(
        b"GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: %s\r\nConnection: close\r\n\r\n"
        % (address[1].encode(), address[0], token.encode())
    )
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer.partition(b"\r\n\r\n")


async def fetch_at_once(port, url, token, size):
    connected = asyncio.Barrier(size)
    address = (port, "/" + url.split("/", 3)[3])
    return await asyncio.gather(*(fetch(address, token, connected) for _ in range(size)))


@pytest.mark.parametrize(
    "client",
    [BOTO3, *(pytest.param(client, marks=pytest.mark.live) for client in FROM_PYPI if client != BOTO3)],
    ids=lambda client: client.name,
)
def test_an_sdk_gets_the_role_whatever_proxy_is_set(logged_in, client):
    with Relay(logged_in.port) as relay:
        environment = logged_in.environment("prod") | PROXIES
        environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = relay.instead_of(
            environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
        )
        outcome = client.run(environment)
    assert outcome.arn.startswith(arn(logged_in, "prod"))
    assert len(relay.requests) == 1 or relay.longest_pause > PAUSED


def test_five_hundred_at_once_for_a_cold_role_cost_one_call(logged_in):
    role = "thirdparty"
    grant = logged_in.grant(role)
    assert logged_in.status(role)["state"] == "idle"
    answers = asyncio.run(fetch_at_once(logged_in.port, grant["urls"][role], grant["token"], CLIENTS))
    assert {head.split(b"\r\n")[0] for head, _, _ in answers} == {b"HTTP/1.1 200 OK"}
    keys = {re.search(rb'"AccessKeyId": *"([^"]+)"', body)[1] for _, _, body in answers}  # in chunks, on a busy machine
    assert len(answers) == CLIENTS
    assert len(keys) == 1
    role_arn = logged_in.status(role)["role_arn"]
    assert [call["status"] for call in logged_in.calls("AssumeRole") if call["role_arn"] == role_arn] == [200]


def be_typed_for(directory, clients):
    """Some clients, whatever proxies are set, nobody who has logged in, and a human who takes three seconds."""
    with Stack(directory) as stack, Relay(stack.port) as relay, Human(stack, after=3) as human:
        environment = stack.environment("prod") | PROXIES
        url = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
        environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = relay.instead_of(url)
        outcomes = side_by_side(lambda client: client.run(environment), clients).values()
        return clients, outcomes, relay, human.asked, stack.calls()


def be_declined(directory):
    """One client, and a human who says no."""
    with Stack(directory) as stack, Human(stack, decline, after=1) as human:
        return BOTO3.run(stack.environment("prod")), human.asked, stack.calls()


@pytest.fixture(scope="module", params=[(BOTO3, AIOBOTOCORE), pytest.param(FROM_PYPI, marks=pytest.mark.live)], ids=len)
def humans(request, tmp_path_factory):
    """Both at once, for they mostly wait."""
    directory = tmp_path_factory.mktemp("humans")
    with ThreadPoolExecutor() as threads:
        typed, declined = (
            threads.submit(be_typed_for, directory / "1", request.param),
            threads.submit(be_declined, directory / "2"),
        )
        return typed.result(), declined.result()


def test_clients_are_held_while_a_human_types_and_ask_once(humans):
    clients, outcomes, relay, asked, calls = humans[0]
    assert {outcome.arn.rpartition("/")[0] for outcome in outcomes} == {
        "arn:aws:sts::234567890123:assumed-role/cross-account-role-name"
    }
    assert min(outcome.seconds for outcome in outcomes) > 2
    assert len(outcomes) == len(clients)
    assert len(relay.requests) == len(clients) or relay.longest_pause > PAUSED  # one each
    assert len(asked) == 1
    assert [call["mfa"] for call in calls if call["action"] == "GetSessionToken"] == [True]
    assert [call["status"] for call in calls if call["action"] == "AssumeRole"] == [200]


def test_a_refusal_reaches_the_program_as_a_sentence(humans):
    outcome, asked, calls = humans[1]
    assert outcome.status != 0
    assert "The MFA code for prod was declined. xacctctl login prod" in outcome.stderr
    assert len(asked) == 1  # however often botocore tries
    assert calls == []


@pytest.fixture(scope="module")
def hurried(tmp_path_factory):
    """Twenty-two roles whose credentials live ten seconds, held with one code; and how many calls that took."""
    with Stack(tmp_path_factory.mktemp("hurried") / "s", max_lifetime=LIFE) as stack:
        stack.login(*EVERYTHING)
        stack.at_first = stack.calls()
        yield stack


def test_one_code_holds_prod_staging_and_the_fleet(hurried):
    opened, *assumed = hurried.at_first
    assert (opened["action"], opened["mfa"], opened["status"]) == ("GetSessionToken", True, 200)
    assert Counter(call["role_arn"] for call in assumed) == {hurried.status(role)["role_arn"]: 1 for role in EVERYTHING}
    assert {(call["action"], call["mfa"], call["status"]) for call in assumed} == {("AssumeRole", False, 200)}
    assert {hurried.status(role)["state"] for role in EVERYTHING} == {"held"}


@pytest.mark.parametrize("clients", [(BOTO3,), pytest.param(FROM_PYPI, marks=pytest.mark.live)], ids=len)
def test_programs_outlive_the_credentials_they_started_with(hurried, clients):
    """Clients at work for longer than any credentials live, and not one failed call."""
    environment = hurried.environment("staging")
    began = time.time()
    outcomes = side_by_side(lambda client: client.run(environment, LIFE + 2), clients)
    for name, outcome in outcomes.items():
        assert outcome.arn.startswith(arn(hurried, "staging")), name
        assert outcome.seconds > LIFE
        assert len(outcome.arns) >= 2  # at work all the time; how often is the machine's affair
    who = [call for call in hurried.calls("GetCallerIdentity") if call["time"] > began]
    assert {call["status"] for call in who} == {200}


def sdk_fetches(grant, role):
    """As an SDK does it."""
    request = urllib.request.Request(grant["urls"][role], headers={"Authorization": grant["token"]})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        assert json.load(answer)["SecretAccessKey"]


def test_renewals_need_no_code(hurried):
    """Of what is fetched: the rest lapses, and is had anew without a code when somebody comes for it."""
    grant = hurried.grant(*EVERYTHING)
    for role in EVERYTHING:
        sdk_fetches(grant, role)

    def renewed():
        times = Counter(call["role_arn"] for call in hurried.calls("AssumeRole"))
        return all(times[hurried.status(role)["role_arn"]] > 1 for role in EVERYTHING)

    wait_until(renewed, what="the renewal of every role")
    assert [call["mfa"] for call in hurried.calls("GetSessionToken")] == [True]
    assert {(call["mfa"], call["status"]) for call in hurried.calls("AssumeRole")} == {(False, 200)}
    assert hurried.status()["prompts"] == []
