"""verify: the table, the sentences and the exit status, from what the daemon says."""

import json

import pytest

from xacct.ctl.main import main

DENIED = {"code": "access-denied", "category": "refused", "sentence": "AWS refuses it.", "hint": ""}
AWAY = {"code": "network", "category": "temporary", "sentence": "No network.", "hint": "Wait."}


def attempt(way, outcome, start="keys", error=None, role=None):
    return {"way": way, "start": start, "role": role, "outcome": outcome, "error": error}


def verified(role, verdict, *attempts):
    return {"event": "verified", "role": role, "role_arn": None, "verdict": verdict, "attempts": list(attempts)}


GOOD = verified(
    "good", "enforced", attempt("without-mfa", "refused", error=DENIED), attempt("as-configured", "given", "session")
)
BAD = verified(
    "bad", "hole", attempt("without-mfa", "refused", error=DENIED), attempt("shorter-path", "given", "role", role="a")
)
DARK = verified("dark", "unknown", attempt("without-external-id", "unknown", "session", AWAY))
IDLE = verified("idle", "nothing")
FAILED = {"event": "failed", "role": "gone", "error": AWAY}


@pytest.fixture
def said(daemon):
    events = []
    daemon.answers["/v1/verify"] = lambda _body: [*events, {"event": "done", "failed": 0}]
    return events


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ([GOOD, IDLE], 0),
        ([], 0),
        ([GOOD, BAD], 6),
        ([BAD, DARK, FAILED], 6),
        ([GOOD, DARK], 7),
        ([GOOD, FAILED], 7),
    ],
)
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_the_exit_status_tells_holes_from_what_could_not_be_told(said, capsys, events, status, options):
    said += events
    assert main(["verify", "--all", *options]) == status
    assert capsys.readouterr().err == ""


def test_what_is_shown(said, capsys):
    said += [GOOD, DARK, BAD, IDLE, FAILED]
    assert main(["verify", "--all"]) == 6
    assert capsys.readouterr().out.splitlines() == [
        "ROLE  MFA       EXTERNAL ID  PATH  VERDICT",
        "bad   enforced  -            OPEN  HOLE",
        "dark  -         ?            -     not told",
        "good  enforced  -            -     enforced",
        "idle  -         -            -     nothing to verify",
        "bad: AWS gives it by a shorter path, with the credentials of a.",
        "dark: not told without the external id, with the MFA session: No network. Wait.",
        "gone: No network. Wait.",
        "5 roles: 1 enforced, 1 with a hole (bad), 2 not told (dark, gone), 1 with nothing to verify.",
    ]


def test_json_is_for_programs(said, capsys):
    said += [GOOD, FAILED]
    assert main(["verify", "--all", "--json"]) == 7
    found = json.loads(capsys.readouterr().out)
    assert found == {
        "roles": [{key: value for key, value in GOOD.items() if key != "event"}],
        "failed": [{"role": "gone", "error": AWAY}],
    }


@pytest.mark.parametrize("words", [[], ["prod", "--all"]])
def test_roles_or_all(daemon, capsys, words):
    assert main(["verify", *words]) == 2
    assert "verify needs roles, or --all." in capsys.readouterr().err
    assert daemon.requests == []


def test_what_is_asked(said, daemon):
    main(["verify", "prod", "dev"])
    main(["verify", "--all"])
    assert daemon.called("POST", "/v1/verify") == [
        {"roles": ["prod", "dev"], "attend": False},
        {"all": True, "attend": False},
    ]
