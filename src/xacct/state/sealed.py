"""The sealed file: bytes on disk that one key opens, and that nobody can change unnoticed.

    magic (10) | version (1) | nonce (12) | AES-256-GCM of the state, with its tag (16)

Magic, version, purpose and uid are bound to the content: a file of another user, format or purpose does not open.
Everything here waits for the disk: call it in a thread.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from xacct import errors, fileio

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
MAGIC = b"xacct-seal"
VERSION = b"\x01"
PURPOSE = b"keeper state"
NONCE_BYTES = 12
TAG_BYTES = 16
HEAD_BYTES = len(MAGIC) + len(VERSION) + NONCE_BYTES

MOST_BYTES = 16 * 1024 * 1024
"""A file larger than this is not ours: a thousand roles are less than a fifth of it."""


def seal(key: bytes, state: bytes, uid: int) -> bytes:
    """The state, for the disk."""
    nonce = os.urandom(NONCE_BYTES)  # guard: sealed-nonce-for-each
    return MAGIC + VERSION + nonce + _cipher(key).encrypt(nonce, state, _bound(uid))


def unseal(key: bytes, sealed: bytes, uid: int) -> bytes:
    """The state that was sealed.

    Raises:
        ValueError: these bytes are not what was sealed with this key for this user; why, in a few words.
    """
    if not sealed.startswith(MAGIC):
        raise ValueError("is none of xacct's")
    if not sealed.startswith(VERSION, len(MAGIC)):
        raise ValueError("was written by another version of xacct")
    if len(sealed) < HEAD_BYTES + TAG_BYTES:
        raise ValueError("was cut short")
    cipher = _cipher(key)
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - only where persistence is on

    try:
        return cipher.decrypt(sealed[HEAD_BYTES - NONCE_BYTES : HEAD_BYTES], sealed[HEAD_BYTES:], _bound(uid))
    except InvalidTag:
        raise ValueError("was changed, or sealed with another key") from None  # guard: sealed-changed-file-is-refused


def _bound(uid: int) -> bytes:
    # guard: sealed-bound-to-user-and-purpose, sealed-bound-to-its-version
    return b"\0".join((MAGIC + VERSION, PURPOSE, str(uid).encode()))


def _cipher(key: bytes) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - only where persistence is on

    return AESGCM(key)


class SealedFile:
    """One sealed file, 0600, replaced as a whole."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> bytes | None:
        """What is in it; None if there is none.

        Raises:
            StateRefused: it is not ours alone, or can't be read.
        """
        try:
            descriptor = fileio.open_regular(self.path, os.O_RDONLY | os.O_NOFOLLOW)  # guard: sealed-no-symlink-is-read
            with os.fdopen(descriptor, "rb") as file:
                self._check(os.fstat(descriptor))
                return file.read(MOST_BYTES)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise refused(self.path, f"can't be read ({error.strerror})") from None

    def _check(self, status: os.stat_result) -> None:
        if status.st_uid != os.geteuid():  # guard: sealed-not-of-others
            raise refused(self.path, "belongs to somebody else")
        if status.st_mode & 0o077:  # guard: sealed-not-open-to-others
            raise refused(self.path, "is open to others")
        if status.st_size > MOST_BYTES:  # guard: sealed-bounded-size
            raise refused(self.path, "is far too large")

    def write(self, sealed: bytes, replace: Callable[[Callable[[], None]], None]) -> None:
        """Put these bytes in its place: whoever looks, at any instant, finds the old ones or the new ones.

        Args:
            sealed: at most MOST_BYTES.
            replace: calls what it is given to make them the file; or does not, and the old ones stay.

        Raises:
            StateNotKept: they could not be written; the old ones are still there.
        """
        if len(sealed) > MOST_BYTES:
            raise errors.StateNotKept(f"The state can't be kept in {self.path} (it is far too large).")
        try:
            fileio.write_private(self.path, sealed, put=replace)
        except OSError as error:
            raise errors.StateNotKept(f"The state can't be kept in {self.path} ({error.strerror}).") from None

    def is_there(self) -> bool:
        """Whether anything is in its place, even what is no file of ours."""
        return os.path.lexists(self.path) or os.path.lexists(fileio.draft(self.path))

    def remove(self) -> None:
        """Leave nothing behind.

        Raises:
            StateNotKept: it can't be removed.
        """
        try:
            for path in (Path(fileio.draft(self.path)), self.path):
                path.unlink(missing_ok=True)
        except OSError as error:
            raise errors.StateNotKept(f"The kept state {self.path} can't be removed ({error.strerror}).") from None


def refused(path: Path, why: str) -> errors.StateRefused:
    """The error for a file that is not taken."""
    return errors.StateRefused(f"The kept state {path} {why}: it was not used.")
