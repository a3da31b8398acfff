"""The variables by which coding agents name themselves: words for labels, said with each request for credentials."""

import json

import pytest

from xacct.ctl import agents
from xacct.ctl.client import Client
from xacct.ctl.main import main
from xacct.ctl.project import change


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({}, ""),
        ({"CLAUDECODE": ""}, ""),
        ({"CLAUDECODE": "1"}, "Claude Code"),
        ({"CODEX_THREAD_ID": "0199-77"}, "Codex"),
        ({"GEMINI_CLI": "1"}, "Gemini CLI"),
        ({"CURSOR_AGENT": "1"}, "Cursor"),
        ({"CURSOR_AGENT": "1", "CLAUDECODE": "1"}, "Claude Code"),
        ({"CLAUDECODE": "1", "AI_AGENT": "other"}, "Claude Code"),
    ],
)
def test_each_is_called_what_people_call_it(environ, name):
    assert agents.named(environ) == name
    assert agents.said(environ) == ({"agent": name} if name else {})


def test_a_name_of_its_own_choice_is_a_short_word():
    assert agents.named({"AI_AGENT": "claude-code_2.1.120@x"}) == "claude-code_2.1.120@x"
    assert agents.named({"AI_AGENT": "a\x1b[31m\u202e b)"}) == "a--31m--b-"
    assert len(agents.named({"AI_AGENT": "x" * 9000})) == 40


@pytest.mark.parametrize(
    ("words", "path"),
    [
        (["env", "prod"], "/v1/grants"),
        (["grants", "create", "prod"], "/v1/grants"),
        (["process", "prod"], "/v1/credentials"),
        (["env", "prod", "--static"], "/v1/credentials"),
    ],
)
def test_whatever_asks_for_credentials_says_whose_shell_it_is(daemon, capsys, monkeypatch, words, path):
    bodies = []
    for name in ("", "Gemini CLI"):
        monkeypatch.setenv("GEMINI_CLI", "1" if name else "")
        daemon.requests.clear()
        assert main(words) == 0
        bodies += [body for method, where, body in map(parts, daemon.requests) if (method, where) == ("POST", path)]
    assert [body.get("agent") for body in bodies] == [None, "Gemini CLI"]


def test_a_command_says_it_as_well(daemon, run, monkeypatch):
    monkeypatch.setenv("CODEX_THREAD_ID", "0199")
    assert run("exec", "prod", "--", "true").returncode == 0
    [body] = [body for method, path, body in map(parts, daemon.requests) if (method, path) == ("POST", "/v1/grants")]
    assert body["agent"] == "Codex"


def test_a_shell_that_comes_into_its_directorys_role_says_it_as_well(daemon, monkeypatch):
    monkeypatch.setenv("CURSOR_AGENT", "1")
    change._granted("prod", "shell 7", 7, Client(daemon.path))
    assert parts(daemon.requests[-1])[2]["agent"] == "Cursor"


def parts(request):
    """Method, path and body of a request, as the fake daemon keeps it."""
    method, path, body = request[:3]
    return method, path, json.loads(body) if isinstance(body, str | bytes) else body
