"""What happens around the command of an `exec`: start-up files that undo it, and programs that outlive it."""

from __future__ import annotations

import os

from xacct import fileio
from xacct.ctl import procfs, variables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Final

_STARTUP: Final = {
    "bash": (".bashrc", ".bash_profile", ".bash_login", ".profile"),
    "zsh": (".zshenv", ".zprofile", ".zshrc", ".zlogin"),
    "fish": (".config/fish/config.fish",),
    "sh": (".profile",),
    "dash": (".profile",),
    "ksh": (".profile", ".kshrc"),
}
"""The start-up files of each shell, below the home directory."""

_ALWAYS: Final = {"zsh": (".zshenv",), "fish": (".config/fish/config.fish",)}
"""Those that are read for a script as well."""

_RIVALS: Final = "|".join((*variables.KEYS[:3], "AWS_PROFILE", "AWS_DEFAULT_PROFILE", *variables.CONTAINER))
_SETS: Final = rf"(?:^|[;&\s])(?:({_RIVALS})=|set\s+-\S+\s+({_RIVALS})\b)"
_SOURCES: Final = r"(?:^|[;&]|then)\s*(?:source|\.)\s+[\"']?([^\s\"';]+)"
_DEPTH: Final = 3
_FEW: Final = 1000
"""Processes that are looked at one by one, rather than all that there are."""

_LIMIT: Final = 1_000_000


def undone_by(command: list[str], home: str) -> str | None:
    """Return which start-up file of a shell that is the command sets what wins over us, and what; None: none does."""
    shell = command[0].rpartition("/")[2].lstrip("-")
    if shell not in _STARTUP:
        return None
    if {"--norc", "--no-config", "--no-rcs", "-f"} & {*command[1:]}:
        return None
    for name in _STARTUP.get(shell, ()) if _is_interactive(command) else _ALWAYS.get(shell, ()):
        below = os.environ.get("ZDOTDIR") or home if shell == "zsh" else home
        for file, variable in _settings(f"{below}/{name}", home, _DEPTH):
            return f"{file} sets {variable}"
    return None


def _is_interactive(command: list[str]) -> bool:
    """Say whether a shell is started as one for a human, or as if at a login."""
    import re  # noqa: PLC0415 - of use to shells alone

    first = next((place for place, word in enumerate(command) if place and not word.startswith("-")), len(command))
    options = command[1:first]
    asked = any(re.fullmatch(r"-[a-zA-Z]*[il][a-zA-Z]*|--login|--interactive", word) for word in options)
    return len(command) == 1 or command[0].startswith("-") or asked


def _settings(path: str, home: str, depth: int) -> Iterator[tuple[str, str]]:
    import re  # noqa: PLC0415 - of use to shells alone

    try:
        text = fileio.read(path).decode("utf-8", "replace")[:_LIMIT]
    except OSError:
        return
    for line in text.splitlines():
        code = line.strip()
        if code.startswith("#"):
            continue
        if found := re.search(_SETS, code):
            yield path, found[1] or found[2]
        elif depth and (other := re.search(_SOURCES, code)):
            yield from _settings(other[1].replace("$HOME", home).replace("~", home, 1), home, depth - 1)


def left_behind(token_file: str, newest: int = 0) -> list[tuple[int, str]]:
    """Return the processes that still have this grant's environment, with their names; without procfs none.

    Args:
        token_file: the grant's.
        newest: what `procfs.newest` said as the command was about to be started; 0: it did not say.
    """
    needle = b"\0" + f"{variables.CONTAINER[1]}={token_file}".encode("utf-8", "surrogateescape") + b"\0"
    return [
        (pid, procfs.command(pid))
        for pid in _started_since(newest)
        if pid != os.getpid() and needle in b"\0" + procfs.read(pid, "environ")
    ]


def _started_since(newest: int) -> Iterable[int]:
    """Return which processes may have been started since `newest` was: few, where that is not long ago; else all.

    (Numbers that have gone round once and are back just there cost no more than a note.)
    """
    now = procfs.newest()
    return range(newest + 1, now + 1) if newest and 0 < now - newest < _FEW else procfs.pids()
