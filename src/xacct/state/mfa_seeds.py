"""TOTP seeds of MFA devices in the operating system's keychain, and a file that says which devices have one.

A seed is read when a code is needed, and held no longer than that takes.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import msgspec
import structlog

from xacct import errors
from xacct.host.threads import run_in_daemon_thread
from xacct.state import rows_file
from xacct.state.asking import Asking
from xacct.state.totp import Seed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from xacct.state.key_items import Items

log = structlog.get_logger("xacct.state")

PATIENCE = 3.0
"""Seconds that a prompt waits for the keychain."""

WRITE_PATIENCE = 10.0
"""Seconds that a command waits: somebody sits there who may answer a dialog of the keychain's."""

MOST_BYTES = 256 * 1024
MOST = 100

_Serial = Annotated[str, msgspec.Meta(pattern=r"\A[\w+=/:,.@-]{9,256}\Z")]


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One device whose seed is in the keychain; `added` in Unix seconds."""

    serial: _Serial
    added: Annotated[float, msgspec.Meta(gt=0, lt=1e11)]


_Rows = Annotated[tuple[Row, ...], msgspec.Meta(max_length=MOST)]


class MfaSeeds:
    """The seeds in the keychain.

    Attributes:
        rows: of which devices there are.
        problem: why that is not known.

    Args:
        index: the file that lists them.
        items: the keychain.
        now: AWS's time, as well as it is known.
    """

    def __init__(self, index: Path, items: Items, now: Callable[[], float]) -> None:
        self.rows: tuple[Row, ...] = ()
        self.problem: errors.StateNotKept | None = None
        self._index = index
        self._asking = Asking(items)
        self._now = now
        self._turn = asyncio.Lock()
        self.read_index()

    def read_index(self) -> None:
        """Read which there are."""
        try:
            self.rows, self.problem = _read(self._index), None
        except errors.StateNotKept as problem:
            self.problem = problem
            log.warning("stored seeds", why=problem.sentence)

    def added(self, serial: str) -> float | None:
        """When the one of this device was stored (Unix seconds); None: there is none."""
        return next((row.added for row in self.rows if row.serial == serial), None)

    async def code(self, serial: str) -> str:
        """The device's code of now.

        Raises:
            KeychainUnavailable: the keychain can't be asked, or has no seed of it.
        """
        return (await self._seed(serial, PATIENCE)).code(self._now())

    async def add(self, serial: str, seed: Seed) -> Row:
        """Keep a seed, read back from the keychain and compared. What fails leaves nothing there.

        Raises:
            BadInput: there is one of the device already, or there are too many.
            KeychainUnavailable: the keychain can't be used.
            StateNotKept: the list can't be written.
        """
        async with self._turn:
            self._demand_index()
            await self._asking.settled(WRITE_PATIENCE)
            if self.added(serial) is not None:  # guard: seed-is-not-overwritten
                raise errors.BadInput(f"There is a stored seed of {serial} already.", f"xacctctl mfa remove {serial}")
            if len(self.rows) >= MOST:
                raise errors.BadInput(f"There are {MOST} stored seeds already.", "xacctctl mfa list")
            try:
                label = f"xacct: TOTP seed of the MFA device {serial}"
                await self._asking.put(serial, label, msgspec.json.encode(seed), WRITE_PATIENCE)
                _demand_same(await self._seed(serial, WRITE_PATIENCE), seed)
                row = Row(serial=serial, added=self._now())
                await self._write([*self.rows, row])
            except BaseException:
                await self._asking.undo(serial, PATIENCE)  # guard: seed-that-is-not-kept-whole-is-taken-back
                raise
        return row

    async def drop(self, serial: str) -> None:
        """Keep none of a device any more.

        Raises:
            BadInput: there is none.
            KeychainUnavailable: the keychain can't be used; nothing was changed.
            StateNotKept: the list can't be written.
        """
        async with self._turn:
            self._demand_index()
            if self.added(serial) is None:
                raise errors.BadInput(f"There is no stored seed of {serial}.", "xacctctl mfa list")
            await self._asking.settled(WRITE_PATIENCE)
            await self._asking.drop(serial, WRITE_PATIENCE)
            await self._write([row for row in self.rows if row.serial != serial])

    async def _seed(self, serial: str, patience: float) -> Seed:
        kept = await self._asking.read(serial, patience)
        if kept is None:
            raise errors.KeychainUnavailable(f"The seed of {serial} is no longer in the keychain.", _again(serial))
        try:
            return msgspec.json.decode(kept, type=Seed)
        except (msgspec.MsgspecError, UnicodeError):
            raise errors.KeychainUnavailable(
                f"What the keychain has for {serial} is no seed.", _again(serial)
            ) from None

    def _demand_index(self) -> None:
        if self.problem is not None:
            raise self.problem

    async def _write(self, rows: list[Row]) -> None:
        await run_in_daemon_thread(lambda: rows_file.write(self._index, rows))
        self.rows = tuple(rows)


def _demand_same(kept: Seed, seed: Seed) -> None:
    if kept != seed:  # guard: keychain-gives-back-the-seed
        raise errors.KeychainUnavailable(
            "The keychain does not give back what it was given.", "Look at it with its own program."
        )


def _again(serial: str) -> str:
    return f"xacctctl mfa remove {serial}; then xacctctl mfa add {serial}"


def _read(path: Path) -> tuple[Row, ...]:
    again = "add the seeds again: xacctctl mfa add SERIAL"
    rows: tuple[Row, ...] = rows_file.read(path, _Rows, MOST_BYTES, what="the stored seeds", again=again)
    return rows
