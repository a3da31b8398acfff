"""STS out of reach for a while, and a program that fetches all the time."""

import json
import time
import urllib.request
from datetime import datetime

import pytest
from stack import Stack

LIFE = 30
OUTAGE = 12.0


@pytest.fixture(scope="module")
def outage(tmp_path_factory):
    """Five answers a second while STS fails for longer than a renewal is late, but not for longer than a life."""
    with Stack(tmp_path_factory.mktemp("outage") / "s", max_lifetime=LIFE) as stack:
        stack.login("prod")
        grant = stack.grant("prod")
        request = urllib.request.Request(grant["urls"]["prod"], headers={"Authorization": grant["token"]})
        time.sleep(LIFE / 2 - 3)  # until a renewal is due
        stack.fault(kind="503", seconds=OUTAGE)
        began, left = time.monotonic(), []
        while time.monotonic() - began < OUTAGE + LIFE / 2:
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
