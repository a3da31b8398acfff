"""Whatever comes out of the socket: an answer, or one sentence."""

import json
import os
import socket
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xacct import wire
from xacct.ctl import client
from xacct.ctl.main import main

HEAD = f"HTTP/1.0 200 OK\r\nXacct-Api: {wire.API}\r\n\r\n".encode()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.0 2\xff0 OK\r\n\r\n{}",
        b"HTTP/1.0 200 OK\r\n\r\n{}",
        b"HTTP/1.0 200 OK\r\nXacct-Api: one\r\n\r\n{}",
        HEAD,
        HEAD + b"{",
        HEAD + b"[]",
        HEAD + b"\xff",
        HEAD + b"[" * 100_000,
        HEAD + b'{"now": NaN, "roles": [], "sessions": [], "prompts": [], "attended": 0, "notes": []}',
        HEAD + b'{"now": 1e999, "roles": [], "sessions": [], "prompts": [], "attended": 0, "notes": []}',
        HEAD + b'{"now": 1, "roles": [{}], "sessions": [], "prompts": [], "attended": 0, "notes": []}',
        HEAD.replace(b"200", b"500") + b"<html>",
        HEAD.replace(b"200", b"500") + b'{"error": "x"}',
        b"A" * 100_000,
    ],
)
def test_garbage_is_one_sentence(daemon, capsys, raw):
    daemon.answers["/v1/status"] = raw
    assert main(["status"]) in (1, 3)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("xacctctl: ")
    assert len(said.err.splitlines()) <= 2


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.data())
def test_mutated_answers_are_shown_or_refused(daemon, data):
    verb, path = data.draw(
        st.sampled_from([("status", "/v1/status"), ("roles", "/v1/roles"), ("grants", "/v1/grants")]),
    )
    daemon.answers.clear()
    good = json.loads(json.dumps(daemon.respond("GET", path, None)))
    at = good
    while isinstance(at, dict | list) and at:
        keys = list(at) if isinstance(at, dict) else range(len(at))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(at[key], dict | list) or not at[key] or data.draw(st.booleans()):
            at[key] = data.draw(JSON)
            break
        at = at[key]
    daemon.answers[path] = HEAD + json.dumps(good).encode()
    assert main([verb]) in (0, 3)


@given(st.lists(JSON, max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
def test_any_events_end_in_a_status(daemon, events):
    kinds = ["held", "failed", "prompt", "done", "credentials"]
    for number, event in enumerate(events):
        if isinstance(event, dict):
            event["event"] = kinds[number % len(kinds)]
    lines = "\n".join(json.dumps(event) for event in events)
    daemon.answers["/v1/login"] = HEAD + lines.encode() + b"\n"
    assert main(["login", "prod"]) in (0, 1, 3)


def test_which_end_is_older(daemon, capsys):
    daemon.api = "0"
    assert main(["status"]) == 3
    assert capsys.readouterr().err == (
        "xacctctl: The running xacctd is older than this xacctctl (0.1.0).\n  hint: xacctctl restart; where that does"
        " not help, xacctctl stop && xacctctl start\n"
    )
    daemon.api = "3"
    assert main(["status"]) == 3
    assert "This xacctctl (0.1.0) is older than the running xacctd.\n" in capsys.readouterr().err


def test_a_newer_daemon_has_the_word(daemon, capsys):
    """Whatever it says, if it says it in the shape that stays."""
    daemon.api = "3"
    error = {"code": "other-version", "category": "usage", "sentence": "Old.", "hint": "Get new."}
    for refused, said in (
        (error, "Old.\n  hint: Get new."),
        ({**error, "code": "x"}, "This xacctctl"),
        ({}, "This xacct"),
    ):
        daemon.answers["/v1/status"] = (
            HEAD.replace(b"200", b"409").replace(b": 2", b": 3") + json.dumps({"error": refused}).encode()
        )
        assert main(["status"]) == 3
        assert capsys.readouterr().err.startswith(f"xacctctl: {said}")


def test_an_older_daemon_can_be_stopped(daemon, capsys, monkeypatch):
    monkeypatch.setattr("xacct.ctl.lifecycle._lives", lambda _pid: False)
    daemon.api = "0"
    assert main(["stop"]) == 0
    assert daemon.called("POST", "/v1/stop") == [None]


def test_a_strangers_directory_is_not_spoken_into(daemon, capsys, monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 4242)
    assert main(["login", "prod"]) == 3
    assert "belongs to somebody else" in capsys.readouterr().err
    assert daemon.requests == []


def test_a_socket_that_is_none(place, monkeypatch, capsys):
    (place / "file").write_text("")
    monkeypatch.setenv("XACCT_SOCKET", str(place / "file"))
    assert main(["status", "--no-start"]) == 3
    monkeypatch.setenv("XACCT_SOCKET", "/" + "x" * 200)
    assert main(["status", "--no-start"]) == 3
    assert "can't be used" in capsys.readouterr().err


def test_silence_ends_in_a_sentence(place, monkeypatch, capsys):
    monkeypatch.setattr("xacct.ctl.complete._PATIENCE", 0.05)
    mute = socket.socket(socket.AF_UNIX)
    monkeypatch.setenv("XACCT_SOCKET", str(place / "mute"))
    mute.bind(str(place / "mute"))
    mute.listen()
    assert main(["__complete", "login", ""]) == 0
    assert capsys.readouterr() == ("", "")
    mute.close()


def test_escape_sequences_stay_words(daemon, run):
    hostile = "\x1b]0;owned\x07\x9b31mred\u202etxt"
    daemon.answers["/v1/roles/x/explain"] = {"role": "x", "steps": [hostile], "remarks": []}
    shown = run("explain", "x").stdout
    assert "\x1b" not in shown
    assert "\x9b" not in shown
    assert "\u202e" not in shown


def test_stdout_that_nobody_reads(daemon, place):
    done = subprocess.run(
        [
            "bash",
            "-c",
            '"$@" status | true; echo ${PIPESTATUS[0]}',
            "x",
            sys.executable,
            "-m",
            "xacct.ctl",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout in ("0\n", "141\n")
    assert done.stderr == ""


LISTEN = """
import os, socket, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534)
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1]); listener.listen()
print("ready", flush=True)
accepted, _ = listener.accept()
print("got", accepted.recv(65536), flush=True)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root, to become another user")
@pytest.mark.parametrize("by", ["XACCT_SOCKET", "its directory"])
def test_another_users_socket_is_told_nothing(place, monkeypatch, capsys, by):
    theirs = place / "theirs"
    theirs.mkdir()
    place.chmod(0o755)
    theirs.chmod(0o777)
    with subprocess.Popen([sys.executable, "-c", LISTEN, str(theirs / "s")], stdout=subprocess.PIPE) as listener:
        assert listener.stdout.readline() == b"ready\n"
        if by == "XACCT_SOCKET":
            monkeypatch.setenv("XACCT_SOCKET", str(theirs / "s"))
        else:
            ours = place / "r" / "xacct"
            ours.mkdir(mode=0o700)
            (ours / "control.sock").symlink_to(theirs / "s")
        assert main(["login", "prod"]) == 3
        assert "another user's: nothing was sent" in capsys.readouterr().err
        assert listener.stdout.readline() == b"got b''\n"


def test_who_listens_is_asked_of_the_kernel(tmp_path):
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as asking:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        asking.connect(str(tmp_path / "s"))
        assert client.peer(asking) == os.geteuid()
