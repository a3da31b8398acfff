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

_NAMES: Final = (*variables.KEYS[:3], "AWS_PROFILE", "AWS_DEFAULT_PROFILE", *variables.CONTAINER, variables.BEDROCK)
_RIVALS: Final = "|".join(_NAMES)
_SETS: Final = rf"(?:^|[;&\s])(?:({_RIVALS})=|set\s+-\S+\s+({_RIVALS})\b)"
_BEFORE_COMMAND: Final = (";", "&", "then")
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
    first = next((place for place, word in enumerate(command) if place and not word.startswith("-")), len(command))
    asked = any(_asks_for_a_human(word) for word in command[1:first])
    return len(command) == 1 or command[0].startswith("-") or asked


def _asks_for_a_human(option: str) -> bool:
    """Say whether an option of a shell's is -i, -l, or several of which one is."""
    letters = option[1:]
    several = letters.isascii() and letters.isalpha() and not {"i", "l"}.isdisjoint(letters)
    return several or option in ("--login", "--interactive")


def _settings(path: str, home: str, depth: int) -> Iterator[tuple[str, str]]:
    try:
        text = fileio.read(path).decode("utf-8", "replace")[:_LIMIT]
    except OSError:
        return
    for line in text.splitlines():
        code = line.strip()
        if code.startswith("#"):
            continue
        if variable := _set_in(code):
            yield path, variable
        elif depth and (other := _read_by(code)):
            yield from _settings(other.replace("$HOME", home).replace("~", home, 1), home, depth - 1)


def _set_in(code: str) -> str | None:
    """Return the variable that wins over us and that this line sets, if it sets one."""
    if not any(name in code for name in _NAMES):
        return None
    import re  # noqa: PLC0415 - 1.3 MiB, which an `exec` would keep for as long as a shell runs that sets none

    found = re.search(_SETS, code)
    return found and (found[1] or found[2])


def _read_by(code: str) -> str | None:
    """Return the file that this line has a shell read (`source FILE`, `. FILE`), as it is written there, if any."""
    starts = {place + len(sign) for sign in _BEFORE_COMMAND for place in _places(sign, code)}
    for start in sorted(starts | {0}):
        rest = code[start:].lstrip()
        word = next((word for word in ("source", ".") if rest.startswith(word)), "")
        name = rest[len(word) :].lstrip()
        if not word or len(name) == len(rest) - len(word):
            continue
        name = name[1:] if name[:1] in ("'", '"') else name
        end = next((place for place, sign in enumerate(name) if sign.isspace() or sign in "\"';"), len(name))
        if end:
            return name[:end]
    return None


def _places(sign: str, code: str) -> Iterator[int]:
    """Yield where a sign stands in a line."""
    place = code.find(sign)
    while place >= 0:
        yield place
        place = code.find(sign, place + 1)


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
