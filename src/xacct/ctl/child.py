r"""Children of xacctctl: one that stands in for us, our own in several roles, and programs that only tell something.

What a signal does to us it does to the child that stands in for us, and back. Signals are blocked and fetched one by
one, so that nothing here runs at an arbitrary point. The child shares our process group, so what the terminal sends
(Ctrl-C, Ctrl-\, Ctrl-Z) reaches it by itself; only what another process sends to us alone is passed on, and a hang-up
that we alone hear.
"""

from __future__ import annotations

import os
import sys

from xacct.ctl import signals as signal
from xacct.ctl.failure import CANNOT_RUN, FAILED, NOT_FOUND, CtlError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from subprocess import CompletedProcess
    from typing import Final

_FROM_TERMINAL: Final = frozenset({signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGHUP})
_PASSED_ON: Final = _FROM_TERMINAL | {signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCONT}
_IGNORED_BY_PYTHON: Final = (signal.SIGPIPE, signal.SIGXFSZ)


def run(
    command: list[str],
    environ: Mapping[str, str],
    ended: Callable[[int], int | None] | None = None,
    *,
    blocked: frozenset[int] = frozenset(),
    target: Callable[[int], int] | None = None,
) -> int:
    """Run `command` to its end and return its status as a shell would: 128+n for signal n.

    Args:
        command: the program and its arguments.
        environ: its environment.
        ended: says the status of the child of that pid, None while it runs; None: it is the only child.
        blocked: signals that it is started with blocked, as they are not meant for it, but for `target`.
        target: gives the process that these are passed on to, by the command's own; called once, after its start.

    The signals stay blocked behind it: the caller is about to end, and a Ctrl-C that was meant for the command
    must not end it first.

    Raises:
        CtlError: it can't be started; with the status that shells have for it.
    """
    watched, ended = _PASSED_ON | {signal.SIGCHLD}, ended or _status
    # with the default disposition some systems drop SIGCHLD before it can be waited for
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    try:
        child = os.posix_spawnp(command[0], command, environ, setsigmask=before | blocked, setsigdef=_IGNORED_BY_PYTHON)
    except BaseException as error:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if isinstance(error, FileNotFoundError):
            raise CtlError(f"{command[0]}: no such command.", "", NOT_FOUND) from None
        if isinstance(error, OSError):
            raise CtlError(f"{command[0]} can't be run: {error.strerror}.", "", CANNOT_RUN) from None
        raise
    meant = child if target is None else target(child)
    while True:
        number, from_terminal = _next_signal(watched)
        if number != signal.SIGCHLD:
            if not from_terminal or _told_alone(number):
                _send(meant if number in blocked else child, number)
            continue
        status = ended(child)
        if status is not None:
            return status


def told(words: Sequence[str], *, patience: float, environ: Mapping[str, str] | None = None) -> CompletedProcess[str]:
    """Run a program that only tells something, and return what it said: what is no text is marked as such.

    Args:
        words: the program and its arguments.
        patience: seconds it gets.
        environ: None: ours.

    Raises:
        OSError: it can't be started.
        TimeoutExpired: it did not end in time, and was killed.
    """
    import subprocess  # noqa: PLC0415 - 10 ms, paid only here

    return subprocess.run(  # noqa: S603 - the callers' own commands
        words,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=patience,
        check=False,
    )


def forked(work: Callable[[], int], outputs: Sequence[int] = ()) -> int:
    """Do some work in a process of its own, which ends with the status that the work gives, and return its pid.

    Args:
        work: what is done.
        outputs: descriptors for its stdout and stderr; it reads from nowhere then. None: it has our terminal.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    status = FAILED
    try:
        if outputs:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # one terminal can't answer several
            for descriptor, stream in zip(outputs, (1, 2), strict=True):
                os.dup2(descriptor, stream)
        status = work()
        sys.stdout.flush()
    finally:
        os._exit(status)


def _next_signal(watched: frozenset[int]) -> tuple[int, bool]:
    """Return the next signal and whether the terminal sent it, to the child as well."""
    if hasattr(signal, "sigwaitinfo"):
        info = signal.sigwaitinfo(watched)
        return info.si_signo, info.si_signo in _FROM_TERMINAL and info.si_code > 0
    number = signal.sigwait(watched)  # macOS: no telling who sent it
    return number, number in _FROM_TERMINAL and _in_foreground()


def _told_alone(number: int) -> bool:
    """A terminal that goes away hangs up its session's leader only; whoever else is there hears it from the leader."""
    return number == signal.SIGHUP and os.getsid(0) == os.getpid()


def _in_foreground() -> bool:
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False


def _status(child: int) -> int | None:
    """Return the status if the child has ended."""
    pid, status = os.waitpid(child, os.WNOHANG | os.WUNTRACED)
    return outcome(status) if pid else None


def reaped(options: int = 0) -> Iterator[tuple[int, int]]:
    """Yield pid and status of each child that has ended, those among them that were taken in.

    Args:
        options: for waitpid(2), besides WNOHANG.
    """
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG | options)
        except ChildProcessError:
            return
        if not pid:
            return
        yield pid, status


def outcome(status: int) -> int | None:
    """Return what a shell makes of a child's end, by waitpid's word; if it has stopped, stop, go on with it: None."""
    if os.WIFSTOPPED(status):
        # Here the shell says "Stopped". The SIGCONT that wakes us is passed on like any other.
        os.kill(os.getpid(), signal.SIGSTOP)
        return None
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _send(child: int, number: int) -> None:
    try:
        os.kill(child, number)
    except ProcessLookupError:
        return
