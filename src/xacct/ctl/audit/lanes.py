"""What the page's timeline shows: a lane for each kind of grant, below its roles, and what happened in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from xacct.ctl.audit import fold, words
from xacct.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from xacct.ctl.audit.fold import Row

MOST: Final = 40
"""Lanes of the same roles: what is beyond shares one."""

ITSELF: Final = "the role itself"
"""The lane of what is of no grant."""

TURNED_AWAY: Final = "turned away at the endpoint"
DAEMON: Final = "xacctd"
"""What stands where there is no role."""


@dataclass
class Life:
    """How long a grant was there.

    Attributes:
        start: Unix seconds.
        end: likewise.
        made: whether it was made at `start`, and not before.
        ended: whether it ended at `end`, and not at a later time that is not written.
        why: in words; empty: that is not written.
    """

    grant: str
    start: float
    end: float
    made: bool = False
    ended: bool = False
    why: str = ""


@dataclass
class Lane:
    """What grants of one label did with the same roles.

    Attributes:
        scope: what they are narrowed to, in words.
    """

    roles: str
    label: str
    scope: str
    lives: dict[str, Life] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)

    @property
    def programs(self) -> list[str]:
        """The names of the programs that fetched, each once."""
        there = {program: None for row in self.rows if row.line["event"] == "fetch" for program in row.programs}
        return list(dict.fromkeys(clean(program).rpartition("/")[2] for program in there if program))


def lanes(rows: Sequence[Row], living: Iterable[str]) -> dict[str, list[Lane]]:
    """Return the lanes of each group of roles.

    Args:
        rows: what happened, in the order of its beginning.
        living: ids of grants that are in force.
    """
    roles = _roles(rows)
    found: dict[tuple[str, str, str], Lane] = {}
    for row in rows:
        lane = _lane(row, roles, found)
        lane.rows.append(row)
        if row.line["grant"] is not None:
            _live(lane, row)
    end = max((row.last for row in rows), default=0.0)
    there = set(living)
    groups: dict[str, list[Lane]] = {}
    for lane in found.values():
        for life in lane.lives.values():
            if life.grant in there and not life.ended:
                life.end, life.why = end, "in force"
        groups.setdefault(lane.roles, []).append(lane)
    return {name: _few(group) for name, group in groups.items()}


def _roles(rows: Sequence[Row]) -> dict[str, str]:
    """The roles of each grant: those that it was made for, else those that it has fetched."""
    found: dict[str, str] = {}
    for row in rows:
        grant = row.line["grant"]
        if grant is None:
            continue
        if row.line["event"] in ("grant-created", "grant-revoked") and row.line["what"]:
            found[grant["id"]] = clean(row.line["what"])
        elif row.line["role"]:
            found.setdefault(grant["id"], clean(row.line["role"]))
    return found


def _lane(row: Row, roles: dict[str, str], found: dict[tuple[str, str, str], Lane]) -> Lane:
    line, grant = row.line, row.line["grant"]
    if grant is not None:
        key = (roles.get(grant["id"], "of unknown roles"), _kind(clean(grant["label"])), fold.scope_of(line)[1])
    elif line["role"]:
        key = (clean(line["role"]), ITSELF, "")
    elif line["event"] == "refused":
        key = (DAEMON, TURNED_AWAY, "")
    else:
        key = (DAEMON, DAEMON, "")
    return found.setdefault(key, Lane(*key))


def _kind(label: str) -> str:
    """A label without the process that env, exec and ssh put into theirs: each of a hundred commands has another."""
    return re.sub(r"^((?:exec|ssh) .+) \d+$|^(shell) \d+", r"\1\2", label)


def _live(lane: Lane, row: Row) -> None:
    grant = row.line["grant"]
    assert grant is not None  # noqa: S101 - asked before
    life = lane.lives.setdefault(grant["id"], Life(clean(grant["id"]), row.first, row.last))
    life.end = max(life.end, row.last)
    if row.line["event"] == words.MADE:
        life.made = True
    elif row.line["event"] in words.ENDS:
        life.ended, life.end, life.why = True, row.first, words.said(row)


def _few(group: list[Lane]) -> list[Lane]:
    """No more lanes than somebody can look at: those that most happened in, and one for the others."""
    if len(group) <= MOST + 1:
        return group
    most = sorted(group, key=lambda lane: sum(row.count for row in lane.rows), reverse=True)
    kept, others = most[:MOST], most[MOST:]
    rest = Lane(group[0].roles, f"{len(others)} other labels", "")
    for lane in others:
        rest.lives.update(lane.lives)
    rest.rows = sorted((row for lane in others for row in lane.rows), key=lambda row: row.first)
    return [*(lane for lane in group if lane in kept), rest]
