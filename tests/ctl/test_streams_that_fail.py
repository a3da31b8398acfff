"""A full disk, a closed pipe, no stdout at all: a sentence and a status, at a terminal and without one."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from waiting import PATIENCE

LINES = [
    ["status"],
    ["explain", "prod"],
    [],
    ["--version"],
    ["env", "--help"],
    ["audit", "--json"],
    ["doctor"],
    ["env", "prod"],
    ["env", "nosuch"],
    ["process", "prod"],
    ["login", "prod"],
    ["configure", "prod", "--dry-run"],
    *(
        pytest.param(words, marks=pytest.mark.live)
        for words in (
            ["roles"],
            ["--help"],
            ["grants", "create", "--help"],
            ["completion", "bash"],
            ["audit"],
            ["grants"],
            ["grants", "create", "prod", "--json"],
            ["env", "prod", "--format", "json"],
            ["env", "prod", "--static"],
            ["logout", "--all"],
            ["lock"],
            ["unlock"],
        )
    ),
]
"""Each way to print at each `make test`; the verbs that print in one of these ways, too, at `make test-live`."""


@pytest.fixture
def full():
    with Path("/dev/full").open("wb") as file:
        yield file


@pytest.fixture
def closed():
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as file:
        yield file


@pytest.mark.parametrize("words", LINES, ids=" ".join)
def test_a_full_disk(daemon, run_into, sit, full, words):
    for status, said in (run_into(words, full), sit(*words, stdout=full).end()):
        assert "Exception ignored" not in said
        assert "Traceback" not in said
        if words:  # without a verb the tour goes to stderr
            assert status == 1
            assert "No space left on device" in said or words == ["env", "nosuch"]


@pytest.mark.parametrize("words", LINES, ids=" ".join)
def test_a_pipe_that_nobody_reads(daemon, run_into, sit, closed, words):
    for status, said in (run_into(words, closed), sit(*words, stdout=closed).end()):
        assert "Exception ignored" not in said
        assert "Traceback" not in said
        if words and words != ["env", "nosuch"]:
            assert said.replace("\r", "") == ""
            assert status == 128 + signal.SIGPIPE


@pytest.mark.parametrize("words", LINES, ids=" ".join)
def test_no_stdout_and_no_stderr_at_all(daemon, run, words):
    command = 'exec 3>&1; "$@" 3>&3 >&- 2>&-; echo "ended $?" >&3'
    done = subprocess.run(
        ["sh", "-c", command, "sh", *run.command, *words], capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert done.stdout.startswith("ended ")
    assert done.stdout.strip() in {"ended 0", "ended 1", "ended 2"}


@pytest.fixture
def run_into(daemon, run):
    def runner(words, stdout):
        done = subprocess.run(
            [*run.command, *words],
            stdout=stdout,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return done.returncode, done.stderr

    return runner
