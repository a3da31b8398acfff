"""console: what a browser is started with, and where the address goes when it is asked for."""

import base64
import os
import pty
import shlex
import sys

import pytest
from waiting import wait_until

from xacct.ctl import browser, console
from xacct.ctl.main import main

PAGE = "http://127.0.0.1:1/page"
ADDRESS = "https://signin.example/?token=secret"


@pytest.fixture
def said(daemon):
    """What the daemon answers; an address only to `show`."""
    answer = {"event": "console", "role": "a b", "account": "111122223333", "url": PAGE, "lasts": None}

    def respond(body):
        return [answer | ({"url": ADDRESS} if body.get("show") else {}), {"event": "done", "failed": 0}]

    daemon.answers["/v1/console"] = respond
    return answer


@pytest.fixture
def opened(monkeypatch):
    """What was opened in the human's browser, which is there."""
    seen = []
    monkeypatch.setattr(browser, "expected", lambda: True)
    monkeypatch.setattr(browser, "open_page", lambda url: not seen.append(url))
    return seen


def started_with(place, *options):
    """What the program of --browser was started with."""
    told = place / "told"
    told.unlink(missing_ok=True)
    script = "import os, sys; to = sys.argv[1]; open(to + '.new', 'w').write(sys.argv[2]); os.replace(to + '.new', to)"
    assert main(["console", "a b", "--browser", shlex.join([sys.executable, "-c", script, str(told)]), *options]) == 0
    wait_until(told.exists, what="the browser")
    return told.read_text()


def test_the_humans_browser_opens_the_page_and_the_address_is_not_asked_for(said, daemon, opened, capsys):
    assert main(["console", "a b", "--service", "s3", "--region", "eu-west-1"]) == 0
    assert opened == [PAGE]
    assert daemon.called("POST", "/v1/console") == [
        {"role": "a b", "service": "s3", "region": "eu-west-1", "attend": False}
    ]
    shown = capsys.readouterr()
    assert (shown.out, "as long as its credentials last" in shown.err) == ("", True)


def test_a_browser_by_its_command_and_a_container_of_firefox(said, place):
    assert started_with(place) == PAGE
    assert started_with(place, "--container") == "ext+container:name=a%20b&url=http%3A%2F%2F127.0.0.1%3A1%2Fpage"


def test_printed_where_that_is_asked_for(said, opened, capsys):
    assert main(["console", "a b", "--print"]) == 0
    assert (capsys.readouterr().out, opened) == (f"{ADDRESS}\n", [])


def test_copied_by_the_terminal_and_not_shown(said, opened, monkeypatch, capsys):
    ours, theirs = pty.openpty()
    monkeypatch.setattr(console, "_TTY", os.ttyname(theirs))
    try:
        assert main(["console", "a b", "--copy"]) == 0
        assert os.read(ours, 1000) == b"\x1b]52;c;" + base64.b64encode(ADDRESS.encode()) + b"\x07"
    finally:
        os.close(ours)
        os.close(theirs)
    shown = capsys.readouterr()
    assert ADDRESS not in shown.out + shown.err
    monkeypatch.setattr(console, "_TTY", "/nonexistent/tty")
    assert main(["console", "a b", "--copy"]) == 1


def test_signing_out(said, daemon, opened, capsys):
    assert main(["console", "a b", "--logout"]) == 0
    assert daemon.called("POST", "/v1/console")[0]["sign_out"] is True
    assert "signs out" in capsys.readouterr().err


def test_without_a_browser_nothing_is_asked(said, daemon, monkeypatch, capsys):
    monkeypatch.setattr(browser, "expected", lambda: False)
    assert main(["console", "a b"]) == 1
    assert "xacctctl console 'a b' --print" in capsys.readouterr().err
    assert daemon.requests == []


@pytest.mark.parametrize("options", [["--print", "--container"], ["--copy", "--browser", "x"]])
def test_an_address_is_given_or_a_browser_opened(said, daemon, options):
    assert main(["console", "a b", *options]) == 2
    assert daemon.requests == []


@pytest.mark.parametrize("command", ["firefox 'work", " "])
def test_a_command_that_is_none_is_said_before_anything_is_asked(said, daemon, command, capsys):
    assert main(["console", "a b", "--browser", command]) == 2
    assert "for --browser is no command" in capsys.readouterr().err
    assert daemon.called("POST", "/v1/console") == []


def test_what_can_not_be_opened_is_said(said, opened, monkeypatch, capsys):
    monkeypatch.setattr(browser, "open_page", lambda _url: False)
    assert main(["console", "a b"]) == 1
    assert main(["console", "a b", "--browser", "/nonexistent/browser"]) == 1
    assert "can't be started" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["javascript:alert(1)", "--profile=x", ""])
def test_no_daemon_has_a_browser_open_anything_else(said, opened, url):
    said["url"] = url
    assert main(["console", "a b"]) == 3
    assert opened == []
