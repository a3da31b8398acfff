"""The names of hosts that ssh knows: from ~/.ssh/config, and known_hosts where it is not hashed. For completion."""

from collections.abc import Iterator, Sequence
from typing import Final

from xacct import fileio, paths

_VALUED: Final = frozenset("BbcDEeFIiJLlmOopQRSWw")
"""Options of OpenSSH's ssh(1) that take a value."""

_MOST: Final = 1_000_000
"""Characters of a file that are looked at: somebody waits with a finger on the tab key."""


def matching(words: Sequence[str], partial: str) -> list[str]:
    """Return the hosts that may replace `partial` behind a role and options of ssh; none once there is a host."""
    if partial.startswith("-") or _host_given(words[1:]):
        return []
    user, at, _ = partial.rpartition("@")
    return [name for host in _known() if (name := f"{user}{at}{host}").startswith(partial)]


def _host_given(words: Sequence[str]) -> bool:
    value_next = False
    for word in words:
        if not value_next and not word.startswith("-"):
            return True
        value_next = not value_next and len(word) == 2 and word[1] in _VALUED  # noqa: PLR2004 - such as -p
    return False


def _known() -> list[str]:
    directory = f"{paths.home()}/.ssh"
    found = [*_configured(f"{directory}/config"), *_seen(f"{directory}/known_hosts")]
    return sorted({name for name in found if name.isprintable() and not set(name) & set("*?!|[] ")})


def _configured(path: str) -> Iterator[str]:
    for line in _lines(path):
        keyword, *names = line.replace("=", " ", 1).split() or [""]
        if keyword.lower() == "host":
            yield from (name.strip('"') for name in names)


def _seen(path: str) -> Iterator[str]:
    for line in _lines(path):
        if line[:1] not in ("#", "@", "|", ""):
            yield from line.split()[0].split(",")


def _lines(path: str) -> list[str]:
    try:
        return [line.strip() for line in fileio.read(path).decode("utf-8", "replace")[:_MOST].splitlines()]
    except OSError:
        return []
