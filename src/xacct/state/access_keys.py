"""Access keys in the operating system's keychain: asked for in threads, with time limits, and each once.

What the keychain has given is held in memory until it is removed or the daemon ends, so that a keychain that is locked
later holds nothing up. Nothing waits for the keychain longer than a limit; what it answers later is there for the next
who asks.
"""

from __future__ import annotations

import asyncio
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec
import structlog

from xacct import errors
from xacct.host.threads import run_in_daemon_thread
from xacct.model import Credentials
from xacct.state import key_index, rows_file
from xacct.state.asking import Asking
from xacct.state.key_index import Row, account

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from xacct.state.key_index import Rotation, Where
    from xacct.state.key_items import Items

log = structlog.get_logger("xacct.state")

PATIENCE = 3.0
"""Seconds that a fetch waits for the keychain."""

WRITE_PATIENCE = 10.0
"""Seconds that a command waits: somebody sits there who may answer a dialog of the keychain's."""


class AccessKeys:
    """The access keys in the keychain.

    Attributes:
        rows: which there are.
        problem: why that is not known.

    Args:
        index: the file that lists them.
        items: the keychain.
        now: AWS's time.
    """

    def __init__(self, index: Path, items: Items, now: Callable[[], float]) -> None:
        self.rows: tuple[Row, ...] = ()
        self.problem: errors.StateNotKept | None = None
        self._index = index
        self._asking = Asking(items)
        self._now = now
        self._held: dict[str, Credentials] = {}
        self._turn = asyncio.Lock()
        self.read_index()

    def read_index(self) -> bool:
        """Read which keys there are; whether that is another answer than before."""
        before = self.rows
        try:
            self.rows, self.problem = key_index.read(self._index), None
        except errors.StateNotKept as problem:
            self.problem = problem
            log.warning("access keys in the keychain", why=problem.sentence)
        return self.rows != before

    def of_files(self, where: Where) -> Mapping[str, str]:
        """The profiles of these files that have a key in the keychain, each with a digest that tells whose it is."""
        # guard: key-in-keychain-is-of-its-files
        return {row.profile: row.source or row.digest for row in self.rows if row.where == where}

    def row(self, where: Where, profile: str) -> Row:
        """What is known of a profile's key.

        Raises:
            BadInput: there is none.
        """
        for row in self.rows:
            if (row.where, row.profile) == (where, profile):
                return row
        raise errors.BadInput(
            f"There is no access key of the profile {profile!r} in the keychain.", "xacctctl keys list"
        )

    async def get(self, where: Where, profile: str) -> Credentials:
        """The access key of a profile, from memory if the keychain has given it before.

        Raises:
            SourceLocked: the keychain is locked, or does not answer in time.
            SourceUnusable: there is no such key, or no keychain.
        """
        name = account(where, profile)
        if name not in self._held:  # guard: keychain-is-asked-once
            try:
                kept = await self._asking.read(name, PATIENCE)
            except (errors.KeychainLocked, errors.KeychainSlow) as why:
                raise errors.SourceLocked(
                    f"The access key of {profile!r} is in the keychain. {why}", why.hint
                ) from None
            except errors.KeychainUnavailable as why:
                hint = "Try again, and allow it." if isinstance(why, errors.KeychainDenied) else why.hint
                raise errors.SourceUnusable(
                    f"The access key of {profile!r} is in the keychain. {why.sentence}", hint
                ) from None
            keys = _decoded(kept, profile)
            # guard: another-key-in-its-place-is-not-used
            if digest(keys.access_key_id) not in self._taken(where, profile):
                raise errors.SourceUnusable(
                    f"The keychain has another access key for {profile!r} than was added with xacctctl.",
                    f"If that is meant: xacctctl keys remove {profile}; then xacctctl keys add {profile}",
                )
            self._hold(name, keys)
        return self._held[name]

    async def read_back(self, where: Where, profile: str) -> Credentials:
        """The access key of a profile as the keychain has it now, whatever is in memory.

        Raises:
            KeychainUnavailable: it can't be asked.
            SourceUnusable: it has no such key.
        """
        return _decoded(await self._asking.read(account(where, profile), WRITE_PATIENCE), profile)

    async def add(self, where: Where, profile: str, keys: Credentials) -> Row:
        """Keep a key, read back from the keychain and compared. What fails leaves nothing there.

        Raises:
            KeychainUnavailable: the keychain can't be used.
            StateNotKept: the list of keys can't be written.
            SourceUnusable: the keychain does not give back what it was given.
            BadInput: there is a key of the profile already.
        """
        name = account(where, profile)
        async with self._turn:
            self._demand_index()
            await self._asking.settled(WRITE_PATIENCE)
            if profile in self.of_files(where):  # guard: key-in-keychain-is-not-overwritten
                raise errors.BadInput(
                    f"The keychain has an access key of the profile {profile!r} already.",
                    f"xacctctl keys remove {profile}",
                )
            try:
                await self._asking.put(name, _label(profile), _encoded(keys), WRITE_PATIENCE)
                _demand_same(await self.read_back(where, profile), keys)
                row = self._row(where, profile, keys)
                await self._write([*self.rows, row])
            except BaseException:
                self._held.pop(name, None)
                await self._asking.undo(name, PATIENCE)  # guard: key-that-is-not-kept-whole-is-taken-back
                raise
            self._hold(name, keys)
        return row

    async def note(self, where: Where, profile: str, rotation: Rotation | None) -> None:
        """Write down how far a rotation is, before it goes on.

        Raises:
            BadInput: there is no such key any more.
            StateNotKept: that can't be written.
        """
        async with self._turn:
            self._demand_index()
            await self._exchange(msgspec.structs.replace(self.row(where, profile), rotation=rotation))

    async def switch(self, where: Where, profile: str, keys: Credentials, rotation: Rotation | None) -> None:
        """Keep another key of the same user in a key's place, read back and compared. What fails leaves what was there.

        Raises:
            KeychainUnavailable: the keychain can't be used.
            SourceUnusable: it does not give back what it was given.
            StateNotKept: the list of keys can't be written.
        """
        name = account(where, profile)
        async with self._turn:
            self._demand_index()
            await self._asking.settled(WRITE_PATIENCE)
            row = self.row(where, profile)
            before = self._held.get(name) or await self.read_back(where, profile)
            try:
                await self._asking.put(name, _label(profile), _encoded(keys), WRITE_PATIENCE, _encoded(before))
                _demand_same(await self.read_back(where, profile), keys)
                await self._exchange(
                    msgspec.structs.replace(
                        row,
                        ends=keys.access_key_id[-4:],
                        digest=digest(keys.access_key_id),
                        source=row.source or row.digest,
                        rotation=rotation,
                    )
                )
            except BaseException:
                await self._put_back(name, profile, before)  # guard: key-that-is-not-switched-to-is-put-back
                raise
            self._hold(name, keys)

    async def _put_back(self, name: str, profile: str, keys: Credentials) -> None:
        """Have what was there before, as far as the keychain takes it; while a rotation is written down both count."""
        self._hold(name, keys)
        try:
            await self._asking.settled(WRITE_PATIENCE)
            await self._asking.put(name, _label(profile), _encoded(keys), WRITE_PATIENCE, _encoded(keys))
        except errors.KeychainUnavailable as problem:
            log.warning("access key not put back", why=problem.sentence)

    async def _exchange(self, row: Row) -> None:
        rows = [row if (each.where, each.profile) == (row.where, row.profile) else each for each in self.rows]
        await self._write(rows)

    def _taken(self, where: Where, profile: str) -> set[str]:
        return {each for row in self.rows if (row.where, row.profile) == (where, profile) for each in row.taken}

    async def drop(self, where: Where, profile: str) -> None:
        """Keep no key of a profile any more.

        Raises:
            BadInput: there is none.
            KeychainUnavailable: the keychain can't be used; nothing was changed.
            StateNotKept: the list of keys can't be written.
        """
        async with self._turn:
            self._demand_index()
            if profile not in self.of_files(where):
                raise errors.BadInput(
                    f"There is no access key of the profile {profile!r} in the keychain.", "xacctctl keys list"
                )
            name = account(where, profile)
            await self._asking.settled(WRITE_PATIENCE)
            await self._asking.drop(name, WRITE_PATIENCE)
            self._held.pop(name, None)
            await self._write([row for row in self.rows if (row.where, row.profile) != (where, profile)])

    def _demand_index(self) -> None:
        if self.problem is not None:
            raise self.problem

    def _hold(self, name: str, keys: Credentials) -> None:
        self._held[name] = keys

    def _row(self, where: Where, profile: str, keys: Credentials) -> Row:
        return Row(
            profile=profile,
            config=where[0],
            credentials=where[1],
            ends=keys.access_key_id[-4:],
            digest=digest(keys.access_key_id),
            added=self._now(),
        )

    async def _write(self, rows: list[Row]) -> None:
        await run_in_daemon_thread(lambda: rows_file.write(self._index, rows))
        self.rows = tuple(rows)


def _demand_same(kept: Credentials, keys: Credentials) -> None:
    # guard: keychain-gives-back-what-it-was-given
    if (kept.access_key_id, kept.secret_access_key) != (keys.access_key_id, keys.secret_access_key):
        raise errors.SourceUnusable(
            "The keychain does not give back what it was given.", "Look at it with its own program."
        )


def digest(access_key_id: str) -> str:
    """What tells one access key from another without naming it."""
    return sha256(access_key_id.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _label(profile: str) -> str:
    return f"xacct: access key of the AWS profile {profile}"


def _encoded(keys: Credentials) -> bytes:
    return msgspec.json.encode(
        {"aws_access_key_id": keys.access_key_id, "aws_secret_access_key": keys.secret_access_key}
    )


def _decoded(kept: bytes | None, profile: str) -> Credentials:
    """The key of an item.

    Raises:
        SourceUnusable: there is none, or something else was put there.
    """
    hint = f"xacctctl keys remove {profile}; then xacctctl keys add {profile}"
    if kept is None:
        raise errors.SourceUnusable(f"The access key of {profile!r} is no longer in the keychain.", hint)
    try:
        found = msgspec.json.decode(kept, type=dict[str, str])
        return Credentials(found["aws_access_key_id"], found["aws_secret_access_key"])
    except (msgspec.MsgspecError, UnicodeError, KeyError):
        raise errors.SourceUnusable(f"What the keychain has for {profile!r} is no access key.", hint) from None
