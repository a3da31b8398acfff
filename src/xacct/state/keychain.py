"""State that outlives a reboot: sealed on disk, under a key in the operating system's keychain.

The key lives as long as an unbroken row of states does. Where there is nothing to read at the start, and after every
`forget`, the next state gets a new key: copies of older files, in backups or put back by somebody, open no more.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from typing import TYPE_CHECKING, TypeVar

import structlog

from xacct import errors
from xacct.host.threads import run_in_daemon_thread
from xacct.state.sealed import KEY_BYTES, SealedFile, refused, seal, unseal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from xacct.state.keys import Keys

log = structlog.get_logger("xacct.state")

T = TypeVar("T")

PATIENCE = 3.0
"""Seconds the keychain is waited for at the start; then the daemon goes on without what was kept."""

PAUSE = 0.5
"""Seconds between two writes: a burst of renewals becomes a few."""

CLOSE_TIMEOUT = 3.0
"""Seconds that writing gets at the end. What a stuck disk or keychain does not take in time is lost."""

AGAIN = "xacct tries again by itself."


class KeychainStore:
    """Keeps one state, the newest.

    Nothing raises. Nothing is written before what an earlier run kept has been read, or is known to be lost: a locked
    keychain must not cost it.

    Attributes:
        problem: what prevents it now.

    Args:
        file: in a directory that is ours alone.
        keys: where the key is.
        late: given what an earlier run kept when it could not be read at the start but later; whoever takes it must
            `save` what comes of it.
    """

    def __init__(self, file: Path, keys: Keys, late: Callable[[bytes], None] = lambda _: None) -> None:
        self.problem: errors.XacctError | None = None
        self._file = SealedFile(file)
        self._keys = keys
        self._late = late
        self._key: bytes | None = None
        self._key_kept = True  # as far as we know
        self._key_doomed = False
        self._settled = False
        self._pending: bytes | None = None
        self._stuck = False
        self._forgotten = 0
        self._turn = threading.Lock()
        self._loading: asyncio.Task[bytes | None] | None = None
        self._writing: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()

    # What the daemon calls.

    async def load(self) -> bytes | None:
        """What an earlier run kept; None if nothing, or nothing that can be read now.

        Call it once, at the start. It takes PATIENCE seconds at most.
        """
        loading = self._load_soon()
        await asyncio.wait({loading}, timeout=PATIENCE)
        if not loading.done():
            self._say(_slow())
            loading.add_done_callback(self._arrived)
            return None
        state = _outcome(loading)
        if state is None:
            self._write_soon()
        return state

    def look(self) -> None:
        """Try again what was in the way: reading at first, and writing. Call it now and then, as every 30 s."""
        if isinstance(self.problem, errors.KeychainDenied):  # guard: kept-humans-no
            return  # the human has said no: they are not asked every 30 s
        if not self._settled and (self._loading is None or self._loading.done()):  # guard: keychain-asked-once
            self._load_soon().add_done_callback(self._arrived)
        self._write_soon()

    def save(self, state: bytes) -> None:
        """Keep this instead of what was given before. Call it at each change; the newest is written, soon."""
        self._pending = state
        if not self._stuck:
            self._write_soon()

    def forget(self) -> None:
        """Keep nothing. The file is gone when this returns; its key follows, and with it every copy of the file."""
        self._forgotten += 1
        self._settled = True
        self._key = self._pending = None  # guard: kept-new-key-after-forgetting
        self._key_doomed = self._key_doomed or self._key_kept  # guard: kept-key-goes-with-file
        if self._removed():
            self._say(None)
        self._write_soon()

    def is_there(self) -> bool:
        """Whether a state lies on disk."""
        return self._file.is_there()

    def outdated(self) -> None:
        """What is written is no longer so: it is gone when this returns. What is saved next takes its place.

        What nobody could read yet stays: it may hold more than what was taken back.
        """
        if not self._settled:
            return
        self._forgotten += 1  # so that what is being written does not become the file
        self._removed()

    def _removed(self) -> bool:
        """Remove the file, or say why it can't be; whether it is gone."""
        try:
            with self._turn:
                self._file.remove()
        except errors.StateNotKept as problem:
            self._say(problem)
            return False
        return True

    async def close(self) -> None:
        """Write what is pending. It takes CLOSE_TIMEOUT seconds at most."""
        self._hurry.set()
        if not isinstance(self.problem, errors.KeychainDenied):
            self._write_soon()
        if self._loading is not None:
            self._loading.cancel()
        if self._writing is not None:
            await asyncio.wait({self._writing}, timeout=CLOSE_TIMEOUT)
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)

    # Reading.

    def _load_soon(self) -> asyncio.Task[bytes | None]:
        self._loading = asyncio.get_running_loop().create_task(self._load())
        return self._loading

    async def _load(self) -> bytes | None:
        forgotten = self._forgotten
        try:
            state, key, problem = *await self._read(), None
        except errors.StateRefused as refusal:
            state, key, problem = None, None, refusal
        except errors.KeychainUnavailable as unavailable:
            self._say(unavailable)
            return None
        except Exception as bug:  # noqa: BLE001 - the daemon starts whatever is the matter here
            self._say(_broke(bug))
            return None
        if self._forgotten != forgotten:
            return None
        self._settled, self._key = True, key
        self._say(problem)
        return state

    async def _read(self) -> tuple[bytes | None, bytes | None]:
        """The state and its key, or neither."""
        sealed = await run_in_daemon_thread(self._file.read)
        if sealed is None:
            self._key_kept = False
            return None, None
        key = await self._asked(self._keys.get)
        if key is None:
            raise refused(self._file.path, "has no key in the keychain any more")
        try:
            return await run_in_daemon_thread(lambda: unseal(key, sealed, os.geteuid())), key
        except ValueError as error:
            raise refused(self._file.path, str(error)) from None

    def _arrived(self, loading: asyncio.Task[bytes | None]) -> None:
        state = _outcome(loading)
        if state is not None:
            self._late(state)
        self._write_soon()

    # Writing.

    def _write_soon(self) -> None:
        idle = self._writing is None or self._writing.done()
        # guard: kept-nothing-before-it-is-read
        if self._settled and idle and (self._key_doomed or self._pending is not None):
            self._writing = asyncio.get_running_loop().create_task(self._write_all())

    async def _write_all(self) -> None:
        """Until nothing is left to do, or something is in the way: then the next look starts it again."""
        self._stuck = False
        try:
            while self._key_doomed or self._pending is not None:
                await (self._drop_key() if self._pending is None else self._write_newest())
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(PAUSE):
                        await self._hurry.wait()
        except (errors.KeychainUnavailable, errors.StateNotKept) as problem:
            self._stuck = True
            self._say(problem)
        except Exception as bug:  # noqa: BLE001 - nor does it end of it
            self._stuck = True
            self._say(_broke(bug))

    async def _drop_key(self) -> None:
        await self._asked(self._keys.drop)
        self._key_doomed = self._key_kept = False
        if isinstance(self.problem, errors.KeychainUnavailable):
            self._say(None)

    async def _write_newest(self) -> None:
        key = self._key or await self._new_key()
        if self._pending is None:
            return  # all was forgotten meanwhile, and the key will be deleted
        self._key, self._key_doomed = key, False
        state, self._pending = self._pending, None
        forgotten = self._forgotten
        try:
            await run_in_daemon_thread(lambda: self._write(state, key, forgotten))
        except errors.StateNotKept:
            if self._pending is None and self._forgotten == forgotten:
                self._pending = state
            raise
        if self._forgotten == forgotten:
            self._say(None)

    async def _new_key(self) -> bytes:
        key = os.urandom(KEY_BYTES)
        self._key_kept = True
        await self._asked(lambda: self._keys.put(key))
        return key

    def _write(self, state: bytes, key: bytes, forgotten: int) -> None:
        """In a thread: what is forgotten meanwhile must not come back."""

        def unless_forgotten(replace: Callable[[], None]) -> None:
            with self._turn:
                if self._forgotten == forgotten:  # guard: kept-nothing-of-before-forgetting
                    replace()

        self._file.write(seal(key, state, os.geteuid()), unless_forgotten)

    # Asking and telling.

    async def _asked(self, work: Callable[[], T]) -> T:
        """What the keychain says, however long that takes.

        Raises:
            KeychainUnavailable: it says nothing.
        """
        answer = run_in_daemon_thread(work)
        await asyncio.wait({answer}, timeout=PATIENCE)
        if not answer.done():
            self._say(_slow())
        try:
            return await answer
        except errors.KeychainUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - D-Bus and its libraries raise what they like
            raise errors.KeychainUnavailable(f"The keychain can't be asked ({type(error).__name__}).", AGAIN) from None

    def _say(self, problem: errors.XacctError | None) -> None:
        """Show a problem, or that there is none any more. Each is logged once."""
        # guard: kept-problem-holds-no-state
        before, self.problem = self.problem, None if problem is None else errors.bare(problem)
        if problem is None and before is not None:
            log.info("persistence works again")
        elif problem is not None and (before is None or before.sentence != problem.sentence):
            log.warning("persistence", why=problem.sentence)


async def switch_off(file: Path, keys: Keys) -> None:
    """Remove what was kept while persistence was on, and its key. No keychain is asked where there is nothing."""
    if SealedFile(file).is_there():
        store = KeychainStore(file, keys)
        store.forget()
        await store.close()


def _outcome(loading: asyncio.Task[bytes | None]) -> bytes | None:
    return None if loading.cancelled() else loading.result()


def _broke(bug: Exception) -> errors.StateNotKept:
    return errors.StateNotKept(f"Keeping state broke ({type(bug).__name__}).", AGAIN)


def _slow() -> errors.KeychainUnavailable:
    return errors.KeychainUnavailable("The keychain does not answer.", "A dialog of it may be open. " + AGAIN)
