"""Write docs/compatibility.md from what the contract matrix has measured.

usage: make test-sdks; python scripts/compatibility.py [RESULTS.json]

The results lie where tests/contract/test_matrix.py leaves them. tests/test_compatibility.py fails where the page is not
what this would write of the outcomes that are expected.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import compatibility
import consumers

PAGE = ROOT / "docs" / "compatibility.md"
RESULTS = ROOT / "tests" / "contract" / "results.json"

INTRO = """\
# Compatibility

Written by `scripts/compatibility.py` from what `make test-sdks` measured; do not edit.

Each cell is a run of the real, unmodified client, against `xacctd` and the sandbox. All clients of a column run at
once. The next run fails where a client does anything else, and says which fact of [sdk-facts.md](sdk-facts.md) is no
longer true. In short: in the environment that `xacctctl env` makes, every client here is served, keeps its token from
a proxy, waits while a human types for 20 seconds, and outlives its credentials and the daemon. They differ in what
else may be set, in how long they wait beyond that, and in whether they show why they were refused.

| client | version |
|---|---|
"""

READING = {
    "Getting in": """\
“Both, and they differ”: which of the two is sent when only one of them is good. `xacctctl env` sets both to the same.
""",
    "What else lies around": """\
“Direct”: neither request nor token went through the proxy. “`[default]`”: with the keys of `~/.aws/credentials`, which
`xacctctl env` takes out of the way (it says so).
""",
    "Somebody types, or nobody does": """\
“Shows why”: what the user of the program gets to read has the sentence of the refusal in it. Whatever a client hides,
`xacctctl status` shows. The requests are those of one call.
""",
    "Past the end of a life": """\
Programs that call several times a second for 45 s (command lines: are started again and again), and how often they
fetch. With an hour's credentials most fetch far less. “Killed”: -9, away for two seconds, and started again; programs
that run meanwhile, and then each client once in the environment of before.
""",
}


def page(cells: dict[str, dict[str, str]], versions: dict[str, str]) -> str:
    """Return the page.

    Args:
        cells: client, then scenario, to what it did.
        versions: of the clients.
    """
    clients = consumers.ALL
    missing = [
        f"{client.title}: {scenario.title}"
        for client in clients
        for scenario in compatibility.SCENARIOS
        if scenario.name not in cells.get(client.name, {})
    ]
    if missing:
        raise SystemExit(f"{len(missing)} cells were not measured, {missing[0]} among them. Run: make test-sdks")
    parts = [INTRO + "".join(f"| {client.title} | {versions[client.name]} |\n" for client in clients)]
    for title, scenarios in compatibility.GROUPS.items():
        parts.append(f"## {title}\n\n{_table(scenarios, cells)}\n{READING[title]}\n{_reasons(scenarios)}")
    return "\n".join(parts)


def versions_of(text: str) -> dict[str, str]:
    """Return the versions that a page names, by client."""
    names = {client.title: client.name for client in consumers.ALL}
    rows = [line.strip("| ").split(" | ") for line in text.partition("\n## ")[0].splitlines() if line.startswith("| ")]
    return {names[row[0]]: row[1] for row in rows if row[0] in names}


def _table(scenarios: tuple[compatibility.Scenario, ...], cells: dict[str, dict[str, str]]) -> str:
    lines = [_row("", *(scenario.title for scenario in scenarios)), "|---" * (len(scenarios) + 1) + "|"]
    lines += [
        _row(client.title, *(cells[client.name][scenario.name] for scenario in scenarios)) for client in consumers.ALL
    ]
    return "\n".join([*lines, ""])


def _row(*columns: str) -> str:
    return f"| {' | '.join(columns)} |".replace("|  |", "| |")


def _reasons(scenarios: tuple[compatibility.Scenario, ...]) -> str:
    facts = compatibility.facts()
    ids = {scenario.fact for scenario in scenarios}
    ids |= {fact for scenario in scenarios for _, fact in scenario.unlike.values()}
    ordered = sorted(ids, key=lambda fact: int(fact[1:]))
    return "".join(f"- [{facts[fact]}](sdk-facts.md#{compatibility.anchor(facts[fact])})\n" for fact in ordered)


if __name__ == "__main__":
    measured = json.loads(Path(sys.argv[1] if len(sys.argv) > 1 else RESULTS).read_text("utf-8"))
    PAGE.write_text(page(measured["cells"], measured["versions"]), encoding="utf-8")
    print(f"wrote {PAGE.name}")
