"""The first process in a sandbox: starts the command, passes signals on to it, and reaps what it leaves.

bubblewrap starts it as process 1 of the sandbox with all signals blocked that xacctctl passes on, so that none of them
ends it or bubblewrap before the command has heard it. Nothing here is trusted by anybody outside.
"""

from __future__ import annotations

import os
import sys

from xacct.ctl import child
from xacct.ctl import signals as signal
from xacct.ctl.sandboxed import kernel_calls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

PASSED_ON: Final = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
_FROM_TERMINAL: Final = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
_IGNORED_BY_PYTHON: Final = (signal.SIGPIPE, signal.SIGXFSZ)
_MOST_DESCRIPTORS: Final = 1 << 20

SCOPED, RELAYED = "scoped", "relayed"


def main(words: list[str]) -> int:
    """Run the command and return its status as a shell would.

    Args:
        words: a descriptor that is told that this has begun, `scoped` or `-`, `relayed` or `-`, the endpoint's port,
            the socket that leads to it, and the command.
    """
    os.write(int(words[0]), b"1")
    os.closerange(3, _MOST_DESCRIPTORS)  # guard: no-descriptor-comes-into-sandbox
    scoped, relayed, port, path, *command = words[1:]
    try:
        kernel_calls.close_to_tracers()  # guard: first-process-of-sandbox-is-not-stopped
        if scoped == SCOPED:
            kernel_calls.enter()  # guard: abstract-sockets-are-out-of-reach
        if relayed == RELAYED:
            _relay(int(port), path)
    except OSError as error:
        return _complain(f"The sandbox can't be closed ({error.strerror}); nothing was run.", 126)
    return _run(command)


def _relay(port: int, path: str) -> None:
    from xacct.ctl.sandboxed import relay  # noqa: PLC0415 - where the network is cut

    listener = relay.loopback(port)
    if os.fork() == 0:
        try:
            relay.serve(listener, relay.to_socket(path))
        finally:
            os._exit(1)
    listener.close()


def _run(command: list[str]) -> int:
    watched = {*PASSED_ON, signal.SIGCHLD}
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    try:
        started = os.posix_spawnp(
            command[0], command, os.environ, setsigmask=before - watched, setsigdef=_IGNORED_BY_PYTHON
        )
    except FileNotFoundError:
        return _complain(f"{command[0]}: no such command.", 127)
    except OSError as error:
        return _complain(f"{command[0]} can't be run: {error.strerror}.", 126)
    while True:
        info = signal.sigwaitinfo(watched)
        if info.si_signo != signal.SIGCHLD:
            if not (info.si_signo in _FROM_TERMINAL and info.si_code > 0):  # the terminal has told the command, too
                os.kill(started, info.si_signo)
        elif (status := _reaped(started)) is not None:
            return status


def _reaped(command: int) -> int | None:
    """Reap all that have ended; the status of the command if it has."""
    found = None
    for pid, status in child.reaped():
        if pid == command:
            found = child.outcome(status)
    return found


def _complain(sentence: str, status: int) -> int:
    sys.stderr.write(f"xacctctl: {sentence}\n")
    sys.stderr.flush()
    return status
