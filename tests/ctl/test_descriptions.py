"""What zsh and fish show beside what may come next."""

import shutil
import subprocess
import sys

import pytest
from waiting import PATIENCE

from xacct.ctl import complete
from xacct.ctl.arguments import parser
from xacct.ctl.main import main
from xacct.ctl.verb import WHERE, load


def shown(capsys, *words):
    assert main(["__describe", *words]) == 0
    return capsys.readouterr().out.splitlines()


def test_verbs_options_and_roles_are_described(daemon, capsys):
    assert shown(capsys, "logi") == ["login\thold roles, asking for an MFA code if one is needed"]
    assert "--lazy\ttake the code now and fetch each role at its first use" in shown(capsys, "login", "--l")
    assert shown(capsys, "grants", "create", "--tt")[0].startswith("--ttl\t")
    answer = daemon._get_roles("/v1/roles", None)
    arn = "arn:aws:iam::111122223333:role/x/Admin"
    answer["roles"][0] |= {"account": "111122223333", "account_name": "pay\tments", "role_arn": arn}
    daemon.answers["/v1/roles"] = answer
    assert shown(capsys, "login", "") == ["prod\tpay ments Admin", "dev"]
    assert shown(capsys, "env", "--format", "fi") == ["fish"]


def test_what_is_described_is_what_is_offered(daemon, capsys):
    for words in (["login", ""], ["status", "--"], [""], ["grants", ""], ["docker", "run", "-"], ["nonsense", "-"]):
        described = [line.partition("\t")[0] for line in shown(capsys, *words)]
        assert main(["__complete", *words]) == 0
        assert described == capsys.readouterr().out.splitlines()


def test_each_option_of_a_verb_has_a_description(daemon, capsys):
    for verb in WHERE:
        for action in parser(verb, load(verb))._actions:
            assert action.help or not action.option_strings, (verb, action.option_strings)


def test_no_daemon_is_started_and_nothing_said(spawned, place, capsys):
    assert shown(capsys, "login", "") == []
    assert not (place / "starts").exists()


@pytest.mark.skipif(not shutil.which("fish"), reason="fish is not installed")
def test_fish_shows_them(daemon, place):
    (place / "xacctctl").write_text(f'#!/bin/sh\nexec {sys.executable} -m xacct.ctl "$@"\n')
    (place / "xacctctl").chmod(0o755)
    script = f"set -p PATH {place}\n{complete.SCRIPTS['fish']}\ncomplete -C 'xacctctl logi'"
    done = subprocess.run(
        ["fish", "--no-config", "-c", script], capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    assert done.stdout == "login\thold roles, asking for an MFA code if one is needed\n"


@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed")
def test_zsh_adds_the_words_and_shows_the_descriptions(daemon, place):
    (place / "xacctctl").write_text(f'#!/bin/sh\nexec {sys.executable} -m xacct.ctl "$@"\n')
    (place / "xacctctl").chmod(0o755)
    script = (
        f"path=({place} $path)\ncompdef() {{ : }}\n{complete.SCRIPTS['zsh']}\n"
        'compadd() { print -rl -- "$@" $found $shown }\nwords=(xacctctl logi) CURRENT=2\n_xacctctl\n'
    )
    done = subprocess.run(["zsh", "-f", "-c", script], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert done.stdout.splitlines()[-2:] == [
        "login",
        "login  -- hold roles, asking for an MFA code if one is needed",
    ]
