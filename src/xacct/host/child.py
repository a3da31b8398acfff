"""Every program that the daemon runs and asks something: its output, bounded in time and size, and nothing left behind.

A child gets a session, and so a process group, of its own. It has ended when it has ended: a background process that
still holds its standard output is not waited for. Where it is given up (time-out, cancelled, too much output, the
daemon's end), it, its whole group and what stems from it are ended, TERM first, KILL half a second later.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import subprocess
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xacct.host import process, process_groups
from xacct.host.last_words import last_words
from xacct.host.threads import run_in_daemon_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

OUTPUT = 64 * 1024
"""Bytes that a child may print: credentials have less than a tenth of it."""

LINGER = 5.0
"""Seconds after its good end in which a child that has printed nothing usable may still be spoken for by one of its own
that holds its output."""

GRACE = 0.5
"""Seconds between TERM and KILL."""

_TAIL = 8 * 1024
_CHUNK = 64 * 1024
_POLL = 0.02


@dataclass(frozen=True, slots=True)
class Result:
    """How a child ended.

    Attributes:
        status: Its exit status; negative, the number of the signal that ended it.
        out: What it printed. It may be secret.
        said: The last line of its standard error, for people: cleaned and without what looks secret, yet for no log.
    """

    status: int
    out: bytes = field(repr=False)
    said: str = field(repr=False)

    @property
    def how(self) -> str:
        """How it ended, in words that follow its name: "ended with status 3"."""
        if self.status >= 0:
            return f"ended with status {self.status}"
        with contextlib.suppress(ValueError):
            return f"was ended by {signal.Signals(-self.status).name}"
        return f"was ended by signal {-self.status}"


class ChildError(Exception):
    """A child that gave no answer.

    Attributes:
        why: follows its name in a sentence.
        said: as in `Result`.
    """

    def __init__(self, why: str, said: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.said = said


def has_words(out: bytes) -> bool:
    """Say whether anything but white space was printed."""
    return bool(out.strip())


async def run(
    arguments: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,  # noqa: ASYNC109 - the time-out is what ends the child
    limit: int = OUTPUT,
    enough: Callable[[bytes], bool] = has_words,
) -> Result:
    """Run a program to its end. Cancelled: it is ended too.

    Args:
        arguments: The program and its arguments; no shell reads them.
        env: Its environment; None for ours.
        timeout: Seconds it may take; None for as long as nobody cancels.
        limit: Bytes it may print.
        enough: Says whether what it printed is an answer, so that nobody else's output need be waited for.

    Raises:
        ChildError: It can't be started, takes too long, or prints too much.
    """
    popen = await started(arguments, env)
    child = Child(popen, limit)
    try:
        async with asyncio.timeout(timeout):
            status = await child.wait(enough)
    except TimeoutError:
        await child.end()
        raise ChildError(f"did not end within {timeout:.0f} s", last_words(bytes(child.err))) from None
    except BaseException:
        await child.end()
        raise
    finally:
        child.close()
        process_groups.ended(popen.pid)
    return Result(status, bytes(child.out), last_words(bytes(child.err)))


async def output_of(arguments: Sequence[str], env: Mapping[str, str] | None = None) -> str | None:
    """Run a program to its end, and return what it printed; None if it did not end well. Cancelled: it is ended too."""
    try:
        result = await run(arguments, env=env, limit=4096)
    except ChildError:
        return None
    return result.out.decode("utf-8", "replace").strip() if result.status == 0 else None


async def started(
    arguments: Sequence[str], env: Mapping[str, str] | None, stdin: int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    """Start the program, in a thread: where its file system hangs, nobody else does.

    Raises:
        ChildError: It can't be started.
    """
    unwanted = threading.Event()

    def start() -> subprocess.Popen[bytes]:
        if unwanted.is_set():
            raise OSError(errno.ECANCELED, os.strerror(errno.ECANCELED))
        popen = subprocess.Popen(  # noqa: S603 - the user's own command
            list(arguments),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env,
            bufsize=0,
            start_new_session=True,
        )
        process_groups.began(popen.pid)
        if unwanted.is_set():  # the loop may have gone, too
            _end(popen)
            raise OSError(errno.ECANCELED, os.strerror(errno.ECANCELED))
        return popen

    starting = run_in_daemon_thread(start)
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        unwanted.set()
        starting.add_done_callback(_end_unwanted)
        raise
    except OSError as error:
        raise ChildError(f"can't be started ({_reason(error, arguments)})") from None
    except (ValueError, IndexError, TypeError):
        raise ChildError("can't be started (its command line is no command line)") from None


def _reason(error: OSError, arguments: Sequence[str]) -> str:
    """What was in the way; of the command line only the program itself is named, for an argument may be secret."""
    return f"{arguments[0][:200]}: {error.strerror}" if error.filename in arguments[:1] else str(error.strerror)


def _end_unwanted(starting: asyncio.Future[subprocess.Popen[bytes]]) -> None:
    """Whoever wanted this child has gone while it was being started."""
    if not starting.cancelled() and starting.exception() is None:
        _end(starting.result())


def _end(popen: subprocess.Popen[bytes]) -> None:
    """End one that nobody has begun to listen to."""
    process_groups.kill(popen.pid, signal.SIGKILL, [])
    popen.wait()
    for pipe in filter(None, (popen.stdin, popen.stdout, popen.stderr)):
        pipe.close()
    process_groups.ended(popen.pid)


class Child:
    """One that runs: what it has printed so far, and whether it has ended."""

    def __init__(self, popen: subprocess.Popen[bytes], limit: int) -> None:
        self.out = bytearray()
        self.err = bytearray()
        self._popen = popen
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._status: int | None = None  # set when all that was printed by then has been read, too
        self._silent = False
        self._linger: asyncio.TimerHandle | None = None
        self._waited_long = False
        self._pidfd: int | None = None
        self._descriptors = [pipe.fileno() for pipe in filter(None, (popen.stdout, popen.stderr))]
        for descriptor, read in zip(self._descriptors, (self._read_out, self._read_err), strict=True):
            os.set_blocking(descriptor, False)
            self._loop.add_reader(descriptor, read)
        self._watch_end()

    async def line(self) -> bytes:
        """Wait for the next line that it prints, and take it, without its end.

        Raises:
            ChildError: It has ended, or has printed too much ahead.
        """
        while len(self.out) > self._limit or b"\n" not in self.out:  # guard: childs-lines-are-bounded
            if len(self.out) > self._limit:
                raise ChildError("printed too much at once", last_words(bytes(self.err)))
            if self._silent or self._status is not None:
                raise ChildError("ended without an answer", last_words(bytes(self.err)))
            self._changed.clear()
            await self._changed.wait()
        line, _, rest = self.out.partition(b"\n")
        self.out[:] = rest
        return bytes(line)

    async def wait(self, enough: Callable[[bytes], bool]) -> int:
        """Wait for its end, and return its status."""
        while True:
            if len(self.out) > self._limit:  # guard: childs-output-is-bounded
                raise ChildError(f"printed more than {self._limit >> 10} KiB", last_words(bytes(self.err)))
            status = self._status
            # guard: who-holds-childs-output-is-not-waited-for
            if status is not None and (status or self._silent or self._waited_long or enough(bytes(self.out))):
                return status
            self._changed.clear()
            await self._changed.wait()

    async def end(self) -> None:
        """End it, its group and what stems from it."""
        pid = self._popen.pid
        others = [(other, process.started(other)) for other in process.descendants(pid)]
        try:
            process_groups.kill(pid, signal.SIGTERM, [other for other, _ in others])
            async with asyncio.timeout(GRACE):
                while self._popen.returncode is None or process_groups.exists(pid):  # noqa: ASYNC110 - the kernel tells nobody
                    await asyncio.sleep(_POLL)
        except TimeoutError:
            pass
        finally:
            still = [other for other, mark in others if mark is not None and process.started(other) == mark]
            process_groups.kill(pid, signal.SIGKILL, still)
            self._reap()

    def close(self) -> None:
        """Let go of its output."""
        for descriptor in self._descriptors:
            self._loop.remove_reader(descriptor)
        for pipe in filter(None, (self._popen.stdout, self._popen.stderr)):
            pipe.close()
        if self._pidfd is not None:
            self._loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = None
        if self._linger is not None:
            self._linger.cancel()

    def _watch_end(self) -> None:
        try:
            self._pidfd = os.pidfd_open(self._popen.pid)
        except (AttributeError, OSError):  # macOS, and Linux before 5.3
            waiting = run_in_daemon_thread(self._popen.wait)
            waiting.add_done_callback(lambda _: self._has_ended())
        else:
            self._loop.add_reader(self._pidfd, self._has_ended)

    def _has_ended(self) -> None:
        self._popen.poll()
        if self._pidfd is not None:
            self._loop.remove_reader(self._pidfd)
        if self._popen.stdout is None or self._popen.stdout.closed:
            return
        while self._read_out():
            pass
        self._read_err()
        self._status = self._popen.returncode
        self._linger = self._loop.call_later(LINGER, self._has_lingered)
        self._changed.set()

    def _has_lingered(self) -> None:
        self._waited_long = True
        self._changed.set()

    def _read_out(self) -> bool:
        """Read what there is, and say whether there may be more."""
        part = self._part(self._descriptors[0])
        if part is None:
            return False
        self.out += part
        self._silent = not part
        self._changed.set()
        return bool(part) and len(self.out) <= self._limit

    def _read_err(self) -> None:
        part = self._part(self._descriptors[1])
        if part:
            self.err += part
            del self.err[:-_TAIL]

    def _part(self, descriptor: int) -> bytes | None:
        """What can be read now: nothing at the end, None if there is nothing yet."""
        try:
            part = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return None
        if not part or len(self.out) > self._limit:
            self._loop.remove_reader(descriptor)
        return part

    def _reap(self) -> None:
        """It was killed, and so ends at once, unless the kernel holds it: then the wait is nobody's."""
        if self._popen.poll() is None:
            run_in_daemon_thread(self._popen.wait)
