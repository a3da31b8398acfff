"""What happened, made of the audit's lines: what is alike and close together is one thing that lasted."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from xacct import wire
from xacct.ctl.render import duration, files_of
from xacct.text import clean, cut, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

OFTEN: Final = frozenset({"fetch", "refused", "denied", "not-renewed"})
"""Events that the audit counts: those alike, a minute's, are one line."""

GAP: Final = 150.0
"""Seconds between two lines of what goes on: one is written a minute, and the second may say what the first began."""

_KNOWN: Final = frozenset(wire.AuditLine.__annotations__)
_MOST: Final = 200
"""Characters of a value that is not known here."""

_PIDS: Final = 3
_DAY: Final = 10
"""Characters of a date, in ISO 8601."""


@dataclass
class Row:
    """Something that happened, or went on for a while.

    Attributes:
        line: the first line of it.
        first: Unix seconds.
        last: likewise; when its last line was written.
        count: how often.
        programs: the pids that were seen of each program; the empty name: of those of which no more is known.
        lines: how many lines it is of.
        unseen: how often it was a process that is not known.
    """

    line: wire.AuditLine
    first: float
    last: float
    count: int = 0
    programs: dict[str, list[int]] = field(default_factory=dict)
    unseen: int = 0
    lines: int = 0

    def take(self, line: wire.AuditLine, at: float) -> None:
        """Count a line in."""
        self.last = max(self.last, at)
        self.count += line["count"]
        self.lines += 1
        if line["pid"] is None:
            self.unseen += line["count"] if line["uid"] is not None else 0
            return
        pids = self.programs.setdefault(line["exe"] or "", [])
        if line["pid"] not in pids:
            pids.append(line["pid"])

    @property
    def served(self) -> bool:
        """Whether credentials left."""
        return self.line["event"] in ("fetch", "console") and self.line["what"] == "served"


def folded(lines: Iterable[wire.AuditLine]) -> list[Row]:
    """Make rows of lines, in the order of their beginnings.

    Args:
        lines: the oldest first.
    """
    rows: list[Row] = []
    going_on: dict[tuple[object, ...], Row] = {}
    at = 0.0
    for line in lines:
        at = instant(line["time"], at)
        key = _alike(line) if line["event"] in OFTEN else None
        row = going_on.get(key) if key is not None else None
        if row is None or not 0 <= at - row.last <= GAP:
            row = Row(line, at, at)
            rows.append(row)
            if key is not None:
                going_on[key] = row
        row.take(line, at)
    return rows


def instant(time: str, instead: float) -> float:
    """Return the Unix seconds of a line's time; `instead` where it is none."""
    try:
        return datetime.fromisoformat(time).timestamp()
    except (ValueError, OverflowError):
        return instead


def local(at: float) -> str:
    """Return a time as clocks here show it."""
    try:
        return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return "-"


def span(row: Row) -> str:
    """Return when it was: a time, or two, the day of the second only where it is another."""
    began, ended = local(row.first), local(row.last)
    if began == ended:
        return began
    return f"{began} - {ended[_DAY + 1 :] if ended[:_DAY] == began[:_DAY] else ended}"


def processes(row: Row, *, with_parents: bool = False) -> str:
    """Return who it was: programs and their processes, as far as they are known; and those that they stem from."""
    said = []
    for program, pids in row.programs.items():
        word = "pid" if len(pids) == 1 else "pids"
        said.append(f"{clean(program)} ({word} {listed(list(map(str, pids)), _PIDS)})".strip())
    if row.line["uid"] == "unknown":
        said.append("a caller that the system could not name")
    elif not said and row.line["uid"] is not None:
        said.append(f"a process of uid {row.line['uid']}")
    above = [_process(each["pid"], each["exe"] or "") for each in row.line.get("parents", ())]
    return ", ".join(said) + (f", started by {', by '.join(above)}" if above and with_parents else "")


def _process(pid: int, name: str) -> str:
    return f"{clean(name)} (pid {pid})".strip()


def extras(line: Mapping[str, Any]) -> str:
    """Return what a line has that is not known here, as a newer xacctd may write it."""
    return ", ".join(_extra(key, line[key]) for key in line if key not in _KNOWN and line[key] is not None)


def _extra(key: str, value: Any) -> str:
    name = clean(str(key)).replace("_", " ")
    if key.endswith("seconds") and isinstance(value, int | float) and 0 <= value < 1e11:  # noqa: PLR2004
        return f"{name.removesuffix('seconds').strip()} {duration(value)}"
    if isinstance(value, list) and value and all(isinstance(each, dict) and "pid" in each for each in value):
        text = ", ".join(_process(each["pid"], str(each.get("exe") or each.get("name") or "")) for each in value)
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return cut(f"{name} {clean(text)}", _MOST)


def files(line: wire.AuditLine) -> str:
    """Return whose role it was, where not of the daemon's own AWS files."""
    return f"of {files_of(line['files'])}" if "files" in line else ""


def scope_of(line: wire.AuditLine) -> tuple[str, str]:
    """Return the id and the words of what the line's grant is narrowed to; empty where it is not."""
    grant = line["grant"]
    number, _, words = (grant.get("scope", "") if grant else "").partition(": ")
    return clean(number), clean(words)


def _alike(line: wire.AuditLine) -> tuple[object, ...]:
    grant = line["grant"]["id"] if line["grant"] else None
    more = {key: value for key, value in line.items() if key not in _KNOWN or key == "files"}
    return line["event"], grant, line["role"], line["what"], line["uid"], repr(more) if more else ""
