"""Uninstalling: what stays is said, --purge removes it, and what is the user's stays in any case."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from xacct.ctl.main import main

SCRIPT = Path(__file__).parents[2] / "scripts" / "install.sh"
CODEX = 'model = "gpt-5.2"\n'
MINE = "[profile mine]\nregion = eu-west-1\n"


@pytest.fixture
def lived_in(daemon, place, capsys):
    """A home where xacct was used: profiles, state, settings, and a daemon that nobody keeps."""
    config = place / "h/.aws/config"
    config.parent.mkdir()
    config.write_text(MINE)
    assert main(["configure", "prod", "dev"]) == 0
    (place / "h/.codex").mkdir()
    (place / "h/.codex/config.toml").write_text(CODEX)
    assert main(["agent", "install", "codex", "prod", "--read-only", "--yes"]) == 0
    for path in ("s/xacct/audit.jsonl", "s/xacct/xacctd.log", "c/xacct/config.toml"):
        (place / path).parent.mkdir(exist_ok=True, mode=0o700)
        (place / path).write_text("x")
    daemon._get_version = lambda _path, _body: {"api": 1, "version": "0.1.0", "pid": 2**22 + 1, "endpoint": None}
    daemon.answers["/v1/version"] = {
        "api": 1,
        "version": "0.0.9",
        "pid": 2**22 + 1,  # no such process: it ends at once
        "endpoint": None,
        "config_problem": None,
    }
    capsys.readouterr()
    return place


def test_what_stays_is_said_and_stays(lived_in, daemon, capsys):
    main(["service", "uninstall"])
    said = capsys.readouterr().out
    assert "runs on  xacctd 0.0.9" in said
    assert "holds prod" in said
    assert "xacctctl stop" in said
    assert "with profiles that need xacctctl: prod-agent, dev-agent" in said
    assert "kept     codex's settings, which need xacctctl" in said
    assert "xacct-agent" in (lived_in / "h/.codex/config.toml").read_text()
    assert f"kept     {lived_in}/s/xacct: state, log and audit" in said
    assert f"kept     {lived_in}/c/xacct/config.toml, which is yours" in said
    assert daemon.called("POST", "/v1/stop") == []
    assert (lived_in / "s/xacct/audit.jsonl").exists()
    assert "prod-agent" in (lived_in / "h/.aws/config").read_text()


def test_purge_removes_all_but_what_is_the_users(lived_in, daemon, capsys):
    assert main(["service", "uninstall", "--purge"]) == 0
    said = capsys.readouterr().out
    assert "stopped  xacctd (pid 4194305), which held prod" in said
    assert "removed  the profiles prod-agent, dev-agent" in said
    assert "removed  what leads to xacctctl from codex's settings" in said
    assert (lived_in / "h/.codex/config.toml").read_text() == CODEX
    assert len(daemon.called("POST", "/v1/stop")) == 1
    assert not (lived_in / "s/xacct").exists()
    assert not (lived_in / "r/xacct").exists()
    assert (lived_in / "h/.aws/config").read_text() == MINE
    assert (lived_in / "c/xacct/config.toml").exists()


def test_where_nothing_is_left_nothing_is_said_of_it(place, capsys):
    main(["service", "uninstall", "--purge"])
    assert capsys.readouterr().out.splitlines()[1:] == []


@pytest.fixture
def made(place, monkeypatch):
    """An installation whose programs are this checkout's."""
    programs = place / "d/xacct/venv/bin"
    programs.mkdir(parents=True)
    (place / "d/xacct/venv/pyvenv.cfg").write_text("")
    (programs / "xacctctl").write_text(f'#!/bin/sh\nexec {sys.executable} -m xacct.ctl "$@"\n')
    (programs / "xacctctl").chmod(0o755)
    monkeypatch.setenv("XDG_DATA_HOME", str(place / "d"))
    monkeypatch.setenv("BINDIR", str(place / "b"))
    return programs


def script(*words, **environ):
    done = subprocess.run(
        ["sh", str(SCRIPT), *words], capture_output=True, text=True, env={**os.environ, **environ}, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("purge", ["", "yes"])
def test_make_uninstall_leaves_no_daemon_running_and_says_what_stays(made, lived_in, daemon, purge):
    status, said = script("uninstall", PURGE=purge)
    assert status == 0, said
    assert len(daemon.called("POST", "/v1/stop")) == 1
    assert not made.exists()
    assert (lived_in / "s/xacct").exists() is not bool(purge)
    assert ("need xacctctl" in said) is ("make uninstall PURGE=yes" in said) is not bool(purge)


def test_what_an_uninstall_has_kept_can_be_purged_afterwards(made, lived_in):
    assert script("uninstall")[0] == 0
    assert not made.exists()
    status, said = script("uninstall", PURGE="yes", PYTHON=sys.executable)
    assert status == 0, said
    assert "removed  the profiles prod-agent, dev-agent" in said
    assert not (lived_in / "s/xacct").exists()
    assert (lived_in / "h/.aws/config").read_text() == MINE


PYTHON = """\
#!/bin/sh
# A Python of version @VERSION@ that makes environments and installs nothing.
case "$*" in
    *base_prefix*) echo "@VERSION@" ;;
    "-m venv --clear "*) mkdir -p "$4/bin"; touch "$4/pyvenv.cfg"; cp "$0" "$4/bin/python"; echo made >>"$4/../made" ;;
    *metadata*) echo 0.1.0 ;;
esac
"""


@pytest.fixture
def pythons(place, monkeypatch):
    programs = place / "pythons"
    programs.mkdir()
    for name, version in (("python3", "3.11"), ("python3.11", "3.11"), ("python3.12", "3.12")):
        (programs / name).write_text(PYTHON.replace("@VERSION@", version))
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_DATA_HOME", str(place / "d"))
    monkeypatch.setenv("BINDIR", str(place / "b"))
    monkeypatch.setenv("SERVICE", "no")
    return place / "d/xacct"


def test_install_with_another_python_replaces_the_environment(pythons):
    def install(python, chosen):
        status, said = script("install", PYTHON=python, PYTHON_CHOSEN=chosen)
        assert status == 0, said
        return said

    assert "created " in install("python3", "")
    assert "kept " in install("python3", "")
    assert "3.11" in (pythons / "venv/bin/python").read_text()
    assert "replaced" in install("3.12", "command line")
    assert "3.12" in (pythons / "venv/bin/python").read_text()
    assert "kept " in install("python3.12", "command line").splitlines()[0]
    assert "kept " in install("python3", "").splitlines()[0]  # nobody asked for another
    assert (pythons / "made").read_text() == "made\n" * 2


def test_an_installation_says_that_the_daemon_before_runs(daemon, run):
    done = subprocess.run([sys.executable, "-m", "xacct.ctl.leftovers"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("runs     xacctd 0.1.0 (pid ")
    assert "xacctctl restart" in done.stdout


def test_an_installation_says_nothing_of_a_daemon_that_is_not_there(place):
    done = subprocess.run([sys.executable, "-m", "xacct.ctl.leftovers"], capture_output=True, text=True, check=True)
    assert done.stdout == done.stderr == ""
