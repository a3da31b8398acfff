"""A new daemon instead of this one, without a gap: the predecessor's side. The protocol is in takeover.py.

Nothing here waits longer than it says, whatever the successor does, and whoever asked for it may hang up meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any, Protocol

from xacct import errors
from xacct.daemon import channel
from xacct.daemon.inherited import SUCCEED
from xacct.host.threads import run_in_daemon_thread

if TYPE_CHECKING:
    import subprocess
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

READY_PATIENCE = 20.0
"""Seconds a new process gets to import, and to read the configuration. A slow laptop's cold start takes three."""

QUIET_PATIENCE = 2.0
"""Seconds to wait for a moment in which no call to AWS is under way and no question open, before we say so."""

QUIET_POLL = 0.02

SERVING_PATIENCE = 3.0
"""Seconds the successor gets to take over. Nobody is served meanwhile; it takes a twentieth of a second."""

DEATH_PATIENCE = 5.0
"""Seconds in which the kernel closes the channel of a process that was killed; it runs no more in any case."""

GONE = "The new xacctd did not start. The old one goes on."
LOOK = "The daemon's log says more; xacctd --version may, too."


class Predecessor(Protocol):
    """The daemon that hands over."""

    @property
    def busy_with(self) -> str | None:
        """What is under way that only this process knows of, as a sentence; None if nothing is."""

    async def pause(self) -> None:
        """Serve nobody, change nothing, begin nothing. Who is connected has been served, and was hung up on."""

    async def resume(self) -> None:
        """All is as before."""

    def descriptors(self) -> dict[str, int]:
        """What the successor gets, by name."""

    def state(self) -> AbstractContextManager[bytearray]:
        """All that is held, in a buffer that is overwritten afterwards."""


class Successor:
    """The new process.

    Args:
        child: what was started; it forks and ends.
        ours: our end of the channel.
    """

    def __init__(self, child: subprocess.Popen[bytes], ours: socket.socket) -> None:
        self._child = child
        self._channel = ours
        self._listener = channel.Listener(ours)
        self._serves = False
        self._ended = False
        self.pid = 0

    @classmethod
    async def start(cls, arguments: Sequence[str], environment: Mapping[str, str]) -> Successor:
        """Start it.

        Raises:
            StartupFailed: it can't be.
        """
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        starting = run_in_daemon_thread(lambda: _spawn(theirs, arguments, environment))
        try:
            async with asyncio.timeout(READY_PATIENCE):
                child = await asyncio.shield(starting)
        except (OSError, TimeoutError):
            ours.close()  # a process that starts after all finds nobody there, and ends
            raise errors.StartupFailed(GONE, LOOK) from None
        return cls(child, ours)

    async def ready(self) -> None:
        """Wait until it could take over.

        Raises:
            StartupFailed: it can't.
        """
        async with _patience(READY_PATIENCE):
            self.pid = int((await self._hear("ready"))["ready"])

    async def take_over(self, descriptors: dict[str, int], state: bytearray) -> None:
        """Hand all over, and wait until it serves.

        Raises:
            StartupFailed: it does not.
        """
        async with _patience(SERVING_PATIENCE):
            with _sentences():
                await channel.hand(self._channel, descriptors, state)
            await self._hear("serving")
        self._serves = True

    async def kill(self) -> bool:
        """End it at once. Returns whether it had said that it serves, so that it is too late to go on without it."""
        if self._ended:
            return self._serves
        self._ended = True
        with contextlib.suppress(ProcessLookupError, PermissionError):
            # guard: hand-over-hung-successor-killed
            os.killpg(self._child.pid, signal.SIGKILL)  # the session that it was started in, forks and all
        with contextlib.suppress(TimeoutError, OSError, ValueError):
            async with asyncio.timeout(DEATH_PATIENCE):
                while True:  # to the channel's end
                    said = await self._listener.hear()
                    self._serves = self._serves or "serving" in said
        await self.close()
        return self._serves

    def tell_locked(self, why: str) -> None:
        """The machine told us to lock, and by now it is the successor's to do."""
        with contextlib.suppress(OSError):
            channel.send(self._channel, {"locked": why})

    async def close(self) -> None:
        """Have no more to do with it."""
        self._channel.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DEATH_PATIENCE):
                await run_in_daemon_thread(self._child.wait)

    async def _hear(self, what: str) -> dict[str, Any]:
        with _sentences():
            said = await self._listener.hear()
            if "failed" in said:
                sentence, hint = said["failed"]
                raise errors.StartupFailed(f"The new xacctd did not start: {sentence} The old one goes on.", hint)
            if what not in said:
                raise ValueError(what)
            return said


async def hand_over(daemon: Predecessor, arguments: Sequence[str], environment: Mapping[str, str]) -> Successor:
    """Have a new process take over from a daemon that serves.

    Args:
        daemon: the one that serves. It goes on as before where this fails.
        arguments: what the new process is started with.
        environment: what it has beside our own.

    Returns:
        The new process. The daemon serves nobody any more.

    Raises:
        Busy: something is going on.
        StartupFailed: it did not start.
    """
    await _quiet(daemon)  # before there is a second process, that would wait for it too
    successor = await Successor.start(arguments, environment)
    try:
        await successor.ready()
        await _quiet(daemon)
        await _take_turns(daemon, successor)
    except BaseException:
        await successor.kill()
        raise
    return successor


async def _take_turns(daemon: Predecessor, successor: Successor) -> None:
    """What comes meanwhile waits in the listeners' queues."""
    try:
        await daemon.pause()
        # From here to the state's first byte nothing is awaited: nothing begins that is not in it.
        _check(daemon)
        with daemon.state() as state:
            await successor.take_over(daemon.descriptors(), state)
    except BaseException:
        if await successor.kill():
            return  # it ended just after it had begun to serve, as any daemon may
        await daemon.resume()
        raise


async def _quiet(daemon: Predecessor) -> None:
    """Wait for a moment in which nothing is under way.

    Raises:
        Busy: there is none.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(QUIET_PATIENCE):
            while daemon.busy_with is not None:  # noqa: ASYNC110 - an event in everything that begins would cost more
                await asyncio.sleep(QUIET_POLL)
    _check(daemon)


def _check(daemon: Predecessor) -> None:
    if daemon.busy_with is not None:
        raise errors.Busy(daemon.busy_with, "Once that is over, try again.")


@contextlib.asynccontextmanager
async def _patience(seconds: float) -> AsyncIterator[None]:
    """Wait no longer than this for it."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise errors.StartupFailed(
            f"The new xacctd hung for {seconds:.0f} seconds, and was ended. The old one goes on.", LOOK
        ) from None


@contextlib.contextmanager
def _sentences() -> Iterator[None]:
    """Say in a sentence that it is gone, or makes no sense."""
    try:
        yield
    except (OSError, ValueError, TypeError):
        raise errors.StartupFailed(GONE, LOOK) from None


def _spawn(theirs: socket.socket, arguments: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    import subprocess  # noqa: PLC0415 - slow to load, and seldom needed

    with theirs:
        command = [sys.executable, "-m", "xacct.daemon", *arguments, SUCCEED, str(theirs.fileno())]
        # Our stderr is its stderr: both write the same log.
        return subprocess.Popen(  # noqa: S603 - ourselves
            command,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            env={**os.environ, **environment},
            start_new_session=True,
        )
