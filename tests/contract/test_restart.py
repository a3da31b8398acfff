"""The daemon is killed, -9, and started again under clients at work."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from consumers import ALL, side_by_side
from human import Human
from relay import Relay
from stack import Stack

LOOPS = tuple(client for client in ALL if client.loops)
"""Those that are programs; a command line starts anew at each call."""


def accident(stack):
    """Killed after four seconds, away for two."""
    time.sleep(4)
    stack.kill()
    time.sleep(2)
    stack.start()


@pytest.fixture(scope="module")
def restarted(tmp_path_factory):
    """Programs that ran all the while, and after it each client once, in the environment of before."""
    with Stack(tmp_path_factory.mktemp("restart") / "s") as stack, Relay(stack.port) as relay:
        stack.login("prod")
        environment = stack.environment("prod")
        url = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
        tapped = environment | {"AWS_CONTAINER_CREDENTIALS_FULL_URI": relay.instead_of(url)}
        with ThreadPoolExecutor(1) as beside:
            happening = beside.submit(accident, stack)
            ran = side_by_side(lambda client: client.run(tapped, 12.0), LOOPS)
            happening.result()
        with Human(stack) as human:
            after = side_by_side(lambda client: client.run(environment, patience=90))
        return ran, relay.requests, after, human.asked, stack.api("GET", "/v1/grants")["grants"]


@pytest.mark.parametrize("client", LOOPS, ids=lambda client: client.name, indirect=True)
def test_a_program_with_credentials_does_not_notice(restarted, client):
    ran, requests, *_ = restarted
    assert ":assumed-role/cross-account-role-name/" in ran[client.name].arn
    assert len(ran[client.name].arns) > 30
    assert len(requests) == len(ran)  # one each, at its start


def test_an_environment_of_before_is_good_after_one_new_code(restarted, client):
    _, _, after, asked, grants = restarted
    assert ":assumed-role/cross-account-role-name/" in after[client.name].arn
    assert len(asked) == 1
    assert len(grants) == 1
