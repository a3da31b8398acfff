"""docs/compatibility.md says what the contract matrix expects, cell by cell, and is written by its script alone."""

import importlib.util
from pathlib import Path

import compatibility
import consumers
import pytest
import scenarios
from lab import Seen

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("compatibility_page", ROOT / "scripts/compatibility.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_script_makes_of_what_is_expected(script):
    text = script.PAGE.read_text("utf-8")
    versions = script.versions_of(text)
    assert set(versions) == {client.name for client in consumers.ALL}
    assert text == script.page(compatibility.expected(), versions), "make test-sdks; python scripts/compatibility.py"


def test_a_cell_that_was_not_measured_is_no_page(script):
    cells = compatibility.expected()
    del cells["rust"]["held"]
    with pytest.raises(SystemExit, match=r"1 cells.*Rust: a code after 20 s"):
        script.page(cells, {})


def test_each_scenario_is_played_and_its_exceptions_are_clients():
    names = {client.name for client in consumers.ALL}
    for scenario in compatibility.SCENARIOS:
        assert callable(getattr(scenarios, scenario.name))
        assert set(scenario.unlike) <= names


def test_each_fact_is_written_down_and_used():
    used = {s.expected(c.name)[1] for s in compatibility.SCENARIOS for c in consumers.ALL}
    assert used == set(compatibility.facts())


def test_an_exception_is_none_that_is_like_the_others():
    for scenario in compatibility.SCENARIOS:
        for client, expected in scenario.unlike.items():
            assert expected != (scenario.usual, scenario.fact), (scenario.name, client)


def test_a_drift_names_client_version_and_fact():
    scenario = next(scenario for scenario in compatibility.SCENARIOS if scenario.name == "proxy_alone")
    direct = Seen("direct", "")
    assert compatibility.drift(consumers.BOTO3, "1.2", scenario, direct) is None
    told = compatibility.drift(consumers.RUST, "aws-config 9.9", scenario, direct)
    assert told.startswith("Rust (aws-config 9.9), `HTTP_PROXY` without `NO_PROXY`: “direct” instead of “through the")
    assert "docs/sdk-facts.md this is no longer true: “F5: Two send the token to a proxy”" in told
