"""Which roles are picked by which keys, and what of them is shown; without a terminal."""

import time

import pytest

from xacct.ctl.picker import often
from xacct.ctl.picker.choice import Choice
from xacct.ctl.picker.numbers import chosen
from xacct.ctl.picker.view import frame
from xacct.ctl.screen.text import width

NOW = 1000.0


def row(name, state="idle", **more):
    nothing = dict.fromkeys(("account", "role_arn", "expires_at", "mfa_expires_at", "last_used", "next_renewal"))
    return {**nothing, "name": name, "state": state, "error": None, **more}


ROWS = [
    row("prod", "held", expires_at=NOW + 3300, account="111122223333", account_name="payments", production=True),
    row("dev", role_arn="arn:aws:iam::444455556666:role/x/Admin", account="444455556666"),
    row("stage", "failed"),
]


def typed(*keys, rows=ROWS):
    choice, decided = Choice(rows), None
    choice.window(10)
    for key in keys:
        assert decided is None
        decided = choice.type(key)
    return decided


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        (["enter"], ["prod"]),
        (["down", "enter"], ["dev"]),
        (["end", "enter"], ["stage"]),
        (["end", "up", "enter"], ["dev"]),
        (["up", "page-up", "home", "enter"], ["prod"]),
        ([*"sta", "enter"], ["stage"]),
        ([*"ADMIN", "enter"], ["dev"]),
        ([*"paym", "enter"], ["prod"]),
        ([*"4444", "enter"], ["dev"]),
        (["space", "down", "space", "enter"], ["prod", "stage"]),
        ([*"stage", "space", "ctrl-u", *"dev", "space", "enter"], ["stage", "dev"]),
        (["space", "up", "space", "enter"], ["dev"]),
        (["ctrl-a", "enter"], ["prod", "dev", "stage"]),
        (["ctrl-a", "ctrl-a", "enter"], ["prod"]),
        ([*"stx", "backspace", "enter"], ["stage"]),
        (["escape"], []),
        (["space", "ctrl-d"], []),
    ],
    ids=str,
)
def test_keys_pick(keys, names):
    assert typed(*keys) == names


def test_nothing_is_picked_where_no_role_passes():
    choice = Choice(ROWS)
    for key in (*"nowhere", "space", "enter"):
        assert choice.type(key) is None
    assert choice.shown == []


@pytest.mark.parametrize("size", [(80, 24), (40, 10), (20, 5), (200, 60)])
@pytest.mark.parametrize("text", ["", "nowhere"])
def test_a_frame_fits_its_screen(monkeypatch, size, text):
    monkeypatch.setenv("NO_COLOR", "1")
    rows = [row(f"a-customer-with-a-long-name-{n}-production-eu-central-1", account="1" * 12) for n in range(80)]
    choice = Choice([*ROWS, *rows])
    for key in (*text, "end"):
        choice.type(key)
    lines = frame(choice, NOW, size)
    assert len(lines) == size[1]
    assert max(map(width, lines)) <= size[0]
    assert any(line.startswith(">") for line in lines) is not bool(text)


def test_a_frame_says_what_is_held_and_what_is_chosen(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    choice = Choice(ROWS)
    choice.type("space")
    lines = [line.rstrip() for line in frame(choice, NOW, (80, 24))]
    assert lines[0].endswith("3 of 3, 1 chosen")
    assert lines[1:4] == [
        "  [x] prod   payments              held 55m",
        "> [ ] dev    444455556666",
        "  [ ] stage  -                     failed",
    ]


def test_a_name_drives_no_terminal():
    lines = frame(Choice([row("a\x1b[2Jb")]), NOW, (80, 24))
    assert "\x1b[2J" not in "".join(lines)


def test_five_thousand_roles_are_filtered_as_one_types():
    choice = Choice([row(f"customer-{n}-prod", account=f"{n:012}") for n in range(5000)])
    began = time.process_time()
    for key in "customer-4999":
        choice.type(key)
        frame(choice, NOW, (80, 24))
    assert time.process_time() - began < 2.0
    assert [each["name"] for each in choice.shown] == ["customer-4999-prod"]


@pytest.mark.parametrize(
    ("typed", "places"),
    [("1", [1]), ("2 4-5,1", [2, 4, 5, 1]), ("9", None), ("0", None), ("3-1", None), ("dev", None), ("1-", None)],
)
def test_numbers_are_places(typed, places):
    assert chosen(typed, 5) == places


def test_what_was_picked_most_often_comes_first_then_what_was_used_last(place):
    rows = [row("a"), row("b", last_used=5.0), row("c", last_used=9.0), row("d")]
    assert [each["name"] for each in often.ordered(rows)] == ["c", "b", "a", "d"]
    often.note(["d", "a"])
    often.note(["d"])
    assert [each["name"] for each in often.ordered(rows)] == ["d", "a", "c", "b"]


@pytest.mark.parametrize("content", ["", "[1]", '{"a": "b", "c": -1, "d": 3}', "{" * 9])
def test_a_count_that_can_not_be_read_says_nothing(place, content):
    often.note(["x"])
    (place / "s" / "xacct" / "picked.json").write_text(content)
    assert often.read() == ({"d": 3} if "d" in content else {})
