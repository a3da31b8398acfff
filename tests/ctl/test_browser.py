"""A browser on this machine: where one is to be expected, and what it is opened with."""

import subprocess

import pytest

from xacct.ctl import browser


@pytest.mark.parametrize(
    ("env", "platform", "expected"),
    [
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({}, "linux", False),
        ({}, "darwin", True),
        ({"DISPLAY": ":0", "SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}, "linux", False),
        ({"SSH_TTY": "/dev/pts/1"}, "darwin", False),
        ({"DISPLAY": ":0", "container": "podman"}, "linux", False),
    ],
)
def test_where_a_browser_is_to_be_expected(monkeypatch, env, platform, expected):
    monkeypatch.setattr(browser, "_CONTAINERS", ())
    assert browser.expected(env, platform) is expected


def test_in_a_container_there_is_none(monkeypatch, tmp_path):
    monkeypatch.setattr(browser, "_CONTAINERS", (str(tmp_path),))
    assert browser.expected({"DISPLAY": ":0"}, "linux") is False


def test_an_address_is_given_to_the_desktops_own_program(tmp_path):
    program = tmp_path / "xdg-open"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/opened.new; mv {tmp_path}/opened.new {tmp_path}/opened\n')
    program.chmod(0o700)
    process = []
    real = subprocess.Popen
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess, "Popen", lambda *a, **k: process.append(real(*a, **k)))
        assert browser.show("https://eu-central-1.signin.aws.amazon.com/", {"PATH": str(tmp_path)}, "linux")
    process[0].wait(10)
    assert (tmp_path / "opened").read_text() == "https://eu-central-1.signin.aws.amazon.com/\n"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "--version", "javascript:alert(1)", ""])
def test_what_is_no_address_of_a_page_is_not_opened(tmp_path, url):
    assert not browser.show(url, {"PATH": str(tmp_path)}, "linux")


def test_without_a_program_nothing_is_opened(tmp_path):
    assert not browser.show("https://example.com/", {"PATH": str(tmp_path)}, "linux")
