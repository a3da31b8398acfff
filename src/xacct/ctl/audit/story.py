"""One grant's story, laid out for reading: who asked for what, who said yes, what was fetched by whom, how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xacct.ctl.audit import fold, words
from xacct.ctl.render import count
from xacct.text import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xacct import wire
    from xacct.ctl.audit.fold import Row

_NAME: Final = 10
"""Columns of what stands before a fact."""


def story(lines: Sequence[wire.AuditLine], *, in_force: bool) -> list[str]:
    """Return the lines of a grant's story.

    Args:
        lines: all of the same grant, at least one, the oldest first.
        in_force: whether the grant still is.
    """
    rows = fold.folded(lines)
    grant = lines[-1]["grant"]
    assert grant is not None  # noqa: S101 - source.py lets no other line through
    head = [f"Grant {clean(grant['id'])} ({clean(grant['label'])})"]
    facts = [
        *_made(rows),
        *_scope(lines, grant["id"]),
        *_answers(rows),
        *_used(rows),
        *_denied(rows),
        *_end(rows, in_force=in_force),
    ]
    return [*head, *(f"  {name:<{_NAME}}{fact}" for name, fact in facts), "", *_events(rows)]


def _made(rows: Sequence[Row]) -> list[tuple[str, str]]:
    made = next((row for row in rows if row.line["event"] == words.MADE), None)
    if made is None:
        return [("made", f"before {fold.local(rows[0].first)}, of which the audit has no line (any more)")]
    roles = " ".join(filter(None, [clean(made.line["what"]), fold.files(made.line)]))
    return [("made", fold.local(made.first)), ("for", roles), ("asked by", fold.processes(made, with_parents=True))]


def _scope(lines: Sequence[wire.AuditLine], grant: str) -> list[tuple[str, str]]:
    number, narrowed = next((found for line in lines if (found := fold.scope_of(line))[0]), ("", ""))
    if not number:
        return [("scope", "none: it has what the role may do")]
    cloudtrail = f'GetScopedCredentials, its description "xacct grant {clean(grant)} scope {number}"'
    shared = "or of another grant with the same scope, where that wanted it first"
    return [("scope", narrowed), ("", f"in CloudTrail: {cloudtrail}, {shared}")]


def _answers(rows: Sequence[Row]) -> list[tuple[str, str]]:
    answers = [row for row in rows if row.line["event"] in (words.YES, words.NO)]
    return [("human" if not place else "", _answer(row)) for place, row in enumerate(answers)]


def _answer(row: Row) -> str:
    by = fold.processes(row)
    return f"{fold.local(row.first)} {words.said(row)}" + (f"; answered from {by}" if by else "")


def _used(rows: Sequence[Row]) -> list[tuple[str, str]]:
    fetches = [row for row in rows if row.line["event"] == "fetch"]
    served = sum(row.count for row in fetches if row.served)
    not_given = sum(row.count for row in fetches) - served
    if not fetches:
        return [("fetched", "never")]
    last = max(row.last for row in fetches)
    refused = f", {not_given} not given" if not_given else ""
    facts = [("fetched", f"{count(served, 'time')}{refused}, the last at {fold.local(last)}")]
    programs = sorted({clean(program) for row in fetches for program in row.programs if program})
    return [*facts, *(("by" if not place else "", program) for place, program in enumerate(programs))]


def _denied(rows: Sequence[Row]) -> list[tuple[str, str]]:
    denials = [row for row in rows if row.line["event"] == "denied"]
    if not denials:
        return []
    often = count(sum(row.count for row in denials), "time")
    last = fold.local(max(row.last for row in denials))
    return [("refused", f"asked xacctd for more than it has {often}, the last at {last}")]


def _end(rows: Sequence[Row], *, in_force: bool) -> list[tuple[str, str]]:
    ended = next((row for row in reversed(rows) if row.line["event"] in words.ENDS), None)
    if ended is None:
        return [
            ("end", "it is in force" if in_force else "it is in force no more; the audit does not have how it ended")
        ]
    why = "revoked" if ended.line["event"] == "grant-revoked" else clean(ended.line["what"])
    by = fold.processes(ended)
    facts = [("end", f"{fold.local(ended.first)}, {why}" + (f" by {by}" if by else ""))]
    return [*facts, ("", "and yet it is in force: xacctctl grants list")] if in_force else facts


def _events(rows: Sequence[Row]) -> list[str]:
    spans = [fold.span(row) for row in rows]
    wide = max(map(len, spans))
    found = []
    for row, when in zip(rows, spans, strict=True):
        times = f"{row.count} times" if row.count > 1 and row.line["event"] != "left-out" else ""
        facts = filter(None, [words.said(row), times, fold.processes(row)])
        found.append(f"{when:<{wide}}  " + "  ".join(facts))
    return found
