"""What the daemon passes on of other people's words, at every verb: it drives no terminal, and adds no line."""

import json
import unicodedata

import pytest

from xacct.ctl import render
from xacct.ctl.main import main

NASTY = "\x01\x07\x1b[2J\x1b]0;x\x07\x1b[31m\x7f\x85\x9b31m\u2028\u202e\u2066\u200b\nprod  forged\r"
NAMED = frozenset({"code", "event", "state", "kind", "id", "time", "name", "role", "roles", "url", "urls", "endpoint"})
"""What programs match, not people read. `token_file` and the like are ours as well."""


def spoilt(value, key=""):
    """An answer with somebody else's words in each text that may hold them."""
    match value:
        case str() if key not in NAMED and not key.endswith(("_file", "arn_url")):
            return value + NASTY
        case list():
            return [spoilt(each, key) for each in value]
        case dict():
            return {name: spoilt(each, name) for name, each in value.items()}
    return value


@pytest.fixture
def hostile(daemon):
    daemon.problems = [
        {"code": "bad-config", "category": "usage", "sentence": "The profile x is no use.", "hint": "Mend it."}
    ]
    respond = daemon.respond

    def respond_badly(method, path, body):
        said = respond(method, path, body)
        return said if isinstance(said, bytes) else spoilt(said) if isinstance(said, dict) else map(spoilt, said)

    daemon.respond = respond_badly
    return daemon


VERBS = [
    ["status"],
    ["roles"],
    ["explain", "prod"],
    ["grants"],
    ["grants", "create", "prod"],
    ["audit"],
    ["login", "prod"],
    ["logout", "prod"],
    ["doctor"],
    ["lock"],
    ["unlock"],
    ["docker", "doctor"],
    ["nosuch\x1b[2J\u202e"],
    ["login", "nosuch\x1b[2J\u202e"],
    ["env", "nosuch\x1b[2J\u202e"],
]


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_no_word_of_others_drives_a_terminal_or_adds_a_line(hostile, capsys, words):
    main([*words])
    out, err = capsys.readouterr()
    assert out + err
    for text in (out, err):
        for line in text.removesuffix("\n").split("\n"):
            assert all(char.isprintable() for char in line), repr(line)
            assert not line.startswith("prod  forged")
            assert not {unicodedata.category(char) for char in line} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize(
    "words", [["status", "--json"], ["roles", "--json"], ["audit", "--json"], ["doctor", "--json"]]
)
def test_json_is_json_and_drives_nothing(hostile, capsys, words):
    main([*words])
    out, _ = capsys.readouterr()
    assert all(char.isprintable() for char in out.replace("\n", ""))
    for text in [out] if words[0] != "audit" else out.splitlines():
        json.loads(text)


def test_a_terminal_that_attends_is_not_driven(hostile, sit):
    seat = sit("attend")
    seat.expect("Attending")
    spoil = {"kind": "confirm", "serial": "", "roles": ["prod"], "attempt": 1, "attempts": 1, "problem": None}
    spoil |= {"not_before": None, "deadline": 9e9, "now": 0.0, "id": "p1", "label": "a shell", "process": "pid 7"}
    hostile.watchers[0].put({"event": "prompt", "prompt": spoil})
    hostile.watchers[0].put({"event": "failed", "role": "prod", "error": {"code": "x", "sentence": "No.", "hint": ""}})
    before = seat.expect("prod: No.")
    asked = before + seat.expect("[y/N]")
    for mark in ("\x1b[2J", "\x1b]0", "\x01", "\x07", "\x85", "\x9b", "\u202e", "\u2028", "\nprod  forged"):
        assert mark not in asked, repr(mark)
    seat.type("\x03")


def test_lines_of_ours_keep_their_colours_and_nothing_else(capsys, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    render.out(render.paint("good", "good", tty=True) + "\x1b[2Jx\x1b]0;y\x07\nnext")
    assert capsys.readouterr().out == "\x1b[32mgood\x1b[0m [2Jx ]0;y \nnext\n"
