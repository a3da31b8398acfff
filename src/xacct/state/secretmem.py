"""Memory that only its owner reads: memfd_secret(2), with two slots, so that a kill at any moment leaves one whole.

A plain memfd in the service manager could be opened by every process of the user, by /proc/MANAGER/fd; this one can't
be opened again (ENXIO), is in no core, and never in swap. It is read by mapping the descriptor itself. Standard
library only: the first thing a restarted daemon does is to read it.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import struct
import sys
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_MEMFD_SECRET = 447
"""memfd_secret's number: the same on every architecture that has it (Linux 5.14, include/uapi/asm-generic/unistd.h)."""

_MAGIC = b"xacct-secret-1\n\0"
_SLOT = struct.Struct("=QQ32s")
"""At the head of a slot: sequence number, length, and the SHA-256 of both and the data."""

SMALLEST = 256 * 1024
"""Bytes of a slot at first: a hundred roles. It counts against RLIMIT_MEMLOCK, 8 MiB for most users."""


class Unavailable(Exception):
    """This kernel has no secret memory for us, or not enough; `str()` says why."""


class SecretMemory:
    """Two slots of secret memory, the one with the higher sequence number in force.

    Args:
        descriptor: a memfd_secret, which this object owns from now on.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        try:
            self._map = mmap.mmap(descriptor, 0)
        except (OSError, ValueError) as error:
            os.close(descriptor)
            raise Unavailable(f"The secret memory can't be mapped ({error}).") from None
        self.capacity = (len(self._map) - len(_MAGIC)) // 2 - _SLOT.size
        self.sequence = max((number for number, _ in self._whole()), default=0)

    @classmethod
    def make(cls, capacity: int = SMALLEST) -> SecretMemory:
        """New secret memory that holds so many bytes.

        Raises:
            Unavailable: the kernel has none, or RLIMIT_MEMLOCK leaves none.
        """
        if sys.platform != "linux":
            raise Unavailable("Only Linux has secret memory.")
        libc = ctypes.CDLL(None, use_errno=True)
        descriptor = libc.syscall(_MEMFD_SECRET, os.O_CLOEXEC)  # guard: memory-nobody-can-open
        if descriptor < 0:
            raise Unavailable(f"The kernel gives no secret memory ({os.strerror(ctypes.get_errno())}).")
        size = len(_MAGIC) + 2 * (_SLOT.size + capacity)
        try:
            os.ftruncate(descriptor, -(-size // mmap.PAGESIZE) * mmap.PAGESIZE)
        except OSError as error:
            os.close(descriptor)
            raise Unavailable(f"The secret memory can't be given its size ({error.strerror}).") from None
        made = cls(descriptor)
        made._map[: len(_MAGIC)] = _MAGIC
        return made

    def write(self, data: bytes | bytearray, sequence: int | None = None) -> None:
        """Commit these bytes, and overwrite the ones before.

        Args:
            data: no more bytes than it can hold.
            sequence: the number they get; the next one by default.
        """
        number = self.sequence + 1 if sequence is None else sequence
        at, other = self._offset(number), self._offset(number + 1)
        start = at + _SLOT.size
        self._map[start : start + len(data)] = data
        self._map[at:start] = _SLOT.pack(number, len(data), _digest(number, data))
        self.sequence = number
        # Only now, with the new ones in force: what was let go of must not lie about until the next commit.
        with memoryview(self._map) as view:
            length = min(_SLOT.unpack_from(view, other)[1], self.capacity)
            # guard: restart-what-was-let-go-of-is-overwritten
            view[other : other + _SLOT.size + length] = bytes(_SLOT.size + length)

    def read(self) -> tuple[int, bytes] | None:
        """The sequence number in force and its bytes; None where nothing whole has been committed."""
        return max(self._whole(), default=None)

    def close(self) -> None:
        """Let go of it. Where a descriptor of it is kept elsewhere, it lives on."""
        self._map.close()
        os.close(self.descriptor)

    def _offset(self, number: int) -> int:
        return len(_MAGIC) + (number % 2) * (_SLOT.size + self.capacity)

    def _whole(self) -> list[tuple[int, bytes]]:
        if self._map[: len(_MAGIC)] != _MAGIC:
            return []
        found = []
        for parity in (0, 1):
            at = self._offset(parity)
            number, length, digest = _SLOT.unpack_from(self._map, at)
            start = at + _SLOT.size
            if number % 2 == parity and number > 0 and length <= self.capacity:
                data = self._map[start : start + length]
                if digest == _digest(number, data):  # guard: restart-torn-state-is-none
                    found.append((number, data))
        return found


def _digest(number: int, data: bytes | bytearray) -> bytes:
    digest = sha256(struct.pack("=QQ", number, len(data)))
    digest.update(data)
    return digest.digest()


def latest(descriptors: Iterable[int]) -> SecretMemory | None:
    """The one with the highest sequence number; the others, and whatever is none of ours, are closed."""
    best: SecretMemory | None = None
    for descriptor in descriptors:
        with contextlib.suppress(Unavailable):
            found = SecretMemory(descriptor)
            if found.sequence > (best.sequence if best else 0):
                best, found = found, best
            if found is not None:
                found.close()
    return best
