"""keys: what is asked at a terminal and how, and what becomes of the file that a key leaves."""

from unittest.mock import patch

import pytest
from control_shapes import wrong_event
from hypothesis import given
from hypothesis import strategies as st
from waiting import PATIENCE

from xacct.ctl import keys_import
from xacct.ctl.failure import CtlError
from xacct.ctl.main import main

KEY_ID, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
LINES = f"aws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\n"
FILE = f"# mine\n[default]\nregion = x\n\n[mine]\n{LINES}region = eu-west-1\n\n[other]\n{LINES}"


@pytest.fixture
def credentials(place, daemon, monkeypatch):
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.delenv(name, raising=False)
    (place / "h" / ".aws").mkdir()
    file = place / "h" / ".aws" / "credentials"
    file.write_text(FILE)
    return file


# What is typed.


def test_a_key_is_asked_for_at_the_terminal_and_not_shown(daemon, sit):
    seat = sit("keys", "add", "mine")
    seat.expect("Access key id (not shown): ")
    seat.type(f"{KEY_ID}\n")
    between = seat.expect("Secret access key: ")
    seat.type(f"{SECRET}\n")
    status, rest = seat.end()
    assert status == 0
    assert KEY_ID not in between + rest
    assert SECRET not in between + rest
    assert "…MPLE, which is arn:aws:iam::111122223333:user/alice's" in rest
    said = {"profile": "mine", "access_key_id": KEY_ID, "secret_access_key": SECRET, "check": True}
    assert daemon.called("POST", "/v1/keys") == [said]


def test_ctrl_d_is_a_no(daemon, sit):
    seat = sit("keys", "add", "mine")
    seat.expect("(not shown): ")
    seat.type("\x04")
    status, rest = seat.end()
    assert status == 4
    assert "Traceback" not in rest
    assert daemon.called("POST", "/v1/keys") == []


def test_the_list_has_no_secret(daemon, capsys):
    assert main(["keys"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0].split() == ["PROFILE", "KEY", "WHERE", "SINCE", "AWS", "CONFIG", "FILE"]
    assert "…MPLE" in out


@pytest.mark.parametrize(
    ("answer", "removed"), [("y\n", 1), ("yes\n", 1), ("n\n", 0), ("\n", 0), ("\x04", 0), ("yess\n", 0)]
)
def test_only_a_yes_removes(daemon, sit, answer, removed):
    seat = sit("keys", "remove", "mine")
    seat.expect("If it is nowhere else it is lost. [y/N] ")
    seat.type(answer)
    status, _ = seat.end()
    assert (status == 0) == bool(removed)
    assert len(daemon.called("DELETE", "/v1/keys/mine")) == removed


def test_the_question_is_about_the_key_of_this_shells_files(place, daemon, sit, monkeypatch):
    """Other files may have a profile of that name, too."""
    ours = {"config": str(place / "h/.aws/config"), "credentials": str(place / "h/.aws/credentials")}
    rows = [ours | {"ends": "OURS"}, {"config": "/c", "credentials": "/k", "ends": "ELSE"}]
    keys = [row | {"profile": "mine", "added": 1.7e9} for row in rows]
    daemon.answers["/v1/keys"] = {"keys": keys, "keychain": "the Secret Service"}
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.delenv(name, raising=False)
    seat = sit("keys", "remove", "mine")
    assert "Remove the access key …OURS of mine" in seat.expect("[y/N] ")
    seat.type("n\n")
    seat.end()
    monkeypatch.setenv("AWS_CONFIG_FILE", "/third")
    seat = sit("keys", "remove", "mine")
    assert "Remove the access key of mine" in seat.expect("[y/N] ")
    seat.type("n\n")
    seat.end()


def test_without_a_terminal_nothing_is_removed(daemon, run):
    done = run("keys", "remove", "mine")
    assert done.returncode == 2
    assert daemon.called("DELETE", "/v1/keys/mine") == []
    assert run("keys", "remove", "mine", "--yes").returncode == 0


# What is moved.


def test_an_import_shows_a_diff_asks_and_takes_two_lines_out(credentials, daemon, sit):
    seat = sit("keys", "import", "mine")
    shown = seat.expect("Move the access key of mine? [y/N] ")
    assert "-aws_access_key_id = ..." in shown
    assert "-aws_secret_access_key = ..." in shown
    assert "+credential_process = " in shown
    assert KEY_ID not in shown
    assert SECRET not in shown
    assert credentials.read_text() == FILE
    assert daemon.called("POST", "/v1/keys") == []
    seat.type("y\n")
    status, _ = seat.end()
    assert status == 0
    after = credentials.read_text()
    [line] = [line for line in after.splitlines() if line.startswith("credential_process")]
    assert after.replace(f"{line}\n", "") == FILE.replace(LINES, "", 1)
    assert daemon.called("POST", "/v1/keys") == [{"profile": "mine"}]
    assert sorted(one.name for one in credentials.parent.iterdir()) == ["credentials"]


def test_a_no_changes_nothing(credentials, daemon, sit):
    seat = sit("keys", "import", "mine")
    seat.expect("[y/N] ")
    seat.type("n\n")
    assert seat.end(PATIENCE)[0] == 4
    assert credentials.read_text() == FILE
    assert daemon.called("POST", "/v1/keys") == []


@pytest.mark.parametrize("fails", ["proof", "nobody", "file"])
def test_what_fails_on_the_way_is_undone(credentials, daemon, monkeypatch, capsys, fails):
    if fails == "proof":
        daemon.answers["/v1/keys/mine/check"] = b"HTTP/1.0 500 x\r\n\r\n"
    elif fails == "nobody":
        daemon.answers["/v1/keys/mine/check"] = {"profile": "mine", "ends": "MPLE", "arn": None}
    else:
        monkeypatch.setattr(keys_import.rewrite, "replace", lambda *_: False)
    assert main(["keys", "import", "mine", "--yes"]) != 0
    assert credentials.read_text() == FILE
    assert daemon.called("DELETE", "/v1/keys/mine") == [None]
    assert SECRET not in "".join(capsys.readouterr())


def test_the_file_is_changed_after_the_proof_and_not_before(credentials, daemon):
    seen = []
    proof = {"profile": "mine", "ends": "MPLE", "arn": "arn:aws:iam::111122223333:user/alice"}
    daemon.answers["/v1/keys/mine/check"] = lambda _: seen.append(credentials.read_text()) or proof
    assert main(["keys", "import", "mine", "--yes"]) == 0
    assert seen == [FILE]
    assert SECRET in credentials.read_text(), "another profile's"
    assert credentials.read_text().count(SECRET) == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[mine]\naws_access_key_id = A\n", "is not one line"),
        (f"[mine]\n{LINES}aws_session_token = t\n", "are temporary"),
        (f"[mine]\n{LINES}aws_security_token = t\n", "are temporary"),
        (f"[mine]\n{LINES}[profile mine]\n{LINES}", "is not one line"),
        ("[other]\n", "has no access key"),
    ],
)
def test_what_is_no_plain_key_stays_where_it_is(credentials, daemon, capsys, text, sentence):
    credentials.write_text(text)
    assert main(["keys", "import", "mine", "--yes"]) != 0
    assert sentence in capsys.readouterr().err
    assert credentials.read_text() == text
    assert daemon.called("POST", "/v1/keys") == []


def test_keys_in_both_files_are_not_chosen_from(credentials, daemon, capsys):
    (credentials.parent / "config").write_text(f"[profile mine]\n{LINES}")
    assert main(["keys", "import", "mine", "--yes"]) != 0
    assert "has keys in" in capsys.readouterr().err
    assert daemon.called("POST", "/v1/keys") == []


def test_a_key_in_the_config_file_is_moved_as_well(credentials, daemon):
    credentials.write_text("")
    config = credentials.parent / "config"
    config.write_text(f"[profile mine]\nregion = x\n{LINES}")
    assert main(["keys", "import", "mine", "--yes"]) == 0
    assert SECRET not in config.read_text()
    assert config.read_text().startswith("[profile mine]\nregion = x\ncredential_process = ")


ODD = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=30).filter(
    lambda text: "aws_" not in text and "[" not in text
)


@given(ODD, ODD, st.sampled_from(["\n", "\r\n"]))
def test_all_else_of_the_file_is_kept_to_the_byte(before, behind, end):
    key = [
        f"aws_access_key_id={KEY_ID}",
        f"  # aws_secret_access_key = {SECRET[:4]}",
        f"aws_secret_access_key: {SECRET}",
    ]
    text = f"{before}{end}[mine]{end}{end.join(key)}{end}[next]{end}{behind}"
    changed = keys_import.without_key(text.encode(), "mine", "f", "credential_process = x").decode()
    assert changed == text.replace(f"{key[0]}{end}", f"credential_process = x{end}").replace(f"{key[2]}{end}", "")
    bare = keys_import.without_key(text.encode(), "mine", "f", "").decode()
    assert bare == text.replace(f"{key[0]}{end}", "").replace(f"{key[2]}{end}", "")


def test_a_value_that_goes_on_in_the_next_line_is_not_cut():
    with pytest.raises(CtlError):
        keys_import.without_key(f"[mine]\naws_access_key_id =\n  {KEY_ID}\n{LINES}".encode(), "mine", "f", "")


def test_what_is_nested_in_another_setting_is_left_alone():
    nested = "s3 =\n  aws_access_key_id = x\n"
    changed = keys_import.without_key(f"[mine]\n{nested}{LINES}".encode(), "mine", "f", "")
    assert changed.decode() == f"[mine]\n{nested}"


# What is rotated.

ROTATE = "/v1/keys/mine/rotate"
ARN = "arn:aws:iam::111122223333:user/alice"


def step(name, ends):
    return {"event": "rotating", "step": name, "ends": ends}


def rotated(old_is="inactive"):
    return {"event": "rotated", "profile": "mine", "ends": "WXYZ", "arn": ARN, "old": "MPLE", "old_is": old_is}


def streams(daemon, *events):
    """Have the daemon tell these, which the real one might."""
    told = [*events, {"event": "done", "failed": sum(event["event"] == "failed" for event in events)}]
    assert [wrong for wrong in map(wrong_event, told) if wrong] == []
    daemon.answers[ROTATE] = lambda _: iter(told)


def test_a_rotation_tells_each_step_and_what_is_left(daemon, capsys):
    steps = [step("made", "WXYZ"), step("works", "WXYZ"), step("switched", "WXYZ"), step("retired", "MPLE")]
    streams(daemon, *steps, rotated())
    assert main(["keys", "rotate", "mine", "--yes"]) == 0
    said = "".join(capsys.readouterr())
    order = ["…WXYZ is made", "…WXYZ works", "…WXYZ is in the keychain", "…MPLE is inactive", f"is …WXYZ ({ARN})"]
    assert [said.index(words) for words in order] == sorted(said.index(words) for words in order)
    assert "xacctctl keys rotate mine --finish" in said
    assert [{**body, "attend": False} for body in daemon.called("POST", ROTATE)] == [{"attend": False}]


@pytest.mark.parametrize(
    ("words", "body", "question"),
    [
        ([], {}, "Have IAM make a new access key for mine? The old one is made inactive then"),
        (["--delete"], {"delete": True}, "The old one is deleted then"),
        (["--finish"], {"finish": True}, "End the rotation of the access key of mine?"),
    ],
)
def test_a_rotation_asks_first(daemon, sit, words, body, question):
    streams(daemon, rotated("deleted"))
    seat = sit("keys", "rotate", "mine", *words)
    seat.expect(question)
    seat.type("n\n")
    assert seat.end()[0] == 4
    assert daemon.called("POST", ROTATE) == []
    seat = sit("keys", "rotate", "mine", *words)
    seat.expect("[y/N] ")
    seat.type("y\n")
    status, _ = seat.end()
    assert status == 0
    assert daemon.called("POST", ROTATE) == [{**body, "attend": True}]


def test_a_rotation_that_fails_says_what_is_left(daemon, capsys):
    error = {
        "code": "bad-key",
        "category": "refused",
        "sentence": "It did not work. The old key counts on.",
        "hint": "x",
    }
    streams(daemon, step("made", "WXYZ"), step("undone", "WXYZ"), {"event": "failed", "role": "mine", "error": error})
    assert main(["keys", "rotate", "mine", "--yes"]) == 5
    said = "".join(capsys.readouterr())
    assert "…WXYZ is deleted again" in said
    assert "The old key counts on." in said


@pytest.mark.parametrize(
    ("steps", "words", "said"),
    [
        ([], [], "takes back what was made"),
        ([step("made", "WXYZ")], [], "takes back what was made"),
        ([step("switched", "WXYZ")], [], "goes on to the end"),
        ([], ["--finish"], "goes on to the end"),
    ],
)
def test_ctrl_c_says_what_goes_on_without_us(daemon, capsys, steps, words, said):
    def interrupted():
        yield from steps
        raise KeyboardInterrupt

    with patch("xacct.ctl.keys_rotate.converse", lambda *_: interrupted()):
        assert main(["keys", "rotate", "mine", "--yes", *words]) == 130
    assert said in capsys.readouterr().err


def test_an_answer_without_an_outcome_is_none(daemon, capsys):
    streams(daemon, step("made", "WXYZ"))
    assert main(["keys", "rotate", "mine", "--yes"]) == 3
    assert "no outcome and no reason" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("how_far", "said"),
    [
        ({"step": "making", "new": ""}, "mine: rotation unfinished. Unless it is under way: xacctctl keys rotate mine"),
        ({"step": "made", "new": "WXYZ"}, "mine: rotation unfinished, …WXYZ was made. Unless"),
        ({"step": "retired", "new": "WXYZ"}, "mine: the key before, …MPLE, is inactive. To delete it: xacctctl keys"),
    ],
)
def test_the_list_says_what_is_left_of_a_rotation(daemon, capsys, how_far, said):
    key = {"profile": "mine", "ends": "WXYZ", "added": 1.7e9, "config": "/c", "credentials": "/k"}
    rotation = {"began": 1.7e9, "old": "MPLE", **how_far}
    daemon.answers["/v1/keys"] = {"keys": [{**key, "rotation": rotation}], "keychain": "the Secret Service"}
    assert main(["keys"]) == 0
    assert said in capsys.readouterr().out
