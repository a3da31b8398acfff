"""What the live view knows and shows, without a terminal or a daemon."""

import pytest

from xacct.ctl.screen.text import width
from xacct.ctl.watch.board import Board
from xacct.ctl.watch.view import bar, frame

NOW = 1000.0
SERIAL = "arn:aws:iam::111122223333:mfa/alice"


def row(name, state="idle", **more):
    nothing = dict.fromkeys(
        ("account", "role_arn", "expires_at", "mfa_expires_at", "last_used", "next_renewal", "error")
    )
    return {**nothing, "name": name, "state": state, **more}


def prompt(kind="mfa", **more):
    asked = {"id": "p1", "kind": kind, "serial": SERIAL, "roles": ["prod"], "attempt": 1, "attempts": 3}
    return {**asked, "problem": None, "not_before": None, "deadline": NOW + 60, "now": NOW, **more}


@pytest.fixture
def board(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    made = Board()
    rows = [
        row("dev"),
        row("prod", "held", expires_at=NOW + 1800, mfa_expires_at=NOW + 7200, last_used=NOW - 130),
        row("bad", "failed"),
    ]
    session = {"source": "work", "serial": SERIAL, "expires_at": NOW + 6 * 3600}
    made.take({"now": NOW, "roles": rows, "sessions": [session], "prompts": [], "attended": 1, "notes": []}, 50.0)
    return made


def lines(board, size=(80, 24), monotonic=50.0):
    return [line.rstrip() for line in frame(board, monotonic, size)]


def test_a_view_says_what_is_held_and_for_how_long(board):
    board.happened({"event": "fetch", "role": "prod", "exe": "/usr/bin/aws", "pid": 7, "grant": None})
    shown = lines(board)
    assert shown[0] == "3 roles: 1 held, 1 failed"
    assert shown[1] == f"MFA session of work  [####....]  6h 00m  {SERIAL}"[:80].rstrip()
    assert shown[3:6] == [
        "> prod  held        [####....]  30m      2h 00m   2m       aws 7",
        "  bad   failed                  -        -        -",
        "  dev   idle                    -        -        -",
    ]


def test_what_is_left_is_counted_down_without_asking(board):
    assert "[#.......]  1m " in lines(board, monotonic=50.0 + 1720)[3]
    assert "now" in lines(board, monotonic=50.0 + 1801)[3]


@pytest.mark.parametrize(("left", "shown"), [(3600, "#" * 8), (1, "#......."), (0, "." * 8), (9e9, "#" * 8)])
def test_a_bar(left, shown):
    assert bar(left, 3600) == f"[{shown}]"


def test_a_bar_is_of_the_life_that_aws_gave(board):
    held = {"expires_at": NOW + 1800, "issued_at": NOW - 5400}
    board.status["roles"] = [
        row("prod", "held", **held),
        row("short", "held", expires_at=NOW + 600, issued_at=NOW - 300),
    ]
    board.status["sessions"][0] |= {"issued_at": NOW - 2 * 3600}
    shown = lines(board)
    assert "work  [######..]  6h 00m" in shown[1]
    assert shown[3].split()[3] == "[##......]"
    assert shown[4].split()[2] == "[#####...]"


def grant(name, **more):
    return {
        "id": name, "label": f"shell {name}", "roles": ["prod"], "created": NOW - 60, "expires_at": None,
        "last_used": None, "pid": None, **more,
    }  # fmt: skip


def test_a_grant_of_the_role_is_chosen_by_its_number(board):
    board.move(1)
    board.offer("prod", [grant("a"), grant("b", last_used=NOW - 5, pid=7), grant("c", roles=["dev"])])
    assert lines(board)[-5:-2] == [
        "Revoke a grant for prod? (its number; any other key: no)",
        "  1  shell b  pid 7  used 5s ago",
        "  2  shell a  never used",
    ]
    assert board.chosen("2", 8)["id"] == "a"
    assert board.revocable is None
    for key, shown in (("3", 8), ("2", 1), ("0", 8), ("escape", 8), ("²", 8)):
        board.offer("prod", [grant("a"), grant("b")])
        assert board.chosen(key, shown) is None
        assert board.revocable is None
    board.offer("dev", [grant("a")])
    assert (board.revocable, board.message) == (None, "No grant is for dev.")


@pytest.mark.parametrize("size", [(80, 24), (40, 10), (20, 5)])
def test_a_question_of_many_grants_fits_its_screen(board, size):
    board.offer("prod", [grant(f"{number}\x1b[2J" * 9) for number in range(40)])
    shown = frame(board, 50.0, size)
    assert len(shown) <= size[1]
    assert max(map(width, shown)) <= size[0]
    assert "\x1b" not in "".join(shown)


@pytest.mark.parametrize("size", [(80, 24), (40, 10), (20, 5), (200, 50)])
@pytest.mark.parametrize(
    "asked",
    [
        None,
        prompt(),
        prompt("confirm", label="a shell"),
        prompt("confirm", label="a shell", allows="much", directory="/", command="ls " * 99, problem="No."),
        prompt("sign-in", url="https://x", problem="No."),
    ],
)
def test_a_view_fits_its_screen(board, size, asked):
    board.status["roles"] = [row(f"a-very-long-name-of-a-role-{n}", "held", expires_at=NOW + 9) for n in range(90)]
    board.status["prompts"] = [asked] if asked else []
    board.take(board.status, 50.0)
    board.message = "something went wrong " * 9
    shown = frame(board, 50.0, size)
    assert len(shown) <= size[1]
    assert max(map(width, shown)) <= size[0]
    assert any(line.startswith("> ") for line in shown)


def test_the_cursor_stays_on_its_role(board):
    board.move(2)
    assert board.cursor == "dev"
    board.take(board.status | {"roles": board.status["roles"][::-1]}, 51.0)
    assert board.cursor == "dev"
    board.look_for("pro")
    assert (board.cursor, [each["name"] for each in board.rows()]) == ("prod", ["prod"])


def test_a_code_is_typed_in_place(board):
    assert board.happened({"event": "prompt", "prompt": prompt()})
    for key in "12x3456789":
        assert board.digit(key) == ""
    assert "MFA code of alice for prod: 123456" in lines(board)[-3]
    assert board.digit("backspace") == ""
    assert board.digit("enter") == ""
    board.digit("7")
    assert board.digit("enter") == "123457"
    assert board.typed == ""
    board.happened({"event": "prompt-closed", "id": "p1", "sentence": "Accepted."})
    assert (board.prompt(), board.message) == (None, "Accepted.")


def test_others_words_drive_no_terminal(board):
    board.status["roles"] = [row("a\x1b[2J", "held")]
    board.happened({"event": "fetch", "role": "a\x1b[2J", "exe": "/x\x1b[2J", "pid": 1})
    board.happened({"event": "failed", "role": "a\x1b[2J", "error": {"sentence": "\x1b[2J"}})
    spoilt = dict.fromkeys(("label", "problem", "allows", "directory", "command"), "\x1b[2J")
    spoilt["processes"] = [{"pid": 7, "name": "\x1b[2J"}]
    board.happened({"event": "prompt", "prompt": prompt("confirm", **spoilt)})
    assert "\x1b" not in "".join(lines(board))


@pytest.mark.parametrize("how", ["closed", "status"])
def test_digits_are_of_the_question_for_which_they_were_typed(board, how):
    first, second = prompt(), prompt(id="p2", serial="arn:aws:iam::444455556666:mfa/bob", roles=["dev"])
    for each in (first, second):
        board.happened({"event": "prompt", "prompt": each})
    for key in "123456":
        board.digit(key)
    assert "MFA code of alice for prod: 123456" in "\n".join(lines(board))
    if how == "closed":
        board.happened({"event": "prompt-closed", "id": "p1", "sentence": "A code was given."})
    else:
        board.take({**board.status, "prompts": [second]}, 51.0)
    assert "MFA code of bob for dev: ______" in "\n".join(lines(board, monotonic=51.0))
    assert board.digit("enter") == ""


def test_digits_stay_while_their_question_does(board):
    board.happened({"event": "prompt", "prompt": prompt()})
    board.digit("1")
    board.take({**board.status, "prompts": [prompt(), prompt(id="p2")]}, 51.0)
    board.happened({"event": "prompt-closed", "id": "p2", "sentence": ""})
    assert board.typed == "1"
