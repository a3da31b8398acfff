"""attend: this terminal answers for everybody, across restarts of the daemon."""

import re
import threading
from pathlib import Path
from urllib.parse import parse_qsl

from waiting import PATIENCE


def test_prompts_of_others_are_answered_here(daemon, sit):
    seat = sit("attend")
    seat.expect("Attending")
    prompt = {"event": "prompt", "prompt": daemon.prompt(["prod", "dev"])}
    daemon.prompts["p1"] = (prompt["prompt"], _Sink())
    daemon.watchers[0].put(prompt)
    seat.expect("prod, dev: the MFA code of")
    seat.expect("(attempt 1 of 3): ")
    seat.type("123456\n")
    daemon.prompts["p1"][1].wait()
    assert daemon.called("POST", "/v1/prompts/p1") == [{"code": "123456"}]
    closed = {"event": "prompt-closed", "id": "p1", "outcome": "answered", "sentence": "Accepted."}
    daemon.watchers[0].put(closed)
    daemon.watchers[0].put({**daemon._held("prod"), "event": "renewed"})
    before = seat.expect("prod: renewed, expires in 59m")
    assert "Accepted" not in before


def test_a_prompt_that_is_open_already_is_shown(daemon, sit):
    daemon.prompts["p1"] = (daemon.prompt(["prod"]), None)
    seat = sit("attend")
    seat.expect("prod: the MFA code of")
    seat.expect("(attempt 1 of 3): ")


def test_events_are_lines_above_the_prompt(daemon, sit):
    seat = sit("attend")
    seat.expect("Attending")
    error = {"code": "network", "category": "temporary", "sentence": "STS can't be reached.", "hint": ""}
    for event, line in (
        ({"event": "failed", "role": "dev", "error": error}, "dev: STS can't be reached."),
        ({"event": "expired", "role": "dev"}, "dev: expired"),
        (
            {"event": "mfa-ends", "serial": "s", "seconds": 1800, "roles": ["prod"]},
            "prod: a code is needed in 30m",
        ),
        ({"event": "locked"}, "locked: nothing is handed out until xacctctl unlock"),
        ({"event": "unlocked"}, "unlocked"),
    ):
        daemon.watchers[0].put({"event": "of the future"})
        daemon.watchers[0].put(event)
        seat.expect(line)


def test_a_restarted_daemon_is_found_again(daemon, sit):
    seat = sit("attend")
    seat.expect("Attending")
    daemon.stop()
    seat.expect("xacctd is gone")
    assert not Path(daemon.path).exists()
    daemon.watchers.clear()
    daemon.start()
    seat.expect("Attending")
    seat.type("\x03")
    assert seat.end()[0] == 0


def test_without_a_terminal_there_is_nobody(daemon, run):
    done = run("attend")
    assert done.returncode == 4
    assert "no terminal" in done.stderr


class _Sink:
    """Takes the answer that the fake daemon would act on."""

    def __init__(self):
        self.answered = threading.Event()

    def put(self, _answer):
        self.answered.set()

    def wait(self):
        assert self.answered.wait(PATIENCE)


def test_a_terminal_that_is_lent_says_where_it_is_and_shows_no_prompt_itself(daemon, sit):
    seat = sit("attend", "--pinentry")
    seat.expect("Attending by pinentry")
    [asked] = [path for _, path, _ in daemon.requests if path.startswith("/v1/events")]
    query = dict(parse_qsl(asked.partition("?")[2], keep_blank_values=True))
    assert query.keys() == {"attend", "tty", "term", "ctype"}
    assert query["attend"] == "1"
    assert re.fullmatch("/dev/pts/[0-9]+", query["tty"])
    daemon.watchers[0].put({"event": "prompt", "prompt": daemon.prompt(["prod"])})
    sentence = "A code was given.\x1b]0;title\x07"
    daemon.watchers[0].put({"event": "prompt-closed", "id": "p1", "outcome": "answered", "sentence": sentence})
    before = seat.expect("A code was given.")
    assert "MFA" not in before
    daemon.stop()
    rest = seat.expect("xacctd is gone")
    assert "\x1b]0" not in rest
