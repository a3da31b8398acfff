"""Remarks that several verbs would make again and again: each is made once, and again when it has changed.

Once at a terminal, and once where there is none: what a script's log has swallowed, nobody has read.
"""
# ruff: noqa: PTH123 - see paths.py

from __future__ import annotations

import os
import sys

from xacct import fileio, paths
from xacct.ctl.render import clean, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

_FILE: Final = "notes"
_MOST: Final = 64 * 1024
"""Bytes of the file of remarks made; past that it begins anew."""


def note(text: str) -> None:
    """Print a remark to stderr, unless it was made before, since this user's last login."""
    line = clean(text)
    if not _made_before(line):
        say(f"xacctctl: note: {line}")


def _made_before(line: str) -> bool:
    """Say whether the remark is on file, and put it there; one that can't be filed is made each time."""
    seen = sys.stderr is not None and sys.stderr.isatty()
    wanted = f"{'seen' if seen else 'logged'}: {line}".encode("utf-8", "backslashreplace")
    try:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        descriptor = fileio.open_regular(f"{paths.runtime_dir()}/{_FILE}", flags)
        with open(descriptor, "r+b") as file:
            made = file.read(_MOST + 1)
            if wanted in made.split(b"\n"):
                return True
            if len(made) > _MOST:
                file.truncate(0)
            file.write(wanted + b"\n")
    except OSError:
        pass
    return False
