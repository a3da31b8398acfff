"""The audit's lines, read: those of one moment in the order of their times, then whatever is added. Waits for the disk.

The files are what is read, also by who follows: so a follower that lags loses nothing, and a cursor, which says how far
somebody has read, holds over a new process of the daemon and over files that were put aside under another number.
"""

from __future__ import annotations

import contextlib
import os
import re
import zlib
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from xacct import wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from xacct.audit.file import AuditFile, Part

_FIRST = 256
"""Bytes of a file's first line that tell it from another which got the same inode later."""


class Place(NamedTuple):
    """A place in one file.

    Attributes:
        inode: the file's number.
        first: a checksum of the file's beginning.
        offset: bytes before it.
    """

    inode: int
    first: int
    offset: int


class Read(NamedTuple):
    """A line that was read.

    Attributes:
        raw: as it stands in the file, without its end.
        cursor: where it ends, for `Reader`.
    """

    line: wire.AuditLine
    raw: bytes
    cursor: str


class Reader:
    """Lines of several files.

    Args:
        files: the files, always in the same order.
        after: the cursor of the last line that was read before; empty: from the oldest line on.

    Raises:
        ValueError: `after` is no cursor.
    """

    def __init__(self, files: Iterable[AuditFile], after: str = "") -> None:
        files = list(files)
        self._chains = [_Chain(file, place) for file, place in zip(files, _places(after, len(files)), strict=True)]
        self._lines = self._merged(chain.known() for chain in self._chains)

    def some(self, number: int) -> list[Read]:
        """The next lines, up to `number`; empty: there are no more now."""
        found = list(islice(self._lines, number))
        if not found:
            self._lines = self._merged(chain.added() for chain in self._chains)
            found = list(islice(self._lines, number))
        return found

    @property
    def cursor(self) -> str:
        """Where the last line ends that was read."""
        return "_".join(_spelled(chain.place) for chain in self._chains)

    def close(self) -> None:
        """Let go of the files."""
        for chain in self._chains:
            chain.close()

    def _merged(self, each: Iterable[Iterator[_Line]]) -> Iterator[Read]:
        for line, raw, chain, place in merge(*each, key=lambda found: found[0]["time"]):
            chain.place = place
            yield Read(line, raw, self.cursor)


class _Chain:
    """One file and its predecessors, of which those that were read are let go of.

    Attributes:
        place: where the last line that was taken ends; None: nothing was.
    """

    def __init__(self, file: AuditFile, after: Place | None) -> None:
        self._file = file
        self._parts = file.parts()
        self.place = after
        if after is not None:
            self._skip_to(after)

    def known(self) -> Iterator[_Line]:
        """What there was at first."""
        for part in list(self._parts):
            yield from self._of(part, part.size)

    def added(self) -> Iterator[_Line]:
        """What has come since, over any number of files that were put aside."""
        while True:
            last = self._parts[-1] if self._parts else None
            if last is not None:
                yield from self._of(last)
            newer = self._newer(last)
            if not newer:
                return
            if last is not None:
                yield from self._of(last)  # what was added before it was put aside
            self.close()
            self._parts = newer
            for part in newer[:-1]:
                yield from self._of(part)

    def close(self) -> None:
        """Let go of the files."""
        for part in self._parts:
            part.file.close()
        self._parts = []

    def _skip_to(self, after: Place) -> None:
        """Pass over what was read before. A file that is there no more was older than all that are."""
        for number, part in enumerate(self._parts):
            # guard: audit-cursor-tells-files-apart
            if part.inode == after.inode and part.size >= after.offset and _first(part) == after.first:
                for older in self._parts[:number]:
                    older.file.close()
                del self._parts[:number]
                part.file.seek(after.offset)
                return

    def _newer(self, last: Part | None) -> list[Part]:
        """The files that were begun after this one."""
        parts = self._file.parts()
        there = [number for number, part in enumerate(parts) if last is not None and part.inode == last.inode]
        if there:
            newer = parts[there[0] + 1 :]
        else:  # somebody has removed ours, or it was the oldest
            changed = _changed(last) if last is not None else -1
            newer = [part for part in parts if part.changed >= changed]
        for part in parts:
            if part not in newer:
                part.file.close()
        return newer

    def _of(self, part: Part, end: float = float("inf")) -> Iterator[_Line]:
        """Whole lines of a part, from where it was read to."""
        first = None
        while part.file.tell() < end:
            before = part.file.tell()
            raw = part.file.readline()
            if not raw.endswith(b"\n"):  # guard: audit-reader-waits-for-whole-line
                part.file.seek(before)
                return
            first = _first(part) if first is None else first
            with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # somebody else's words
                line = msgspec.json.decode(raw, type=wire.AuditLine)
                yield line, raw.strip(), self, Place(part.inode, first, before + len(raw))


if TYPE_CHECKING:
    _Line = tuple[wire.AuditLine, bytes, _Chain, Place]


def _first(part: Part) -> int:
    """A checksum of a part's first line, which has been written whole."""
    there = part.file.tell()
    part.file.seek(0)
    first = part.file.readline(_FIRST)
    part.file.seek(there)
    return zlib.crc32(first)


def _changed(part: Part) -> int:
    return os.fstat(part.file.fileno()).st_mtime_ns


def _spelled(place: Place | None) -> str:
    return "0" if place is None else ".".join(f"{number:x}" for number in place)


def _places(cursor: str, number: int) -> list[Place | None]:
    if not cursor:
        return [None] * number
    words = cursor.split("_")
    if len(words) != number or not all(re.fullmatch(r"0|[0-9a-f]{1,16}(\.[0-9a-f]{1,16}){2}", word) for word in words):
        raise ValueError(cursor)
    return [None if word == "0" else Place(*(int(part, 16) for part in word.split("."))) for word in words]
