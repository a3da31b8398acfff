"""A sandbox's options, environment, filter and command line."""

import struct
import subprocess
import sys
from argparse import ArgumentParser

import pytest

from xacct.ctl import variables
from xacct.ctl.failure import CtlError
from xacct.ctl.sandboxed import bubblewrap, environment, options, seccomp

SHARED = bubblewrap.Manner(network=True, session=False)


def parsed(*words):
    parser = ArgumentParser()
    for option in ("--detach", "--static", "--imds"):
        parser.add_argument(option, action="store_true")
    options.declare(parser)
    return parser.parse_args(words)


@pytest.mark.parametrize(
    "words", [["--keep", "x"], ["--write", "x"], ["--hide", "x"], ["--keep-env", "X"], ["--no-network"]]
)
def test_an_option_of_a_sandbox_alone_is_refused(words):
    with pytest.raises(CtlError, match="goes with --sandbox"):
        options.demand_sense(parsed(*words))
    assert options.demand_sense(parsed("--sandbox", *words))


@pytest.mark.parametrize("other", ["--detach", "--static", "--imds"])
def test_what_goes_by_no_grant_of_the_command_is_refused(other):
    with pytest.raises(CtlError, match=f"does not go with {other}"):
        options.demand_sense(parsed("--sandbox", other))


@pytest.mark.parametrize(
    "name",
    [
        "GITHUB_TOKEN",
        "TF_TOKEN_app_terraform_io",
        "OPENAI_API_KEY",
        "DB_PASSWORD",
        "npm_config__auth_token",
        "X_SECRET",
    ],
)
def test_what_is_named_like_a_secret_is_one(name):
    assert environment.is_secret(name)


@pytest.mark.parametrize("name", ["PATH", "TOKENIZERS_PARALLELISM", "KEYBOARD", "MONKEY", "EDITOR", "COMPATIBLE"])
def test_what_is_not_is_none(name):
    assert not environment.is_secret(name)


def test_the_environment_has_the_grant_alone():
    change = variables.Change({"AWS_CONTAINER_AUTHORIZATION_TOKEN": "ours"}, ("AWS_PROFILE",))
    environ = {
        "AWS_PROFILE": "p",
        "AWS_CONFIG_FILE": "f",
        "AWS_SESSION_TOKEN": "t",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "another's",
        "DBUS_SESSION_BUS_ADDRESS": "unix:abstract=x",
        "XACCT_SOCKET": "/s",
        "GH_TOKEN": "g",
        "LANG": "C",
    }
    kept, left_out = environment.cleaned(environ, change, ())
    assert kept == {"AWS_CONTAINER_AUTHORIZATION_TOKEN": "ours", "LANG": "C", "XACCT_SANDBOXED": "1"}
    assert left_out == ["GH_TOKEN"]
    assert environment.cleaned(environ, change, ["GH_TOKEN"])[0]["GH_TOKEN"] == "g"


@pytest.mark.parametrize("name", ["AWS_PROFILE", "AMAZON_SESSION_TOKEN", "XACCT_SOCKET", "BOTO_CONFIG", "NOT_SET"])
def test_what_would_be_another_identity_is_not_brought_in(name):
    with pytest.raises(CtlError, match=name):
        environment.demand_foreign(name, {"AWS_PROFILE": "x"})


def answer(machine, families, number, first=0, second=0, arch=None):
    """What the filter says to a call: a small interpreter of the instructions that it uses."""
    program = seccomp.program(machine, families)
    lines = list(struct.iter_unpack("=HBBI", program))
    arch = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}[machine] if arch is None else arch
    data = {0: number, 4: arch, 16: first, 24: second}
    at, held = 0, 0
    while True:
        code, if_true, if_false, value = lines[at]
        at += 1
        match code:
            case 0x20:
                held = data[value]
            case 0x06:
                return value
            case 0x15:
                at += if_true if held == value else if_false
            case 0x35:
                at += if_true if held >= value else if_false
            case 0x45:
                at += if_true if held & value else if_false


ALLOWED, KILLED, EPERM, ENOSYS, EAFNOSUPPORT = 0x7FFF0000, 0x80000000, 0x50001, 0x50026, 0x50061


@pytest.mark.parametrize(
    ("machine", "ioctl", "socket", "clone", "unshare"),
    [("x86_64", 16, 41, 56, 272), ("aarch64", 29, 198, 220, 97)],
)
def test_the_filter_refuses_what_it_is_for_and_nothing_else(machine, ioctl, socket, clone, unshare):
    def said(number, first=0, second=0, families=(seccomp.AF_VSOCK,)):
        return answer(machine, families, number, first, second)

    assert said(ioctl, second=0x5412) == said(ioctl, second=0x541C) == EPERM
    assert said(ioctl, second=0x5401) == ALLOWED
    assert said(clone, first=0x10000000 | 17) == said(unshare, first=0x10020000) == EPERM
    assert said(clone, first=17) == said(unshare, first=0x400) == ALLOWED
    assert said(435) == said(425) == ENOSYS
    assert said(socket, first=40) == EAFNOSUPPORT
    assert said(socket, first=1) == said(socket, first=2) == ALLOWED
    assert said(socket, first=1, families=(40, 1)) == EAFNOSUPPORT
    assert answer(machine, (), ioctl, arch=0x40000003) == KILLED


def test_a_call_with_short_pointers_is_none():
    assert answer("x86_64", (), 0x40000000 | 16, second=0x5412) == ENOSYS


def test_the_command_line_has_every_namespace():
    said = bubblewrap.argv(
        "/bwrap", bubblewrap.Manner(network=False, session=True), ["V"], {"--seccomp": 5, "--x": None}
    )
    assert said == [
        *("/bwrap", "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
        *("--unshare-net", "--new-session", "--cap-drop", "ALL", "--die-with-parent", "--as-pid-1"),
        *("V", "--seccomp", "5", "--"),
    ]
    assert not {"--unshare-net", "--new-session"} & {*bubblewrap.argv("/bwrap", SHARED, [], {})}


def program(path, script):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_one_that_a_command_could_have_put_there_is_not_taken(tmp_path, monkeypatch):
    monkeypatch.setattr(bubblewrap, "_SYSTEMS", ())
    program(tmp_path / "project/bin/bwrap", "exit 0")
    good = program(tmp_path / "good/bwrap", "exit 0")
    path = f"relative:{tmp_path}/project/bin:{tmp_path}/good"
    assert bubblewrap.find(path, [f"{tmp_path}/project"]) == good
    with pytest.raises(CtlError, match="not installed; nothing was run"):
        bubblewrap.find(f"{tmp_path}/project/bin", [f"{tmp_path}/project"])


@pytest.mark.parametrize(
    ("file", "says", "hint"),
    [
        ("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", "AppArmor"),
        ("/proc/sys/kernel/unprivileged_userns_clone", "0", "unprivileged_userns_clone=1"),
        ("/proc/sys/user/max_user_namespaces", "0", "max_user_namespaces"),
        ("/none", "0", "docs/sandboxed-commands.md"),
    ],
)
def test_where_it_is_not_allowed_a_sentence_says_why(tmp_path, monkeypatch, file, says, hint):
    monkeypatch.setattr(bubblewrap, "_read", {file: says}.get)
    monkeypatch.setattr(bubblewrap, "_CONTAINERS", ())
    bad = program(tmp_path / "bwrap", "echo 'bwrap: setting up uid map: Permission denied' >&2; exit 1")
    with pytest.raises(
        CtlError, match=r"can't make a sandbox here \(setting up uid map: Permission denied\)"
    ) as refused:
        bubblewrap.demand_allowed(bad, SHARED)
    assert hint in refused.value.hint
    assert "nothing was run" in refused.value.sentence


def test_what_cannot_be_closed_runs_nothing():
    code = (
        "import os; from xacct.ctl.sandboxed import inside, kernel_calls;"
        " kernel_calls._SCOPE_ABSTRACT_UNIX_SOCKET = 1 << 60;"
        " os._exit(inside.main(['1', 'scoped', '-', '0', '', 'echo', 'ran']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (126, "1")  # what tells that it has begun
    assert "nothing was run" in done.stderr
    assert "Traceback" not in done.stderr
