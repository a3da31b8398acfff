"""The contract matrix: every client in every scenario does what tests/support/compatibility.py says, and no other."""

import pytest
import scenarios
from compatibility import SCENARIOS, drift
from lab import Lab


@pytest.fixture(scope="module")
def lab(tmp_path_factory, built):
    with Lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture(scope="module")
def run(lab):
    """Plays a scenario with all clients at once, the first time it is asked for."""
    played = {}

    def run(name):
        if name not in played:
            try:
                played[name] = getattr(scenarios, name)(lab)
            except Exception as failure:  # noqa: BLE001 - it is every cell's, and once is enough
                played[name] = failure
        if isinstance(played[name], Exception):
            raise played[name]
        return played[name]

    return run


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_cell(run, results, scenario, client):
    seen = run(scenario.name)[client.name]
    results["cells"][client.name][scenario.name] = seen.word
    told = drift(client, results["versions"][client.name], scenario, seen)
    assert told is None, told


# What the daemon and AWS saw of it.


@pytest.mark.parametrize("name", ["held", "held_long"])
def test_all_who_waited_were_one_prompt_and_one_call(run, lab, name):
    served = sum("waits" in seen.word for seen in run(name).values())
    asked, calls = lab.notes[name]
    assert len(asked) == 1
    acquired = [(call["action"], call["mfa"]) for call in calls if call["action"] != "GetCallerIdentity"]
    assert acquired == [("GetSessionToken", True), ("AssumeRole", False)]
    assert served >= len(calls) - len(acquired) > 0


def test_a_no_was_said_once_however_often_they_tried(run, lab):
    run("declined")
    asked, calls = lab.notes["declined"]
    assert len(asked) == 1
    assert calls == []


def test_hundreds_of_fetches_are_a_handful_of_renewals_and_one_code(run, lab):
    run("refetch")
    calls = lab.notes["refetch"]
    assert {(call["status"], call["error"]) for call in calls} == {(200, None)}
    assert [call["mfa"] for call in calls if call["action"] == "GetSessionToken"] == [True]
    # Renewed at about half-life by the scheduler, not at each request.
    renewals = [call for call in calls if call["action"] == "AssumeRole"]
    lives = scenarios.RUN / scenarios.LIFE
    assert lives <= len(renewals) <= 4 * lives


def test_an_environment_of_before_is_good_after_one_new_code(run, lab):
    run("kill")
    asked, grants = lab.notes["kill"]
    assert len(asked) == 1
    assert len(grants) == 1
