"""Starting the daemon when a verb misses it: one, however many verbs do so at once."""
# ruff: noqa: PTH110, PTH123, PTH202 - see paths.py

import fcntl
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from xacct import fileio, paths, wire
from xacct.ctl import shellfiles, unit, variables
from xacct.ctl.client import Client
from xacct.ctl.failure import NO_DAEMON, CtlError, NotRunningError, UnreachableError

PATIENCE: Final = 10.0
"""Seconds a daemon may take until it answers."""

_POLL: Final = 0.01


def start_daemon() -> bool:
    """Start the daemon unless it answers, and wait until it does; say whether it was started here.

    Where its units are installed systemd starts it: with a daemon of ours beside them, one would prevent the other.

    Raises:
        CtlError: it gives up; with the daemon's own last words.
    """
    if variables.SANDBOXED in os.environ:  # guard: no-daemon-is-started-in-sandbox
        raise CtlError(
            "This is a sandbox (xacctctl exec --sandbox): xacctd is out of reach, but for the grant that it was given.",
            "Outside of it: xacctctl exec ROLE --sandbox, with what the command needs",
            NO_DAEMON,
        )
    paths.make_private(paths.runtime_dir())
    client = Client(paths.socket_path())
    with alone(f"{paths.runtime_dir()}/start.lock"):  # who waited here finds it running
        managed = unit.managed()
        if not (managed and not unit.runs()) and _answers(client):
            return False
        if managed:
            unit.start()
            return True
        if _await_holder(client):
            return False
        paths.make_private(paths.state_dir())
        log = paths.log_file()
        offset = os.path.getsize(log) if os.path.exists(log) else 0
        _await(client, _spawn(log), log, offset)
    return True


def reap() -> None:
    """Wait for daemons started here that have ended: `stop` must not take one for alive."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


@contextmanager
def alone(lock: str) -> Iterator[None]:
    """Hold `lock`, a file: one process at a time is in here. A child does not inherit it."""
    try:
        descriptor = fileio.open_regular(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW)
    except OSError as error:
        raise CtlError(f"{lock} can't be used: {error.strerror}.", f"ls -l {lock}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _answers(client: Client) -> bool:
    try:
        client.call("GET", wire.VERSION, wire.VersionAnswer)
    except (NotRunningError, UnreachableError):
        return False
    return True


def _await_holder(client: Client) -> bool:
    """Wait for the daemon that holds the lock already, and starts just now or makes its socket anew.

    Returns:
        Whether it answers; false where none holds it any more.

    Raises:
        UnreachableError: it neither goes nor answers.
    """
    deadline = time.monotonic() + PATIENCE
    while (pid := unit.holder()) is not None:
        if _answers(client):
            return True
        if time.monotonic() > deadline:
            raise UnreachableError(pid)
        time.sleep(_POLL)
    return False


def _command() -> list[str]:
    """XACCT_DAEMON replaces the command: a wrapper, or the tests' stand-in."""
    override = os.environ.get("XACCT_DAEMON")
    if not override:
        return [sys.executable, "-m", "xacct.daemon"]
    import shlex  # noqa: PLC0415

    return shlex.split(override)


def _spawn(log: str) -> int:
    """Start the daemon in its own session: neither Ctrl-C nor a closed window ends it."""
    import subprocess  # noqa: PLC0415 - 10 ms, paid only here

    command = _command()
    try:
        descriptor = fileio.open_regular(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, null=True)
    except OSError as error:
        raise CtlError(f"The log {log} can't be written: {error.strerror}.", f"ls -l {log}", NO_DAEMON) from None
    with open(descriptor, "ab") as sink:
        try:
            daemon = subprocess.Popen(  # noqa: S603 - the user's own command
                command,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                start_new_session=True,
                cwd="/",
                env=shellfiles.for_daemon(),
            )
        except OSError as error:
            raise CtlError(
                f"xacctd can't be started: {command[0]}: {error.strerror}.",
                "Look at XACCT_DAEMON.",
                NO_DAEMON,
            ) from None
    daemon.returncode = 0  # from here on it is nobody's child: don't warn that it still runs
    return daemon.pid


def _await(client: Client, pid: int, log: str, offset: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        ended = _has_ended(pid)  # before the question: it may have found another one running
        if _answers(client):
            return
        if ended:
            raise _last_words(log, offset)
        time.sleep(_POLL)
    raise CtlError(
        f"xacctd was started but does not answer after {PATIENCE:.0f} seconds.",
        f"Its log: {log}",
        NO_DAEMON,
    )


def _has_ended(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def _last_words(log: str, offset: int) -> CtlError:
    lines = _written(log, offset).decode("utf-8", "replace").splitlines()
    return unit.last_words(lines) or CtlError("xacctd ended as soon as it was started.", f"Its log: {log}", NO_DAEMON)


def _written(log: str, offset: int) -> bytes:
    """Return what has been added to the log, up to 64 KiB of it."""
    try:
        descriptor = fileio.open_regular(log, os.O_RDONLY, null=True)
    except OSError:
        return b""
    try:
        return os.pread(descriptor, 65536, offset)
    finally:
        os.close(descriptor)
