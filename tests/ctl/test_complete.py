"""Completion: what is offered where, by the real shells too; silent when there is no daemon."""

import argparse
import shutil
import subprocess
import sys

import pytest
from waiting import PATIENCE

from xacct.ctl import complete, policy_formats, shells
from xacct.ctl.agent.tools import TOOLS
from xacct.ctl.arguments import parser
from xacct.ctl.main import main
from xacct.ctl.verb import WHERE, load


def offered(capsys, *words):
    assert main(["__complete", *words]) == 0
    return capsys.readouterr().out.split()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["log"], ["login", "logout"]),
        (["login", ""], ["prod", "dev"]),
        (["login", "prod", ""], ["dev"]),
        (["login", "p"], ["prod"]),
        (["env", "prod", ""], []),
        (["env", "--format", ""], list(shells.FORMATS)),
        (["env", "--format", "fish", ""], ["prod", "dev"]),
        (["env", "prod", "--st"], ["--static"]),
        (["exec", "prod", "--", ""], []),
        (["--no-start", "expl"], ["explain"]),
        (["explain", "d"], ["dev"]),
        (["login", "--code", ""], []),
        (["grants", "c"], ["create"]),
        (["grants", "create", "d"], ["dev"]),
        (["audit", "--role", "p"], ["prod"]),
        (["doct"], ["doctor"]),
        (["doctor", "--"], ["--json", "--role", "--help", "--no-start"]),
        (["doctor", "--role", "d"], ["dev"]),
        (["grants", "create", "--via", ""], ["prod", "dev"]),
        (["grants", "create", "--role-arn", ""], []),
        (["keys", ""], ["list", "add", "import", "rotate", "remove"]),
        (["keys", "rotate", ""], ["mine"]),
        (["keys", "import", "d"], ["dev"]),
        (["keys", "import", "--"], ["--yes", "--dry-run", "--help", "--no-start"]),
        (["keys", "remove", ""], ["mine"]),
        (["keys", "add", ""], []),
        (["agent", "un"], ["uninstall"]),
        (["agent", "install", "c"], ["claude-code", "codex", "cursor"]),
        (["agent", "install", "codex", "p"], ["prod"]),
        (["agent", "install", "codex", "--m"], ["--mcp"]),
        (["agent", "uninstall", "v"], ["vscode"]),
        (["completion", "z"], ["zsh"]),
        (["configure", "prod", ""], ["dev"]),
        (["configure", "--prefix", ""], []),
        (["ssh", "p"], ["prod"]),
        (["ssh", "prod", "-"], []),
        (["ssh", "prod", ""], []),
        (["service", "un"], ["uninstall"]),
        (["service", "install", "--sandbox", "s"], ["strict"]),
        (["nonsense", ""], []),
        ([], list(WHERE)),
    ],
)
def test_candidates(daemon, capsys, words, found):
    assert offered(capsys, *words) == found


def test_no_daemon_is_started_and_nothing_said(spawned, place, capsys):
    assert offered(capsys, "login", "") == []
    assert not (place / "starts").exists()


def test_options_are_those_of_the_parsers():
    for name in WHERE:
        actions = parser(name, load(name))._actions
        options = {option for action in actions for option in action.option_strings}
        options -= {"-h", "--help", "--no-start"}
        assert set(complete.OPTIONS.get(name, ())) == options, name
        for action in actions:
            if isinstance(action, argparse._SubParsersAction):
                assert complete.WORDS[name] == tuple(action.choices)
                for word, below in action.choices.items():
                    if f"{name} {word}" in complete.OPTIONS:
                        there = {option for one in below._actions for option in one.option_strings}
                        assert set(complete.OPTIONS[f"{name} {word}"]) == there - {"-h", "--help"}
    assert complete.VALUES["--format"] == tuple(shells.FORMATS)
    assert complete.VALUES["policy --format"] == tuple(policy_formats.FORMATS)
    assert complete.VALUES["--part"] == policy_formats.PARTS
    assert tuple(TOOLS) == complete.AGENTS


@pytest.fixture
def shelf(place, monkeypatch):
    """A directory on PATH that holds an xacctctl."""
    script = place / "xacctctl"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m xacct.ctl "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{place}:/usr/bin:/bin")


def ask(shell, script):
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    done = subprocess.run([shell, "-c", script], capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.stderr == ""
    return done.stdout.split()


def test_bash(daemon, shelf):
    script = (
        'eval "$(xacctctl completion bash)"; COMP_WORDS=(xacctctl login prod ""); COMP_CWORD=3;'
        ' _xacctctl; echo "${COMPREPLY[@]}"'
    )
    assert ask("bash", script) == ["dev"]


def test_fish(daemon, shelf):
    script = "xacctctl completion fish | source; complete -C 'xacctctl login prod '"
    assert ask("fish", script) == ["dev"]
    script = "xacctctl completion fish | source; complete -C 'xacctctl log' | string replace -r '\\t.*' ''"
    assert ask("fish", script) == ["login", "logout"]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("xacctctl ", list(WHERE)),
        ("xacctctl st", ["start", "status", "stop"]),
        ("xacctctl env ", ["dev", "prod"]),
        ("xacctctl env p", ["prod"]),
        ("xacctctl env prod ", []),
        ("xacctctl grants ", ["create", "list", "revoke"]),
        ("xacctctl grants revoke ", ["g1"]),
        ("xacctctl exec prod -- onlyhe", ["onlyhere"]),
        ("xacctctl exec prod -- onlyhere --fl", ["--flag"]),
    ],
)
def test_fish_offers_at_every_place(daemon, shelf, place, line, offered):
    (place / "onlyhere").write_text("")
    (place / "onlyhere").chmod(0o755)
    known = "complete -c onlyhere -f -l flag"
    script = f"xacctctl completion fish | source; {known}; complete -C '{line}' | string replace -r '\\t.*' ''"
    assert sorted(ask("fish", script)) == sorted(offered)


def test_bash_completes_a_command_behind_dashes(daemon, shelf, place):
    (place / "onlyhere").write_text("")
    (place / "onlyhere").chmod(0o755)
    script = (
        'eval "$(xacctctl completion bash)"; COMP_WORDS=(xacctctl exec prod -- onlyhe); COMP_CWORD=4;'
        ' _xacctctl; echo "${COMPREPLY[@]}"'
    )
    assert ask("bash", script) == ["onlyhere"]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("prod", ""), ["bastion", "me.example", "web1", "web2"]),
        (("prod", "we"), ["web1", "web2"]),
        (("prod", "me@w"), ["me@web1", "me@web2"]),
        (("prod", "-p", "22", "web"), ["web1", "web2"]),
        (("prod", "-v", "web"), ["web1", "web2"]),
        (("prod", "-"), []),
        (("prod", "web1", ""), []),
    ],
)
def test_hosts_that_ssh_knows(daemon, place, capsys, words, offered):
    ssh = place / "h" / ".ssh"
    ssh.mkdir()
    (ssh / "config").write_text("Host web1 web2 *.example !no\n  User me\nhost=bastion\nMatch all\n")
    (ssh / "known_hosts").write_text(
        "me.example,[odd]:22 ssh-ed25519 AAAA\n|1|hash= ssh-rsa B\n# c\n@revoked x y z\n\n"
    )
    assert main(["__complete", "ssh", *words]) == 0
    assert capsys.readouterr().out.split() == offered


def test_zsh(daemon, shelf):
    script = (
        "compdef() { : }; compadd() { print -l -- ${(P)argv[5]} }; _default() { print none };"
        " _normal() { print -- $CURRENT $words };"
        ' eval "$(xacctctl completion zsh)"; words=(xacctctl login prod ""); CURRENT=4; _xacctctl;'
        " words=(xacctctl explain prod x); CURRENT=4; _xacctctl;"
        " words=(xacctctl exec prod -- ls x); CURRENT=6; _xacctctl"
    )
    assert ask("zsh", script) == ["dev", "none", "2", "ls", "x"]
