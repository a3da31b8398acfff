"""`xacctctl status --watch` at a terminal."""

import termios

import pytest
from waiting import wait_until

from xacct.ctl.watch import run


@pytest.fixture
def live(daemon, sit, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    for variable in ("COLUMNS", "LINES"):
        monkeypatch.delenv(variable, raising=False)

    def start():
        seat = sit("status", "--watch")
        seat.expect("> prod")
        return seat

    return start


def test_it_shows_roles_and_who_fetched_and_leaves_the_terminal_as_it_was(live):
    seat = live()
    seat.expect("aws")
    seat.type("q")
    seat.expect("\x1b[?7h\x1b[?25h\x1b[?1049l")
    assert seat.end()[0] == 0
    assert termios.tcgetattr(seat.ours) == seat.modes_before


def test_ctrl_c_ends_it(live):
    seat = live()
    seat.type("\x03")
    assert seat.end()[0] == 130
    assert termios.tcgetattr(seat.ours) == seat.modes_before


def test_a_login_asks_for_its_code_in_place(live, daemon):
    daemon.needs_code = True
    seat = live()
    seat.type("l")
    seat.expect("MFA code of alice for prod: ______")
    seat.type("123456")
    seat.expect("MFA code of alice for prod: 123456")
    seat.type("\r")
    wait_until(lambda: daemon.called("POST", "/v1/prompts/p1"))
    assert daemon.called("POST", "/v1/prompts/p1") == [{"code": "123456"}]
    assert daemon.called("POST", "/v1/login") == [{"roles": ["prod"], "attend": True}]
    seat.type("q")
    assert seat.end()[0] == 0


def test_keys_lock_and_log_out(live, daemon):
    daemon.answers["/v1/lock"] = lambda _: {"locked": True}
    daemon.answers["/v1/logout"] = lambda body: {"roles": body["roles"]}
    seat = live()
    seat.type("k")
    wait_until(lambda: daemon.called("POST", "/v1/lock"))
    seat.type("\x1b[B")
    seat.expect("> dev")
    seat.type("o")
    wait_until(lambda: daemon.called("POST", "/v1/logout"))
    assert daemon.called("POST", "/v1/logout") == [{"roles": ["dev"]}]


def test_a_grant_is_revoked(live, daemon):
    seat = live()
    seat.type("r")
    seat.expect("1  a shell  pid 1  never used")
    seat.type("x")
    seat.type("r")
    seat.expect("1  a shell  pid 1  never used")
    seat.type("1")
    seat.expect("Revoked: a shell")
    assert daemon.called("DELETE", "/v1/grants/g1") == [None]
    seat.type("\x1b[Br")
    seat.expect("No grant is for dev.")
    seat.type("q")
    assert seat.end()[0] == 0


def test_a_filter_is_typed(live):
    seat = live()
    seat.type("/de")
    seat.expect("Filter: de_")
    seat.expect("> dev")
    seat.type("\x1b")
    seat.expect("q leave")


def test_a_daemon_that_goes_is_waited_for(live, daemon):
    seat = live()
    daemon.stop()
    seat.expect("xacctd is not running")
    daemon.start()
    seat.expect("> prod")
    seat.type("q")
    assert seat.end()[0] == 0


def test_without_a_terminal_it_is_refused(daemon, run):
    done = run("status", "--watch")
    assert done.returncode == 4
    assert "no terminal here to draw on" in done.stderr


def test_a_guarded_role_is_allowed_for_as_long_as_a_key_says(live, daemon):
    daemon.needs_code = False
    choices = [{"lasts": "once", "words": "once"}, {"lasts": "grant", "words": "for this grant"}]
    seat = live()
    asked = daemon.confirmation(["prod"], "a shell") | {"choices": choices, "command": "aws s3 ls", "allows": "reading"}
    daemon.watchers[0].put({"event": "prompt", "prompt": asked})
    seat.expect("Use of prod by a shell?")
    seat.expect("Command: aws s3 ls")
    seat.expect("[y once, g for this grant, N no]")
    seat.type("m1\rg")
    wait_until(lambda: daemon.called("POST", "/v1/prompts/c1"))
    assert daemon.called("POST", "/v1/prompts/c1") == [{"confirm": True, "lasts": "grant"}]


def question(name):
    asked = {"id": name, "kind": "confirm", "serial": "", "roles": ["prod"], "attempt": 1, "attempts": 1, "label": name}
    return {**asked, "problem": None, "not_before": None, "deadline": 60.0, "now": 0.0}


class Scripted:
    """A screen, and a daemon at the same time: while the first question is looked at, another takes its place."""

    size = (80, 24)

    def __init__(self, first, second):
        self.frames, self.said = [], []
        self._status = {"now": 0.0, "roles": [], "sessions": [], "prompts": [first], "attended": 1, "notes": []}
        self._second = second
        self._typed = iter([["y"], ["q"]])
        self._told = [
            {"event": "prompt-closed", "id": first["id"], "sentence": ""},
            {"event": "prompt", "prompt": second},
        ]

    def draw(self, lines):
        self.frames.append("\n".join(lines))

    def wait(self, _streams, _seconds):
        return next(self._typed), []

    def wake(self):
        pass

    def stream(self, _method, _path, _body=None):
        return self

    def ready(self):
        return len(self.frames) == 1

    def read(self):
        told, self._told = self._told, []
        return told

    def close(self):
        pass

    def call(self, method, path, _shape, _body=None, **_more):
        if method == "POST":
            self.said.append(path)
            return {}
        return self._status


def test_a_yes_is_to_the_question_that_was_on_the_screen(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    first, second = (question(name) for name in ("first", "second"))
    seen = Scripted(first, second)
    view = run._Watch(seen, seen)
    view.run()
    assert "Use of prod by first?" in seen.frames[0]
    assert "Use of prod by second?" in seen.frames[1]
    wait_until(lambda: seen.said)
    assert seen.said == ["/v1/prompts/first"]
