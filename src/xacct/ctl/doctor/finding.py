"""What a check finds: a state, one sentence, and what to type; and what a table of checks is."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, Literal, NamedTuple

from xacct.ctl.doctor.scene import Scene

OTHERS: Final = 0o077
WRITABLE: Final = 0o022
"""Modes of files that others can reach at all, and that they can change."""

State = Literal["ok", "warning", "broken", "skipped"]
"""ok: as it should be, or worth knowing; warning: works, but look; broken: mend it; skipped: could not be told."""


class Finding(NamedTuple):
    """One line of the report, below the id of its check."""

    state: State
    sentence: str
    fix: str = ""


Found = Finding | Iterable[Finding]
"""What a check returns: one finding, several, or none where there is nothing to say."""

Check = Callable[[Scene], Found]

Checks = Mapping[str, Check]
"""The checks of one subject by their ids, in the order of the report. Ids are stable: docs/doctor.md has a row for
each."""


def ok(sentence: str) -> Finding:
    """Return a finding that needs nothing done."""
    return Finding("ok", sentence)


def warning(sentence: str, fix: str) -> Finding:
    """Return a finding that works, for now or for most."""
    return Finding("warning", sentence, fix)


def broken(sentence: str, fix: str) -> Finding:
    """Return a finding that has to be mended."""
    return Finding("broken", sentence, fix)


def skipped(sentence: str) -> Finding:
    """Return a finding that could not be made here."""
    return Finding("skipped", sentence)
