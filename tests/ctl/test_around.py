"""Around an exec: a start-up file that undoes it, a program that outlives it, and access that is to last."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from xacct.ctl import around, procfs
from xacct.ctl.around import undone_by
from xacct.ctl.main import main

FILES = {
    ".bashrc": "# export AWS_PROFILE=no\nif [ -f ~/.more ]; then . ~/.more; fi\n",
    ".more": "export AWS_PROFILE=work\n",
    ".zshenv": "export AWS_ACCESS_KEY_ID=x\n",
    ".profile": "export AWS_BEARER_TOKEN_BEDROCK=key\n",
    ".config/fish/config.fish": "set -gx AWS_DEFAULT_PROFILE work\n",
}


@pytest.mark.parametrize(
    ("command", "found"),
    [
        (["bash"], ".more sets AWS_PROFILE"),
        (["/bin/bash", "-i", "-c", "x"], ".more sets AWS_PROFILE"),
        (["bash", "-lic", "x"], ".more sets AWS_PROFILE"),
        (["bash", "script"], None),
        (["bash", "-c", "x"], None),
        (["bash", "--norc", "-i"], None),
        (["zsh", "script"], ".zshenv sets AWS_ACCESS_KEY_ID"),
        (["fish", "-c", "x"], "config.fish sets AWS_DEFAULT_PROFILE"),
        (["dash"], ".profile sets AWS_BEARER_TOKEN_BEDROCK"),
        (["python"], None),
    ],
)
def test_start_up_files_that_set_what_wins(tmp_path, monkeypatch, command, found):
    monkeypatch.delenv("ZDOTDIR", raising=False)
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    said = undone_by(command, str(tmp_path))
    assert said is None if found is None else said.endswith(found)


PIECES = ("then", "source", ".", ";", "&", " ", "\t", "\u00a0", "'", '"', "a", "~/x", "$HOME", "t")


@given(st.lists(st.sampled_from(PIECES), max_size=9).map("".join))
@example("if [ -f ~/.more ]; then . ~/.more; fi")
@example("true&&source\u00a0'~/x y'")
def test_a_file_that_a_line_reads_is_what_a_regular_expression_would_find(code):
    code = code.strip()
    found = re.search(r"(?:^|[;&]|then)\s*(?:source|\.)\s+[\"']?([^\s\"';]+)", code)
    assert around._read_by(code) == (found and found[1])


@given(st.text("-ilcx1é", max_size=5).map("-".__add__) | st.sampled_from(["--login", "--interactive", "--in"]))
def test_an_option_that_asks_for_a_human_is_what_a_regular_expression_would_find(option):
    asks = re.fullmatch(r"-[a-zA-Z]*[il][a-zA-Z]*|--login|--interactive", option) is not None
    assert around._asks_for_a_human(option) == asks


def test_a_shell_whose_start_up_file_sets_a_profile_is_said(daemon, run, place):
    (place / "h" / ".bashrc").write_text("AWS_PROFILE=work\n")
    done = run("exec", "prod", "--", "bash", "-i", "-c", "true")
    assert f"{place}/h/.bashrc sets AWS_PROFILE" in done.stderr
    assert ".bashrc" not in run("exec", "prod", "--", "true").stderr


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="there is no procfs to look at")
def test_a_program_that_outlives_the_command_is_said(daemon, run):
    # A process that is becoming another program has no environment for a moment.
    there = "until tr '\\0' '\\n' </proc/$!/environ | grep -q ^XACCT_ROLE= && grep -q sleep /proc/$!/comm; do :; done"
    done = run("exec", "prod", "--", "sh", "-c", f"sleep 30 >/dev/null 2>&1 & {there}; echo $!")
    try:
        assert f" (pid {done.stdout.strip()}) still runs" in done.stderr
        assert "exec --detach prod -- sh" in done.stderr
    finally:
        os.kill(int(done.stdout), 9)
    assert run("exec", "prod", "--", "true").stderr == ""


def test_detached_access_is_bound_to_nothing_and_stays(daemon, run):
    done = run("exec", "--detach", "prod", "--", "sh", "-c", "exit 3")
    assert done.returncode == 3
    assert "grants revoke g1" in done.stderr
    (asked,) = daemon.called("POST", "/v1/grants")
    assert "pid" not in asked
    assert daemon.called("DELETE", "/v1/grants/g1") == []
    assert run("exec", "--detach", "prod", "--", "no-such-command-here").returncode == 127
    assert daemon.called("DELETE", "/v1/grants/g2") == [None]
    assert run("exec", "--detach", "--static", "prod", "--", "true").returncode == 2


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no procfs to look at")
def test_under_direnv_access_lasts_as_long_as_the_shell_it_works_for(daemon, tmp_path, capsys):
    assert main(["hook", "direnv"]) == 0
    hook = capsys.readouterr().out
    (tmp_path / "xacctctl").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m xacct.ctl "$@"\n')
    (tmp_path / "envrc").write_text(f"watch_file() {{ :; }}\n{hook}use_xacct prod; echo $XACCT_ROLE\n")
    (tmp_path / "direnv").write_text(f"#!/bin/bash\nbash {tmp_path}/envrc\n:\n")
    for name in ("direnv", "xacctctl"):
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        ["bash", "-c", f"echo $$; said=$({tmp_path}/direnv; :); echo $said"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )
    pid, role = done.stdout.split()
    assert role == "prod"
    (asked,) = daemon.called("POST", "/v1/grants")
    assert asked["pid"] == int(pid)


def test_of_a_short_command_only_what_was_started_since_is_looked_at(monkeypatch):
    monkeypatch.setattr(procfs, "pids", lambda: [1, 4711, 4712])
    monkeypatch.setattr(procfs, "read", lambda _pid, _name: b"\0AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=/t\0")
    monkeypatch.setattr(procfs, "newest", lambda: 4712)

    def found(newest):
        return [pid for pid, _ in around.left_behind("/t", newest)]

    assert found(4710) == [4711, 4712]
    assert found(4711) == [4712]
    for not_known in (0, 1, 4712, 9999):  # not said, long ago, nothing since (it has gone round), gone round
        assert found(not_known) == [1, 4711, 4712]


@pytest.mark.skipif(sys.platform != "linux", reason="procfs")
def test_the_kernel_tells_who_was_started_last():
    assert procfs.newest() > 0
