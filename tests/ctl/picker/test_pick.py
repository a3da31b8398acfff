"""`xacctctl login` alone, at a terminal: the picker, and the terminal behind it."""

import os
import signal
import termios

import pytest
from waiting import wait_until


@pytest.fixture
def many(daemon, monkeypatch):
    """More than one role to log in to, at a terminal of 80 columns."""
    for variable in ("COLUMNS", "LINES"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    return daemon


def modes(seat):
    return termios.tcgetattr(seat.ours)


def asked(daemon):
    return [body["roles"] for body in daemon.called("POST", "/v1/login")]


LEFT = "\x1b[?7h\x1b[?25h\x1b[?1049l"


def test_roles_are_picked_by_typing_and_space(many, sit):
    seat = sit("login")
    seat.expect("> [ ] prod")
    seat.type("d")
    seat.expect("Log in to: d_")
    seat.type("\x7f  \r")
    seat.expect(LEFT)
    status, rest = seat.end()
    assert status == 0
    assert "prod: held for" in rest
    assert asked(many) == [["prod", "dev"]]
    assert modes(seat) == seat.modes_before


def test_what_was_picked_comes_first_the_next_time(many, sit):
    seat = sit("login")
    seat.expect("> [ ] prod")
    seat.type("dev\r")
    assert seat.end()[0] == 0
    seat = sit("login")
    seat.expect("> [ ] dev")
    seat.type("\x1b")
    assert seat.end()[0] == 1


@pytest.mark.parametrize(("key", "status"), [("\x1b", 1), ("\x04", 1), ("\x03", 130)])
def test_who_leaves_logs_in_to_nothing_and_has_the_terminal_back(many, sit, key, status):
    seat = sit("login")
    seat.expect("> [ ] prod")
    assert modes(seat) != seat.modes_before
    seat.type(key)
    assert seat.end()[0] == status
    assert modes(seat) == seat.modes_before
    assert asked(many) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_gives_the_terminal_back(many, sit, number):
    seat = sit("login")
    seat.expect("> [ ] prod")
    seat.process.send_signal(number)
    status, rest = seat.end()
    assert status == (130 if number == signal.SIGINT else 128 + number)
    assert LEFT in rest
    assert modes(seat) == seat.modes_before


def test_ctrl_z_gives_the_terminal_back_and_takes_it_again(many, sit):
    seat = sit(command=["bash", "-c", 'set -m; "$@"; fg', "bash", *sit_command()])
    seat.expect("> [ ] prod")
    seat.type("\x1a")
    seat.expect(LEFT)
    seat.expect("> [ ] prod")
    seat.type("dev\r")
    assert seat.end()[0] == 0
    assert asked(many) == [["dev"]]


def sit_command():
    import sys  # noqa: PLC0415

    return [sys.executable, "-m", "xacct.ctl", "login"]


def test_it_follows_the_size_of_the_terminal(many, sit):
    seat = sit("login")
    seat.expect("> [ ] prod")
    termios.tcsetwinsize(seat.ours, (10, 30))
    seat.expect("Space Enter Esc")
    seat.type("\x1b")
    seat.end()


def test_a_dumb_terminal_gets_a_numbered_list(many, sit, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    seat = sit("login")
    seat.expect("2  dev  (failed)")
    seat.expect("empty: none): ")
    seat.type("nowhere\n")
    seat.expect("No role has 'nowhere' in its name.")
    seat.expect("empty: none): ")
    seat.type("de\n")
    seat.expect("1  dev  (failed)")
    seat.expect("empty: none): ")
    seat.type("1\n")
    status, rest = seat.end()
    assert status == 0
    assert "\x1b" not in rest
    assert asked(many) == [["dev"]]


def test_without_a_terminal_the_roles_are_named(many, run):
    done = run("login")
    assert done.returncode == 2
    assert done.stderr == "xacctctl: login needs a role.\n  hint: One or more of: prod, dev\n"


def test_a_terminal_that_goes_away_ends_it(many, sit):
    seat = sit("login")
    seat.expect("> [ ] prod")
    os.close(seat.ours)
    seat.ours = os.open("/dev/null", os.O_RDWR)
    wait_until(lambda: seat.process.poll() is not None)
    assert asked(many) == []
