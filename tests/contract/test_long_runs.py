"""Programs that run for longer than any credentials live, and STS out of reach meanwhile."""

import json
import time
import urllib.request
from datetime import datetime

import pytest
from consumers import side_by_side
from stack import Stack

LIFE = 10
RUN = 60.0
LONGER_LIFE = 30
OUTAGE = 12.0


@pytest.fixture(scope="module")
def minute(tmp_path_factory):
    """Every client at work for a minute with credentials that live ten seconds; and STS's calls of that time."""
    with Stack(tmp_path_factory.mktemp("minute") / "s", max_lifetime=LIFE) as stack:
        stack.login("prod")
        return side_by_side(lambda client: client.run(stack.environment("prod"), RUN)), stack.calls()


def test_a_minute_without_one_failure(minute, client):
    outcome = minute[0][client.name]
    assert ":assumed-role/cross-account-role-name/" in outcome.arn
    assert outcome.seconds > RUN
    assert len(outcome.arns) > (15 if not client.loops else 100)


def test_a_minute_with_one_code_and_no_rejected_call(minute):
    calls = minute[1]
    assert {(call["status"], call["error"]) for call in calls} == {(200, None)}
    assert [call["mfa"] for call in calls if call["action"] == "GetSessionToken"] == [True]
    # Renewed at about half-life by the scheduler, not at each of the clients' hundreds of requests.
    renewals = [call for call in calls if call["action"] == "AssumeRole"]
    assert RUN / LIFE <= len(renewals) <= 3 * RUN / LIFE


@pytest.fixture(scope="module")
def outage(tmp_path_factory):
    """Five answers a second while STS fails for longer than a renewal is late, but not for longer than a life."""
    with Stack(tmp_path_factory.mktemp("outage") / "s", max_lifetime=LONGER_LIFE) as stack:
        stack.login("prod")
        grant = stack.grant("prod")
        request = urllib.request.Request(grant["urls"]["prod"], headers={"Authorization": grant["token"]})
        time.sleep(LONGER_LIFE / 2 - 3)  # until a renewal is due
        stack.fault(kind="503", seconds=OUTAGE)
        began, left = time.monotonic(), []
        while time.monotonic() - began < OUTAGE + LONGER_LIFE / 2:
            with urllib.request.urlopen(request) as answer:
                expires = datetime.fromisoformat(json.load(answer)["Expiration"])
            left.append(expires.timestamp() - time.time())
            time.sleep(0.2)
        return left, stack.calls("AssumeRole")


def test_an_outage_of_sts_shorter_than_a_life_is_never_seen(outage):
    left, calls = outage
    assert min(left) > 0
    assert len(left) > 5 * OUTAGE / 2
    failed = [call["time"] for call in calls if call["status"] == 503]
    assert 1 < len(failed) < 20  # it backs off
    assert calls[-1]["status"] == 200  # and comes back by itself
