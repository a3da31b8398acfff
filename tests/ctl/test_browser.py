"""A browser on this machine: where one can be expected, and how a sign-in is opened in it."""

import os
import sys

import pytest
from fake_daemon import REDIRECT
from waiting import wait_until

from xacct.ctl import browser

# What runs tests may be a container itself.
HERE = "from xacct.ctl import browser; browser._CONTAINER = ()\n"
MAIN = "import sys; from xacct.ctl.main import main; sys.exit(main())"
DESKTOP = {"DISPLAY": ":0"}


@pytest.fixture
def root(tmp_path):
    """A file system with a program that opens pages."""
    (tmp_path / "bin").mkdir()
    program(tmp_path / "bin" / "xdg-open", "")
    (tmp_path / "run").mkdir()
    kernel = tmp_path / "proc" / "sys" / "kernel"
    kernel.mkdir(parents=True)
    (kernel / "osrelease").write_text("6.1.0-13-amd64\n")
    return tmp_path


def program(path, script):
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def expected(root, env, platform="linux"):
    return browser.expected({"PATH": f"/nowhere:{root}/bin", **env}, platform, str(root))


@pytest.mark.parametrize("env", [DESKTOP, {"WAYLAND_DISPLAY": "wayland-0"}])
def test_on_a_desktop_there_is_one(root, env):
    assert expected(root, env)


def test_on_macos_there_is_one(root):
    assert expected(root, {"PATH": ""}, "darwin")


@pytest.mark.parametrize("platform", ["linux", "darwin"])
@pytest.mark.parametrize("name", ["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY", "WSL_DISTRO_NAME", "container"])
def test_where_the_human_sits_elsewhere_there_is_none(root, name, platform):
    assert not expected(root, {**DESKTOP, name: "x"}, platform)


@pytest.mark.parametrize("name", [".dockerenv", "run/.containerenv"])
def test_in_a_container_there_is_none(root, name):
    (root / name).touch()
    assert not expected(root, DESKTOP)


def test_in_wsl_there_is_none(root):
    (root / "proc/sys/kernel/osrelease").write_text("5.15.90.1-microsoft-standard-WSL2\n")
    assert not expected(root, DESKTOP)


def test_without_a_screen_there_is_none(root):
    assert not expected(root, {})


def test_without_a_program_there_is_none_but_by_the_variable(root):
    (root / "bin/xdg-open").unlink()
    assert not expected(root, DESKTOP)
    assert expected(root, {**DESKTOP, "BROWSER": "mine"})


@pytest.mark.parametrize("url", ["file:///etc/passwd", "--help", "javascript:alert(1)", ""])
def test_nothing_but_pages_is_opened(monkeypatch, tmp_path, url):
    monkeypatch.setenv("BROWSER", str(program(tmp_path / "b", f"touch {tmp_path}/opened")))
    assert not browser.open_page(url)
    assert not (tmp_path / "opened").exists()


def test_a_page_is_opened_and_what_the_browser_prints_is_not_seen(monkeypatch, tmp_path, capfd):
    monkeypatch.setenv("BROWSER", str(program(tmp_path / "b", f'echo noise; echo "$1" > {tmp_path}/opened')))
    assert browser.open_page(REDIRECT)
    assert wait_until(lambda: (tmp_path / "opened").exists() and (tmp_path / "opened").read_text()) == f"{REDIRECT}\n"
    assert capfd.readouterr() == ("", "")


def test_a_browser_that_stays_is_not_waited_for(monkeypatch, tmp_path):
    monkeypatch.setattr(browser, "_STARTING", 0.2)
    script = f"echo $$ > {tmp_path}/pid.new; mv {tmp_path}/pid.new {tmp_path}/pid; exec sleep 60"
    monkeypatch.setenv("BROWSER", str(program(tmp_path / "b", script)))
    assert browser.open_page(REDIRECT)
    wait_until((tmp_path / "pid").exists)
    os.kill(int((tmp_path / "pid").read_text()), 9)
    browser._STAYING.pop().wait()


def test_that_none_could_be_opened_is_known(monkeypatch):
    monkeypatch.setenv("BROWSER", "/does/not/exist")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert not browser.open_page(REDIRECT)


def test_no_browser_is_opened_in_the_terminal(monkeypatch, tmp_path):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("PATH", f"{tmp_path}")
    program(tmp_path / "w3m", f"echo > {tmp_path}/opened")
    assert not browser.open_page(REDIRECT)
    assert not (tmp_path / "opened").exists()


# At a terminal.


@pytest.fixture
def opened(monkeypatch, tmp_path):
    """A desktop whose browser notes what it opens: a function that gives what it has opened."""
    note = tmp_path / "opened"
    for name in (*browser._ELSEWHERE, "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("BROWSER", str(program(tmp_path / "browser", f'echo "$1" >> {note}')))
    return lambda: note.read_text().splitlines() if note.exists() else []


def command(*words):
    return [sys.executable, "-c", HERE + MAIN, *words]


def test_a_login_opens_the_browser_and_says_what_else_there_is(daemon, sit, opened):
    daemon.needs_code, daemon.signs_in = True, "redirect"
    seat = sit(command=command("login", "prod"))
    seat.expect("prod: sign in to IAM Identity Center (corp).")
    seat.expect("A browser on this machine opens this:")
    seat.expect(REDIRECT)
    seat.expect("xacctctl login prod --device-code")
    seat.expect("Waiting for the browser (Enter: open it, Ctrl-D: no) ... ")
    assert wait_until(opened) == [REDIRECT]
    seat.type("\n")
    wait_until(lambda: opened() == [REDIRECT] * 2)
    daemon.elsewhere()
    status, rest = seat.end()
    assert (status, "You are signed in to corp." in rest) == (0, True)
    assert daemon.called("POST", "/v1/login")[0]["browser"] is True


def test_a_login_by_a_code_asks_for_one_and_opens_nothing(daemon, sit, opened):
    daemon.needs_code = daemon.signs_in = True
    seat = sit(command=command("login", "prod", "--device-code"))
    seat.expect("type this code there: ABCD-EFGH")
    seat.expect("Waiting for the browser (Ctrl-D: no) ... ")
    daemon.elsewhere()
    assert seat.end()[0] == 0
    assert daemon.called("POST", "/v1/login")[0]["browser"] is False
    assert opened() == []


def test_over_ssh_a_login_asks_for_a_code(daemon, sit, opened, monkeypatch):
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.1 1 192.0.2.2 22")
    seat = sit(command=command("login", "prod"))
    assert seat.end()[0] == 0
    assert daemon.called("POST", "/v1/login")[0]["browser"] is False
    assert opened() == []


def test_a_browser_that_can_not_be_opened_is_said_with_the_address(daemon, sit, opened, monkeypatch):
    monkeypatch.setenv("BROWSER", "/does/not/exist")
    monkeypatch.setenv("PATH", "/nowhere")
    daemon.needs_code, daemon.signs_in = True, "redirect"
    seat = sit(command=command("login", "prod"))
    seat.expect("No browser could be opened.")
    seat.expect("Open this in a browser on this machine:")
    seat.expect(REDIRECT)
    seat.type("\x04")
    assert seat.end()[0] == 4


def test_what_others_have_asked_for_is_opened_by_enter_alone(daemon, sit, opened):
    daemon.signs_in = "redirect"
    daemon.prompts["p1"] = (daemon.sign_in(["prod"], label="xacctctl login", process="pid 7, /bin/x"), None)
    seat = sit(command=command("attend"))
    seat.expect("Open this in a browser on this machine:")
    seat.expect("(Enter: open it, Ctrl-D: no) ... ")
    assert opened() == []
    seat.type("\n")
    assert wait_until(opened) == [REDIRECT]


def test_who_attends_from_elsewhere_opens_nothing(daemon, sit, opened, monkeypatch):
    monkeypatch.setenv("SSH_TTY", "/dev/pts/7")
    daemon.signs_in = "redirect"
    daemon.prompts["p1"] = (daemon.sign_in(["prod"]), None)
    seat = sit(command=command("attend"))
    seat.expect("Waiting for the browser (Ctrl-D: no) ... ")
    seat.type("\n")
    seat.expect("Waiting for the browser (Ctrl-D: no) ... ")
    assert opened() == []
