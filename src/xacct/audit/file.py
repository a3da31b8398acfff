"""audit.jsonl: private, rotated by size, whole lines only. Everything here waits for the disk: call it in a thread."""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from xacct import fileio

if TYPE_CHECKING:
    from pathlib import Path


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

    def parts(self) -> list[Part]:
        """What is in the files now, the oldest first; rotation meanwhile takes nothing away."""
        found = []
        for path in [*(self._old(n) for n in range(self._keep, 0, -1)), self.path]:
            with contextlib.suppress(OSError):
                descriptor = fileio.open_regular(path, os.O_RDONLY | os.O_NOFOLLOW)
                about = os.fstat(descriptor)
                found.append(Part(os.fdopen(descriptor, "rb"), about.st_size, about.st_ino, about.st_mtime_ns))
        return found

    def _open(self) -> int:
        descriptor = fileio.open_regular(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW)
        try:
            if os.fstat(descriptor).st_mode & 0o077:
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


class Part(NamedTuple):
    """An open file, and what it was at that moment.

    Attributes:
        size: bytes.
        inode: its number, which a name that it is given later does not change.
        changed: nanoseconds, when it was last written to.
    """

    file: BinaryIO
    size: int
    inode: int
    changed: int


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
