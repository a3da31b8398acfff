"""One thing that happened, on its way to becoming a line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xacct import rolekeys
from xacct.model import iso
from xacct.text import clean, cut

if TYPE_CHECKING:
    from xacct import wire
    from xacct.audit.window import Window
    from xacct.model import Caller, Grant


MOST = 4000
"""Characters that `what` may have: a grant can name many roles, and a line that does not end is no line."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened.

    Attributes:
        time: Unix seconds, by AWS's clock.
        count: how often since the line before.
        summed: whether it is the sum of a minute's: whoever came last has most likely hung up.
        caller: None: the daemon itself did it.
        parents: the processes that the caller stems from, its parent first: pid, and the file it runs.
        window: the minute that it is of.
        if_new: it is a line only where it is by a process that its minute has none of; else it is counted.
        what: the outcome, in a word or an error's code: nothing that a client has sent, and nothing that could be used.
    """

    event: str
    time: float
    role: str | None = None
    grant: Grant | None = None
    caller: Caller | None = None
    what: str = ""
    count: int = 1
    summed: bool = False
    parents: tuple[tuple[int, str | None], ...] = ()
    window: Window | None = None
    if_new: bool = False


def line(entry: Entry, caller: Caller | None, files: wire.AwsFiles | None = None) -> wire.AuditLine:
    """An entry as it is written and streamed.

    Args:
        entry: what happened.
        caller: its own, with what has been found out since.
        files: those that its role is of, where they are not the daemon's own.
    """
    grant = entry.grant
    said: wire.AuditLine = {
        "time": iso(entry.time),
        "event": entry.event,
        "role": None if entry.role is None else clean(rolekeys.split(entry.role)[0]),
        "grant": None if grant is None else _grant(grant),
        "uid": None if caller is None else "unknown" if caller.uid is None else caller.uid,
        "pid": caller.pid if caller else None,
        "exe": clean(caller.exe) if caller and caller.exe else None,  # guard: audit-programs-path-is-words
        "what": cut(clean(entry.what), MOST),
        "count": entry.count,
    }
    if entry.parents:
        # guard: audit-parents-path-is-words
        said["parents"] = [{"pid": pid, "exe": clean(exe) if exe else None} for pid, exe in entry.parents]
    if files is not None:
        said["files"] = files
    return said


def _grant(grant: Grant) -> wire.AuditGrant:
    said: wire.AuditGrant = {"id": clean(grant.id), "label": clean(grant.label)}  # guard: audit-label-is-words
    if grant.scope is not None:
        said["scope"] = cut(f"{grant.scope.id}: {clean(grant.scope.words)}", MOST)
    return said


def catalogue(entry: Entry) -> str:
    """The id of the files that an entry is about: its role's, or its grant's."""
    granted = entry.grant.roles[:1] if entry.grant is not None else ()
    return rolekeys.split(entry.role or "".join(granted))[1]
