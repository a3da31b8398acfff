"""audit.jsonl: private, rotated by size, whole lines only. Everything here waits for the disk: call it in a thread."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import msgspec

from xacct import wire

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
"""NONBLOCK: a FIFO that somebody has put there must not hold us up."""

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class AuditFile:
    """The file and its predecessors: audit.jsonl, audit.jsonl.1 (the youngest) to audit.jsonl.KEEP.

    Args:
        path: of audit.jsonl.
        max_bytes: size it does not grow past.
        keep: how many predecessors are kept.
    """

    def __init__(self, path: Path, max_bytes: int, keep: int) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._keep = keep

    def append(self, lines: bytes) -> None:
        """Add whole lines, in a new file where they don't fit.

        Raises:
            OSError: they could not be added; nothing of them is in the file.
        """
        descriptor = self._open()
        try:
            if 0 < os.fstat(descriptor).st_size > self._max_bytes - len(lines):
                self._rotate()
                os.close(descriptor)
                descriptor = -1
                descriptor = self._open()
            _write_whole(descriptor, lines)
        finally:
            if descriptor >= 0:
                os.close(descriptor)

    def snapshot(self) -> Snapshot:
        """What is in the files now, the oldest first; rotation meanwhile takes nothing away."""
        parts = []
        for path in [*(self._old(n) for n in range(self._keep, 0, -1)), self.path]:
            with contextlib.suppress(OSError):
                parts.append(_part(path))
        return Snapshot(parts)

    def _open(self) -> int:
        descriptor = os.open(self.path, _FLAGS, 0o600)
        try:
            if _ordinary(descriptor).st_mode & 0o077:
                os.fchmod(descriptor, 0o600)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _rotate(self) -> None:
        number = max(1, self._keep)
        while self._old(number).exists():  # the last one, and what was kept when more were
            self._old(number).unlink()
            number += 1
        if not self._keep:
            self.path.unlink()
            return
        for number in range(self._keep - 1, 0, -1):
            with contextlib.suppress(FileNotFoundError):
                self._old(number).replace(self._old(number + 1))
        self.path.replace(self._old(1))

    def _old(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")


class _Part(NamedTuple):
    file: BinaryIO
    size: int


class Snapshot:
    """The lines that were there at one moment."""

    def __init__(self, parts: list[_Part]) -> None:
        self._parts = parts
        self.lines = self._all()

    def some(self, number: int) -> list[wire.AuditLine]:
        """The next lines, up to `number` of them; empty at the end."""
        return list(islice(self.lines, number))

    def close(self) -> None:
        """Let go of the files."""
        for part in self._parts:
            part.file.close()

    def _all(self) -> Iterator[wire.AuditLine]:
        for file, size in self._parts:
            while file.tell() < size and (raw := file.readline()):
                with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):  # somebody else's words
                    yield msgspec.json.decode(raw, type=wire.AuditLine)


class Merged:
    """The lines of several files as they were at one moment, in the order of their times."""

    def __init__(self, snapshots: list[Snapshot]) -> None:
        self._snapshots = snapshots
        self._lines = merge(*(snapshot.lines for snapshot in snapshots), key=lambda line: line["time"])

    def some(self, number: int) -> list[wire.AuditLine]:
        """The next lines, up to `number` of them; empty at the end."""
        return list(islice(self._lines, number))

    def close(self) -> None:
        """Let go of the files."""
        for snapshot in self._snapshots:
            snapshot.close()


def _part(path: Path) -> _Part:
    descriptor = os.open(path, _READ)
    try:
        size = _ordinary(descriptor).st_size
        return _Part(os.fdopen(descriptor, "rb"), size)
    except BaseException:
        os.close(descriptor)
        raise


def _ordinary(descriptor: int) -> os.stat_result:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is no ordinary file")
    return status


def _write_whole(descriptor: int, lines: bytes) -> None:
    """All or nothing: half a line would spoil the one after it."""
    before = os.fstat(descriptor).st_size
    try:
        _write(descriptor, lines)
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, before)
        raise


def _write(descriptor: int, lines: bytes) -> None:
    if os.write(descriptor, lines) < len(lines):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # a disk that fills up says so by writing less
