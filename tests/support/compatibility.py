"""What each client is expected to do in each scenario, and which fact about SDKs says so.

The facts are the sections of docs/sdk-facts.md. tests/contract/test_matrix.py measures, scripts/compatibility.py writes
docs/compatibility.md from what it measured, and whoever differs from this table is told which fact has changed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import consumers

DOCS = Path(__file__).parents[2] / "docs"
FACTS = DOCS / "sdk-facts.md"


@dataclass(frozen=True)
class Scenario:
    """A column. `name`: its function in scenarios.py. `unlike`: clients to which another word, or fact, applies."""

    name: str
    title: str
    usual: str
    fact: str
    unlike: dict[str, tuple[str, str]] = field(default_factory=dict)

    def expected(self, client):
        """The word for a client, by its name, and the id of the fact behind it."""
        return self.unlike.get(client, (self.usual, self.fact))


_TURNED_AWAY = {
    "js3": ("hides why, 5 requests", "F10"),
    "go2": ("shows why, 1 request", "F10"),
    "js2": ("hides why, 1 request", "F10"),
    "java2": ("hides why, 1 request", "F10"),
    "java1": ("shows why, 1 request", "F10"),
    "rust": ("hides why, 1 request", "F10"),
    "obstore": ("shows why, 1 request", "F10"),
}

GROUPS = {
    "Getting in": (
        Scenario("fetch", "as `xacctctl env` has it", "served, 1 request", "F1"),
        Scenario("value_only", "token by value", "served", "F2", {"obstore": ("asks IMDS instead", "F4")}),
        Scenario("file_only", "token by file", "served", "F2", {"awscli2": ("not served", "F3")}),
        Scenario(
            "both",
            "both, and they differ",
            "the file",
            "F2",
            {
                "awscli2": ("the value", "F3"),
                "js3": ("each in turn", "F2"),
                "js2": ("the value", "F2"),
                "java2": ("the value", "F2"),
                "java1": ("the value", "F2"),
            },
        ),
    ),
    "What else lies around": (
        Scenario("proxy", "`HTTP_PROXY`, and `xacctctl env`", "direct", "F5"),
        Scenario(
            "proxy_alone",
            "`HTTP_PROXY` without `NO_PROXY`",
            "direct",
            "F5",
            {
                "rust": ("through the proxy, with the token", "F5"),
                "obstore": ("through the proxy, with the token", "F5"),
            },
        ),
        Scenario("default_keys", "`[default]` keys", "[default]", "F6", {"obstore": ("the role", "F6")}),
        Scenario("default_keys_lifted", "`[default]` keys, and `xacctctl env`", "the role", "F6"),
    ),
    "Somebody types, or nobody does": (
        Scenario("held", "a code after 20 s", "waits, 1 request", "F7"),
        Scenario(
            "held_long",
            "a code after 35 s",
            "waits, 1 request",
            "F7",
            {
                "rust": ("gives up, waits at the next call", "F8"),
                "obstore": ("gives up, shows why at the next call", "F8"),
            },
        ),
        Scenario(
            "declined",
            "a no after 3 s",
            "shows why",
            "F9",
            {
                "js3": ("hides why", "F9"),
                "js2": ("hides why", "F9"),
                "java2": ("hides why", "F9"),
                "java1": ("shows why at the next call", "F11"),
                "rust": ("hides why", "F9"),
                "go2": ("shows why at the next call", "F11"),
                "obstore": ("shows why at the next call", "F11"),
            },
        ),
        Scenario("logged_out", "logged out", "shows why, 3 requests", "F10", _TURNED_AWAY),
        Scenario("no_grant", "a token that is none", "shows why, 3 requests", "F10", _TURNED_AWAY),
    ),
    "Past the end of a life": (
        Scenario(
            "refetch",
            "credentials of 20 s",
            "at each call",
            "F12",
            {
                "awscli1": ("twice at each call", "F12"),
                "awscli2": ("twice at each call", "F12"),
                "java1": ("twice at each call", "F12"),
                "rust": ("when due", "F12"),
            },
        ),
        Scenario("reload", "`xacctctl restart`, twice", "goes on", "F13"),
        Scenario(
            "kill",
            "killed, and new",
            "goes on, served after one code",
            "F13",
            {"awscli1": ("served after one code", "F13"), "awscli2": ("served after one code", "F13")},
        ),
    ),
}
SCENARIOS = tuple(scenario for group in GROUPS.values() for scenario in group)


def facts():
    """The headings of docs/sdk-facts.md by their ids."""
    titles = re.findall(r"^## (F\d+: .+)$", FACTS.read_text("utf-8"), re.MULTILINE)
    return {title.partition(":")[0]: title for title in titles}


def anchor(heading):
    """The fragment that leads to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def drift(client, version, scenario, seen):
    """What to tell whoever sees a client do something else than this table says; None if it does what it should."""
    word, fact = scenario.expected(client.name)
    if seen.word == word:
        return None
    return (
        f"{client.title} ({version}), {scenario.title}: “{seen.word}” instead of “{word}”. "
        f"Of docs/sdk-facts.md this is no longer true: “{facts()[fact]}”. If it is the client that has changed, say so "
        f"there and in tests/support/compatibility.py; then: make test-sdks, and python scripts/compatibility.py. "
        f"Seen: {seen.evidence}"
    )


def expected():
    """The whole table: client -> scenario -> word."""
    return {
        client.name: {scenario.name: scenario.expected(client.name)[0] for scenario in SCENARIOS}
        for client in consumers.ALL
    }
