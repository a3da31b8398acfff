"""The fake daemon, a terminal to type at, and a home of their own for every test of xacctctl."""

import codecs
import contextlib
import importlib.util
import os
import pty
import select
import shutil
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

import pytest
from waiting import PATIENCE

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "src"
XACCTCTL = [sys.executable, "-m", "xacct.ctl"]

_spec = importlib.util.spec_from_file_location("fake_daemon", HERE / "fake_daemon.py")
fake_daemon = importlib.util.module_from_spec(_spec)
sys.modules["fake_daemon"] = fake_daemon
_spec.loader.exec_module(fake_daemon)

# Makes fd 0 the controlling terminal of a fresh session, then becomes the command.
_ADOPT = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])"


@pytest.fixture
def place(monkeypatch):
    """A runtime directory short enough for a socket, and a state and home directory."""
    root = Path(tempfile.mkdtemp(prefix="xa", dir="/tmp"))
    for variable, name in (
        ("XDG_RUNTIME_DIR", "r"),
        ("XDG_STATE_HOME", "s"),
        ("XDG_CONFIG_HOME", "c"),
        ("HOME", "h"),
    ):
        (root / name).mkdir(mode=0o700)
        monkeypatch.setenv(variable, str(root / name))
    monkeypatch.setenv("PYTHONPATH", str(SOURCE))
    monkeypatch.setenv("FAKE_STARTS", str(root / "starts"))
    for variable in ("NO_COLOR", "SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"):
        monkeypatch.delenv(variable, raising=False)
    yield root
    shutil.rmtree(root)


@pytest.fixture
def daemon(place):
    """A fake daemon in a thread, listening where xacctctl looks."""
    runtime = place / "r" / "xacct"
    runtime.mkdir(mode=0o700)
    fake = fake_daemon.FakeDaemon(runtime / "control.sock").start()
    yield fake
    fake.stop()
    assert fake.lies == [], "what the real daemon would not say"


@pytest.fixture
def spawned(place, monkeypatch):
    """A fake daemon that verbs start by themselves; yields a function that adds options to it."""

    def command(*options):
        words = [sys.executable, str(HERE / "fake_daemon.py"), *options]
        monkeypatch.setenv("XACCT_DAEMON", " ".join(words))

    command()
    yield command
    if (place / "starts").exists():
        for line in (place / "starts").read_text().splitlines():
            _end(int(line.split()[0]))


def _end(pid):
    try:
        os.kill(pid, 15)
    except ProcessLookupError:
        return


@pytest.fixture
def run(place):
    """Run xacctctl without any terminal and return what came of it."""

    def runner(*words, **options):
        return subprocess.run(
            [*XACCTCTL, *words],
            capture_output=True,
            text=True,
            start_new_session=True,
            timeout=PATIENCE,
            check=False,
            **({} if "input" in options else {"stdin": subprocess.DEVNULL}),
            **options,
        )

    runner.command = XACCTCTL
    return runner


@pytest.fixture
def command(place, monkeypatch):
    """An xacctctl in PATH, as a shell finds it, and no role of an outer one; returns what puts a program beside it."""
    (place / "bin").mkdir()

    def put(name, text):
        (place / "bin" / name).write_text(text)
        (place / "bin" / name).chmod(0o755)

    put("xacctctl", f'#!/bin/sh\nexec {sys.executable} -m xacct.ctl "$@"\n')
    monkeypatch.setenv("PATH", f"{place / 'bin'}:{os.environ['PATH']}")
    for variable in ("XACCT_ROLE", "XACCT_PROJECT", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "TMUX"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    return put


class Seat:
    """Somebody at a terminal: types, and waits for what should appear."""

    def __init__(self, command, stdout=None):
        self.ours, theirs = pty.openpty()
        self.modes_before = termios.tcgetattr(theirs)
        self.seen = ""
        self._decode = codecs.getincrementaldecoder("utf-8")().decode  # a read may end within a character
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _ADOPT, *command],
            stdin=theirs,
            stdout=theirs if stdout is None else stdout,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)

    def expect(self, text, timeout=PATIENCE):
        """Wait until `text` has appeared since the last call; returns everything before it."""
        deadline = time.monotonic() + timeout
        while text not in self.seen:
            self._read(deadline, text)
        before, _, self.seen = self.seen.partition(text)
        return before

    def _read(self, deadline, text):
        ready, _, _ = select.select([self.ours], [], [], max(0, deadline - time.monotonic()))
        chunk = b""
        with contextlib.suppress(OSError):  # EIO: nobody has the terminal open any more
            chunk = os.read(self.ours, 65536) if ready else b""
        assert chunk, f"{text!r} did not appear; instead: {self.seen!r}"
        self.seen += self._decode(chunk)

    def type(self, text):
        os.write(self.ours, text.encode())

    def end(self, timeout=PATIENCE):
        """Wait for the end; returns the exit status and the rest of what was shown."""
        rest = self.seen
        with contextlib.suppress(OSError):
            while select.select([self.ours], [], [], timeout)[0]:
                rest += self._decode(os.read(self.ours, 65536))
        return self.process.wait(timeout), rest

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        os.close(self.ours)


@pytest.fixture
def sit(place):
    """Run xacctctl (or `command=`) at a terminal of its own."""
    seats = []

    def start(*words, command=None, stdout=None):
        seats.append(Seat(command or [*XACCTCTL, *words], stdout))
        return seats[-1]

    yield start
    for seat in seats:
        seat.close()
