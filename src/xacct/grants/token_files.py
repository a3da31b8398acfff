"""The files that grants' tokens are read from, and what stands there once a grant has ended.

Some SDKs read the file again at each fetch. A file that is gone makes them fail with `[Errno 2]`; with one that holds a
word that is no token they ask, and get our refusal, which says what has ended and what to type.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xacct import errors, fileio

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

ENDED = b"ended"
"""What the file of an ended grant holds: a legal header value, and no token."""

ELSEWHERE = b"elsewhere"
"""What the file of a grant holds whose token only its owner knows any more."""

KEPT_FOR = 7 * 86400.0
"""Seconds for which such a file stays: programs that were started in a shell may outlive it by days."""

KEPT = 1000
"""How many stay at most; the oldest go. A page of memory each, where the runtime directory is one."""

LONGEST = 1024
"""Bytes of a token's file, at most."""

_NAME = re.compile(r"[0-9a-f]{8}")


@dataclass(slots=True)
class TokenFiles:
    """The files of one directory, each called like its grant.

    Args:
        directory: where they are.
        now: Unix time in seconds (AWS's, which is near enough to how files are stamped).
    """

    directory: Path
    now: Callable[[], float]
    _ends: int = field(default=0, repr=False)

    def write(self, name: str, token: str) -> Path:
        """Write the token of a new grant, without a newline: JS v3, Go and Rust refuse one.

        Raises:
            StateNotKept: it can't be written.
        """
        file = self.directory / name
        try:
            fileio.write_new(file, token.encode("ascii"))
        except OSError as error:
            raise errors.StateNotKept(
                f"The token file {file} can't be written ({error.strerror}).", "Check its directory and the disk."
            ) from None
        return file

    def end(self, name: str) -> bool:
        """Write the word for "ended" over a token. Returns whether the next daemon can see that."""
        file = self.directory / name
        try:
            fileio.write_private(file, ENDED)
        except OSError:
            try:
                file.unlink()  # a full disk: then at least the token goes
            except OSError:
                return False
        self._ends += 1
        if self._ends % (KEPT // 10) == 0:
            self._drop_oldest()
        return True

    def says_ended(self, name: str) -> bool:
        """Whether the file of a grant says that it has ended, or was removed to say so where the disk was full.

        Where no grant has a file the directory was emptied, as by a reboot: that says nothing.
        """
        file = self.directory / name
        try:
            return _is_ended(file) if file.exists() else any(self._files())
        except OSError:
            return False

    def can_tell(self) -> bool:
        """Whether what the files say is all that there was to say: there are some, and they can be written."""
        return fileio.takes_files(self.directory) and any(self._files())

    def stand_in(self, name: str) -> None:
        """Put a file, without a token, where a reboot took a grant's: then one that is missing says "ended"."""
        with contextlib.suppress(OSError):  # FileExistsError: it has one
            fileio.write_new(self.directory / name, ELSEWHERE)

    def tidy(self, living: Collection[str]) -> None:
        """End what a run that was killed left behind, and remove what ended long ago."""
        with contextlib.suppress(OSError):  # left-over files, whose tokens open nothing
            for file in list(self._files()):
                if file.name not in living and not _is_ended(file):
                    self.end(file.name)
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        with contextlib.suppress(OSError):
            ended = sorted((file.lstat().st_mtime, file) for file in self._files() if _is_ended(file))
            for number, (stamp, file) in enumerate(ended):
                if number < len(ended) - KEPT or stamp < self.now() - KEPT_FOR:
                    file.unlink()

    def _files(self) -> Iterator[Path]:
        return (file for file in self.directory.iterdir() if _NAME.fullmatch(file.name))


def _is_ended(file: Path) -> bool:
    """Whether it says so. What is no regular file does not; it is as good as a token nobody knows."""
    try:
        return fileio.read(file, LONGEST, follow=False) == ENDED
    except OSError:
        return False
