"""Whether a grant may use a guarded role: asked at the terminal that caused it, and at one that attends."""

import pytest
from waiting import PATIENCE

from xacct.ctl.main import main


@pytest.fixture
def guarded(daemon):
    daemon.guarded = {"prod"}
    return daemon


def answers(daemon):
    return daemon.called("POST", "/v1/prompts/c1")


@pytest.mark.parametrize("yes", ["y", "Y", "yes"])
def test_exec_asks_before_the_command_runs(guarded, sit, yes):
    seat = sit("exec", "prod", "--", "echo", "it", "ran")
    seat.expect(f"Let {guarded_label(guarded, seat)} use prod? [y/N] ")
    seat.type(yes + "\n")
    seat.expect("it ran")
    assert seat.end()[0] == 0
    assert answers(guarded) == [{"confirm": True}]
    assert guarded.called("POST", "/v1/login")[-1] == {"roles": ["prod"], "grant": "g1", "attend": True}


def guarded_label(daemon, seat):
    seat.expect("Let ")
    seat.seen = "Let " + seat.seen
    return daemon.label


def test_the_process_is_named_where_the_daemon_knows_it(daemon, sit):
    seat = sit("attend")
    seat.expect("Attending")
    asked = daemon.confirmation(["prod"], "ls") | {"process": "pid 7, /bin/\x1b[2Jls"}
    daemon.watchers[0].put({"event": "prompt", "prompt": asked})
    seat.expect("Let ls (pid 7, /bin/ [2Jls) use prod? [y/N] ")
    seat.type("n\n")
    assert daemon.prompts["c1"][1].get(timeout=PATIENCE) == {"decline": True}


@pytest.mark.parametrize("no", ["n\n", "No\n", "\n", "\x04"])
@pytest.mark.parametrize("verb", [["exec", "prod", "--", "echo", "it", "ran"], ["env", "prod"]])
def test_a_no_is_the_end_and_takes_the_grant_back(guarded, sit, no, verb):
    seat = sit(*verb)
    seat.expect("[y/N] ")
    seat.type(no)
    status, rest = seat.end()
    assert status == 4
    assert "say it again and answer y" in rest
    assert "it ran" not in rest
    assert "export" not in rest
    assert "hint: To allow it, say it again and answer y: Enter alone is a no." in rest
    assert answers(guarded) == [{"decline": True}]
    assert guarded.called("DELETE", "/v1/grants/g1") == [None]


def test_what_is_neither_yes_nor_no_is_asked_again(guarded, sit):
    seat = sit("exec", "prod", "--", "true")
    seat.expect("[y/N] ")
    seat.type("123456\n")
    seat.expect("Type y or n; nothing was sent.")
    seat.expect("[y/N] ")
    seat.type("y\n")
    assert seat.end()[0] == 0
    assert answers(guarded) == [{"confirm": True}]


def test_without_a_terminal_the_prompt_is_left_to_whoever_attends(guarded, run):
    done = run("exec", "prod", "--", "echo", "it", "ran")
    assert (done.returncode, done.stdout) == (0, "it ran\n")
    assert "is asked for when it is used" in done.stderr


def test_what_is_not_guarded_takes_no_second_login(daemon, run):
    assert run("exec", "prod", "--", "true").returncode == 0
    assert len(daemon.called("POST", "/v1/login")) == 1


def test_an_attending_terminal_is_asked_and_what_was_typed_before_is_no_answer(daemon, sit):
    seat = sit("attend")
    seat.expect("Attending")
    seat.type("y\n")
    seat.expect("y\r\n")
    daemon.watchers[0].put({"event": "prompt", "prompt": daemon.confirmation(["prod"], "a\x1b[2Jshell")})
    seat.expect("Let a [2Jshell use prod? [y/N] ")
    seat.type("n\n")
    assert daemon.prompts["c1"][1].get(timeout=PATIENCE) == {"decline": True}
    assert answers(daemon) == [{"decline": True}]
    closed = {"event": "prompt-closed", "id": "c1", "outcome": "declined", "sentence": "It was declined."}
    daemon.watchers[0].put(closed)
    seat.expect("It was declined.")


def test_a_code_and_a_confirmation_are_asked_one_after_the_other(daemon, sit):
    seat = sit("attend")
    seat.expect("Attending")
    daemon.prompts["p1"] = (daemon.prompt(["prod"]), _Taken())
    daemon.watchers[0].put({"event": "prompt", "prompt": daemon.prompts["p1"][0]})
    seat.expect("(attempt 1 of 3): ")
    seat.type("123")  # half a code; the other prompt must not eat it
    seat.expect("123")
    daemon.watchers[0].put({"event": "prompt", "prompt": daemon.confirmation(["prod"], "a shell")})
    seat.expect("(attempt 1 of 3): ")  # still the first prompt
    seat.type("456\n")
    seat.expect("Let a shell use prod? [y/N] ")
    seat.type("y\n")
    assert daemon.prompts["c1"][1].get(timeout=PATIENCE) == {"confirm": True}
    assert daemon.called("POST", "/v1/prompts/p1") == [{"code": "123456"}]


def test_status_shows_who_waits_for_a_yes(daemon, capsys):
    daemon.confirmation(["prod"], "a shell")
    assert main(["status"]) == 0
    shown = capsys.readouterr().out
    assert "waiting for a yes or no: let a shell use prod? (answer it: xacctctl attend)" in shown


class _Taken:
    def put(self, _answer):
        return


WHO = {
    "allows": "all that\x1b[2J the role may do",
    "account": "123456789012",
    "processes": [{"pid": 7, "name": "a\x1b[2Jws"}, {"pid": 3, "name": "bash"}],
    "directory": "/home/\u202eu",
    "command": "aws\x9b s3 ls",
    "choices": [
        {"lasts": "once", "words": "once"},
        {"lasts": "minutes", "words": "for 15 min", "minutes": 15},
        {"lasts": "grant", "words": "for this grant"},
    ],
}


def test_it_is_shown_who_asks_for_what_and_the_yes_has_a_length(daemon, sit):
    seat = sit("attend")
    seat.expect("Attending")
    daemon.watchers[0].put({"event": "prompt", "prompt": daemon.confirmation(["prod"], "a shell") | WHO})
    before = seat.expect("Let a shell use prod? [y once, m for 15 min, g for this grant, N no] ")
    for line in (
        "a shell asks to use prod:",
        "  Allows: all that [2J the role may do in account 123456789012",
        "  Process: a [2Jws 7 < bash 3",
        "  Directory: /home/ u",
        "  Command: aws  s3 ls",
    ):
        assert line in before
    assert not any(mark in before for mark in ("\x1b[2J", "\x9b", "\u202e"))
    seat.type("x\n")
    seat.expect("Type one of these letters; nothing was sent.")
    seat.type("m 45\n")
    assert daemon.prompts["c1"][1].get(timeout=PATIENCE) == {"confirm": True, "lasts": "minutes", "minutes": 45}
