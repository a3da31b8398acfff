"""What GET /v1/audit asks for: which lines of the audit somebody wants, by role, time and grant."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from xacct import errors
from xacct.audit.counter import FOLDED
from xacct.audit.trail import ENDS
from xacct.model import iso
from xacct.text import clean, cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from xacct import wire
    from xacct.control import views

FARTHEST = 1e11
"""Unix seconds: past the year 5000, and before what no calendar can say."""

SEVERAL = 5
"""Grants that are named where a word could mean more than one."""


class Wanted:
    """Which lines are wanted.

    Args:
        query: of the request.
        view: the shell's, by which its role is meant.
        grant: the id of the one grant that lines may be of; None: of any, and of none.

    Raises:
        BadInput: the query is not understood.
    """

    def __init__(self, query: Mapping[str, str], view: views.View, grant: str | None) -> None:
        self._since = _since(query.get("since", "0"))
        self._role = view.named(query["role"]) if "role" in query else None
        self._grant = None if grant is None else _OfGrant(grant)

    def of(self, line: wire.AuditLine) -> wire.AuditLine | None:
        """The line, None where it is not wanted; of a grant's fetches that went uncounted, a line that says so."""
        if self._grant is not None:
            said = self._grant.of(line)
            if said is not line:
                return said if said is not None and line["time"] >= self._since else None
        if line["time"] < self._since:
            return None
        return line if self._role in (None, (line["role"], line.get("files"))) else None


class _OfGrant:
    """The lines of one grant, and where fetches were counted that may be its."""

    def __init__(self, grant: str) -> None:
        self._id = grant
        self._lives: wire.AuditGrant | None = None

    def of(self, line: wire.AuditLine) -> wire.AuditLine | None:
        grant = line["grant"]
        # guard: audit-of-one-grant-is-of-it-alone
        if grant is not None and grant["id"] == self._id:
            self._lives = None if line["event"] in ENDS else {"id": grant["id"], "label": grant["label"]}
            return line
        if grant is not None or self._lives is None or (line["event"], line["what"]) != ("fetch", FOLDED):
            return None
        return {
            "time": line["time"],
            "event": "left-out",
            "role": None,
            "grant": self._lives,
            "uid": None,
            "pid": None,
            "exe": None,
            "what": FOLDED,
            "count": line["count"],
        }


def one_grant(word: str, known: Iterable[tuple[str, str, str]]) -> str:
    """The id of the one grant that a word means: by its id, by how its id begins, or by its label.

    Args:
        word: what somebody has typed.
        known: id, label and time (as `wire.AuditLine` has it; empty: in force) of grants, the later of the same last.

    Raises:
        BadInput: there is none, or there are several.
    """
    labels = {grant: (label, time) for grant, label, time in known}
    if word in labels:
        return word
    near = [grant for grant, (label, _) in labels.items() if word and (grant.startswith(word) or label == word)]
    if len(near) == 1:  # guard: audit-grant-that-is-meant-is-one
        return near[0]
    said = cut(clean(word), 60)
    if not near:
        where = "Those in force: xacctctl grants list. Those before stand in the audit's lines."
        raise errors.BadInput(f"Neither a grant nor the audit has {said!r}.", where)
    newest = [f"{grant} ({cut(labels[grant][0], 40)}, {labels[grant][1] or 'in force'})" for grant in near[-SEVERAL:]]
    raise errors.BadInput(
        f"{said!r} is {len(near)} grants, of which the last are: {', '.join(newest)}.", "Name one by its id."
    )


def _since(text: str) -> str:
    try:
        instant = float(text)
    except ValueError:
        instant = math.nan
    if not 0 <= instant < FARTHEST:
        raise errors.BadInput("since is no instant.", "Unix seconds, for example since=1795334400.")
    return iso(instant)
