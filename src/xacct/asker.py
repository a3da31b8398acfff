"""Who asks for the use of a guarded role, as a human is shown it: a frozen value. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asker:
    """A process as far as it is known, in words without a secret; each part may be empty.

    Attributes:
        process: which one it is ("pid 4711, /usr/bin/aws").
        tree: it and those that it stems from, each with pid and name, itself first, up to the terminal.
        directory: its working directory.
        command: its command line, with blanks in the place of what may be secret.
    """

    process: str = ""
    tree: tuple[tuple[int, str], ...] = ()
    directory: str = ""
    command: str = ""


UNKNOWN = Asker()


async def unknown(_caller: object) -> Asker:
    """Nothing is known of anybody: what stands in where nothing looks."""
    return UNKNOWN
