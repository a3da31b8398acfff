"""login at a terminal and without one; logout."""

import sys
import time

import pytest

from xacct.ctl.main import main


def test_held_roles_are_reported(daemon, run):
    done = run("login", "prod", "dev")
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "prod: held for 59m, renewed without a code for 8h 00m",
        "dev: held for 59m, renewed without a code for 8h 00m",
    ]
    assert daemon.called("POST", "/v1/login") == [{"roles": ["prod", "dev"], "attend": False}]


def test_right_code(daemon, sit):
    daemon.needs_code = True
    seat = sit("login", "prod")
    seat.expect("prod: the MFA code of arn:aws:iam::111122223333:mfa/alice is needed")
    seat.expect("MFA code (attempt 1 of 3): ")
    seat.type("123456\n")
    status, rest = seat.end()
    assert status == 0
    assert "prod: held for 59m" in rest
    assert "Accepted" not in rest  # our own answer needs no news


def test_wrong_then_right(daemon, sit):
    daemon.needs_code = True
    seat = sit("login", "prod")
    seat.expect("(attempt 1 of 3): ")
    seat.type("000000\n")
    seat.expect("AWS did not accept that code.")
    seat.expect("(attempt 2 of 3): ")
    seat.type("123 456\n")
    assert seat.end()[0] == 0


def test_three_wrong_codes_need_a_human(daemon, sit):
    daemon.needs_code = True
    seat = sit("login", "prod")
    for attempt in (1, 2, 3):
        seat.expect(f"(attempt {attempt} of 3): ")
        seat.type("000000\n")
    status, rest = seat.end()
    assert status == 4
    assert "Three codes were refused." in rest


def test_what_is_no_code_is_not_sent(daemon, sit):
    daemon.needs_code = True
    seat = sit("login", "prod")
    seat.expect("(attempt 1 of 3): ")
    seat.type("12345\n")
    seat.expect("A code has six digits; nothing was sent.")
    seat.expect("(attempt 1 of 3): ")
    assert daemon.called("POST", "/v1/prompts/p1") == []


def test_used_code_counts_down_and_forgets_what_was_typed(daemon, sit):
    daemon.needs_code = True
    daemon.used = {"123456"}
    daemon.countdown = 1.2
    seat = sit("login", "prod")
    seat.expect("(attempt 1 of 3): ")
    seat.type("123456\n")
    seat.expect("That code has been used already.")
    seat.expect("The next code can be used in 2s ...")
    seat.type("999999\n")
    seat.expect("The next code can be used in 1s ...")
    seat.expect("(attempt 1 of 3): ")
    seat.type("123456\n")
    assert seat.end()[0] == 0
    assert daemon.called("POST", "/v1/prompts/p1") == [{"code": "123456"}] * 2


def test_another_terminal_answers_first(daemon, sit):
    daemon.needs_code = True
    seat = sit("login", "prod")
    seat.expect("(attempt 1 of 3): ")
    seat.type("12")
    daemon.elsewhere()
    status, rest = seat.end()
    assert status == 0
    assert "Answered at another terminal." in rest
    assert "prod: held" in rest


def test_a_sign_in_shows_where_to_go_and_waits_for_the_browser(daemon, sit):
    daemon.needs_code = daemon.signs_in = True
    seat = sit("login", "prod")
    seat.expect("prod: sign in to IAM Identity Center (corp).")
    seat.expect("Open this in a browser:  https://device.sso.example/")
    seat.expect("and type this code there: ABCD-EFGH")
    seat.expect("Waiting for the browser (Ctrl-D: no) ... ")
    seat.type("123456\n")  # typed in the wrong window
    seat.expect("Waiting for the browser")
    daemon.elsewhere()
    status, rest = seat.end()
    assert status == 0
    assert "You are signed in to corp." in rest
    assert daemon.called("POST", "/v1/prompts/p1") == []


PASTE = {
    "service": "AWS",
    "sign_in": "arn:aws:iam::111122223333:user/me",
    "mode": "paste",
    "user_code": "",
    "label": "xacctctl login",
}


@pytest.mark.parametrize(("words", "ssh"), [(["--device-code"], None), ([], "10.0.0.1 1 10.0.0.2 22")])
def test_without_a_browser_here_what_another_one_shows_is_pasted(daemon, sit, monkeypatch, words, ssh):
    if ssh:
        monkeypatch.setenv("SSH_CONNECTION", ssh)
    daemon.needs_code, daemon.signs_in = True, PASTE
    seat = sit("login", "prod", *words)
    seat.expect("prod: sign in to AWS (arn:aws:iam::111122223333:user/me).")
    seat.expect("Open this in a browser:  https://device.sso.example/")
    seat.expect("and paste here what it shows at the end.")
    seat.expect("What the page shows (Ctrl-D: no): ")
    seat.type("shown\n")
    assert seat.end()[0] == 0
    [asked] = daemon.called("POST", "/v1/login")
    assert asked["browser"] is False
    assert daemon.called("POST", "/v1/prompts/p1") == [{"shown": "shown"}]


def test_ctrl_d_says_no_to_a_sign_in(daemon, sit):
    daemon.needs_code = daemon.signs_in = True
    seat = sit("login", "prod")
    seat.expect("Waiting for the browser")
    seat.type("\x04")
    assert seat.end()[0] == 4
    assert daemon.called("POST", "/v1/prompts/p1") == [{"decline": True}]


def test_ctrl_c_at_the_prompt(daemon, sit):
    daemon.needs_code = True
    seat = sit("login", "prod")
    seat.expect("(attempt 1 of 3): ")
    seat.type("\x03")
    status, rest = seat.end()
    assert status == 130
    assert rest == "^C\r\n"


def test_ctrl_d_says_no(daemon, sit):
    daemon.needs_code = True
    seat = sit("login", "prod")
    seat.expect("(attempt 1 of 3): ")
    seat.type("\x04")
    status, rest = seat.end()
    assert status == 4
    assert "You said no." in rest
    assert daemon.called("POST", "/v1/prompts/p1") == [{"decline": True}]


def test_without_a_terminal_a_human_is_needed(daemon, run):
    daemon.needs_code = True
    done = run("login", "prod")
    assert done.returncode == 4
    assert done.stderr == (
        "xacctctl: prod: A code is needed for prod.\n"
        "  hint: Log in at a terminal (xacctctl login ROLE), or give it a code: login --code -\n"
    )


def test_a_code_can_be_passed_without_a_terminal(daemon, run):
    daemon.needs_code = True
    assert run("login", "prod", "dev", "--code", "-", input="123456\n").returncode == 0


def test_a_code_of_standard_input_may_have_spaces_and_hyphens(daemon, run):
    daemon.needs_code = True
    for typed in ("123 456\nmore\n", "123-456"):
        assert run("login", "prod", "--code", "-", input=typed).returncode == 0
    assert [body["code"] for body in daemon.called("POST", "/v1/login")] == ["123456", "123456"]


def test_a_code_is_no_argument(daemon, run):
    done = run("login", "prod", "dev", "--code", "123456")
    assert done.returncode == 2
    assert done.stderr == (
        "xacctctl: A code is no argument: other users of the machine see those, and shells keep them.\n"
        "  hint: xacctctl login prod dev --code - reads it from standard input; without --code you are asked for it.\n"
    )
    assert daemon.called("POST", "/v1/login") == []


@pytest.mark.parametrize("typed", ["", "12345\n", "1234567", "no\n", "\xff" * 100])
def test_what_is_no_code_on_standard_input_is_sent_to_nobody(daemon, run, typed):
    done = run("login", "prod", "--code", "-", input=typed)
    assert (done.returncode, daemon.called("POST", "/v1/login")) == (2, [])
    assert "standard input has had something else" in done.stderr


def test_at_a_terminal_a_code_is_typed_ahead(daemon, sit):
    daemon.needs_code = True
    seat = sit("login", "prod", "--code", "-")
    seat.expect("MFA code: ")
    seat.type("123-456\n")
    assert seat.end()[0] == 0
    assert daemon.called("POST", "/v1/login")[0]["code"] == "123456"


def test_a_code_typed_at_the_question_may_have_spaces_and_hyphens(daemon, sit):
    daemon.needs_code = True
    seat = sit("login", "prod")
    seat.expect("(attempt 1 of 3): ")
    seat.type("123-456\n")
    assert seat.end()[0] == 0
    assert daemon.called("POST", "/v1/prompts/p1") == [{"code": "123456"}]


def test_one_of_several_devices_is_chosen_by_its_number(daemon, sit, monkeypatch):
    daemon.needs_code = True
    asked, phone = daemon.prompt, "arn:aws:iam::111122223333:mfa/phone"
    monkeypatch.setattr(
        daemon, "prompt", lambda *what, **how: (it := asked(*what, **how)) | {"devices": [it["serial"], phone]}
    )
    seat = sit("login", "prod")
    shown = seat.expect("MFA code of 1 (attempt 1 of 3; another device: its number): ")
    assert "one of these devices is needed" in shown
    assert f"  2  {phone}" in shown
    seat.type("2\n")
    seat.expect("MFA code of 2 (attempt 1 of 3")
    seat.type("3\n")
    seat.expect("six digits; nothing was sent")
    seat.expect("MFA code of 2 (")
    seat.type("123 456\n")
    assert seat.end()[0] == 0
    assert daemon.called("POST", "/v1/prompts/p1") == [{"code": "123456", "serial": phone}]


def test_a_device_for_once_is_said_and_sent(daemon, run, monkeypatch):
    monkeypatch.setenv("AWS_MFA_SERIAL", "GAHT12345678")
    done = run("login", "prod")
    assert done.returncode == 0
    assert "it is one of GAHT12345678 (AWS_MFA_SERIAL). A session that is held takes none." in done.stderr
    assert daemon.called("POST", "/v1/login")[0]["serial"] == "GAHT12345678"


def test_a_background_job_does_not_stop_at_the_terminal(daemon, sit):
    daemon.needs_code = True
    script = 'set -m; "$@" login prod & wait $!; echo "status $?"'
    seat = sit(command=["bash", "-c", script, "bash", sys.executable, "-m", "xacct.ctl"])
    seat.expect("status 4")


def test_a_broken_off_answer_is_no_success(daemon, run):
    daemon.answers["/v1/login"] = lambda _body: iter([])
    done = run("login", "prod")
    assert done.returncode == 1
    assert "went away" in done.stderr


def test_until_and_for_become_an_instant(daemon, capsys):
    began = time.time()
    assert main(["login", "prod", "--for", "8h"]) == 0
    asked = daemon.called("POST", "/v1/login")[0]["until"]
    assert began <= asked - 8 * 3600 <= time.time()
    assert main(["login", "prod", "--until", "25:00"]) == 2
    assert "no time of day" in capsys.readouterr().err


def test_login_without_a_role_takes_the_only_one_or_lists_them(daemon, capsys):
    assert main(["login"]) == 2
    assert "One or more of: prod, dev" in capsys.readouterr().err
    del daemon.roles["dev"]
    assert main(["login"]) == 0
    assert daemon.called("POST", "/v1/login")[0]["roles"] == ["prod"]


def test_the_daemon_knows_what_was_meant(daemon, capsys):
    assert main(["login", "prdo"]) == 1
    assert capsys.readouterr().err == ("xacctctl: There is no role prdo.\n  hint: Did you mean prod?\n")


def test_logout(daemon, capsys):
    assert main(["logout", "prod"]) == 0
    assert main(["logout", "--all"]) == 0
    assert capsys.readouterr().out == "Let go: prod.\nLet go: prod, dev.\n"
    assert main(["logout"]) == 2
    assert daemon.called("POST", "/v1/logout") == [{"roles": ["prod"]}, {"all": True}]


def test_logout_starts_no_daemon(spawned, place, capsys):
    assert main(["logout", "--all"]) == 0
    assert "Nothing is held" in capsys.readouterr().out
    assert not (place / "starts").exists()


LATER = {"event": "logged-in", "mfa_expires_at": 1_800_028_800.0, "now": 1_800_000_000.0}


def stream(events):
    return lambda _: events


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["prod"], "prod: logged in, fetched at the first use, without a code for 8h 00m"),
        (
            [f"r{n}" for n in range(1000)],
            "r0, r1, r2 and 997 more: logged in, fetched at the first use, without a code",
        ),
    ],
)
def test_a_lazy_login_says_in_one_line_what_will_be_fetched(daemon, run, names, said):
    daemon.answers["/v1/login"] = stream([{**LATER, "role": name} for name in names] + [{"event": "done", "failed": 0}])
    done = run("login", "--lazy", *names)
    assert done.returncode == 0, done.stderr
    [line] = done.stdout.splitlines()
    assert line.startswith(said)
    [body] = daemon.called("POST", "/v1/login")
    assert body["lazy"] is True


def test_what_takes_no_code_is_logged_in_to_without_an_end(daemon, run):
    daemon.answers["/v1/login"] = stream(
        [{**LATER, "role": "prod", "mfa_expires_at": None}, {"event": "done", "failed": 0}]
    )
    assert run("login", "--lazy", "prod").stdout == "prod: logged in, fetched at the first use\n"


def held(name):
    return {"event": "held", "role": name, "expires_at": 1.8e9 + 3540, "mfa_expires_at": None, "now": 1.8e9}


def test_many_roles_at_a_terminal_are_counted_and_failures_are_told(daemon, sit):
    names = [f"r{n}" for n in range(100)]
    refused = {"code": "access-denied", "category": "refused", "sentence": "AWS refuses r7.", "hint": ""}
    events = [held(name) for name in names if name != "r7"]
    events.insert(50, {"event": "failed", "role": "r7", "error": refused})
    daemon.answers["/v1/login"] = stream([*events, {"event": "done", "failed": 1}])
    seat = sit("login", *names)
    status, rest = seat.end()
    assert status == 5
    assert "AWS refuses r7." in rest
    assert "99 of 100 roles: held for 59m" in rest
    assert "r3: held" not in rest


def test_many_roles_to_a_pipe_are_listed(daemon, run):
    names = [f"r{n}" for n in range(100)]
    daemon.answers["/v1/login"] = stream([*map(held, names), {"event": "done", "failed": 0}])
    done = run("login", *names)
    assert done.stdout.splitlines() == [f"{name}: held for 59m" for name in names]
    assert done.stderr == ""


def test_ctrl_c_at_the_prompt_of_several_says_what_was_left_undone(daemon, sit):
    daemon.needs_code = True
    seat = sit("login", "prod", "dev")
    seat.expect("(attempt 1 of 3): ")
    seat.type("\x03")
    status, rest = seat.end()
    assert status == 130
    assert "Left off: 0 of 2 roles held; not asked for: prod, dev." in rest
