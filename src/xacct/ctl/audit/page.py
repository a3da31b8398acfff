"""The audit as a page: one file with a timeline, without a script and without anything from elsewhere."""

from __future__ import annotations

import os
import time
from html import escape
from stat import S_ISREG
from typing import TYPE_CHECKING, Final

from xacct import fileio, wire
from xacct.ctl.audit import fold, timeline, words
from xacct.ctl.audit.lanes import ITSELF, Lane, lanes
from xacct.ctl.audit.style import POLICY, STYLE
from xacct.ctl.failure import USAGE, CtlError
from xacct.ctl.render import count, out, say
from xacct.text import clean

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable, Sequence

    from xacct.ctl.audit.fold import Row
    from xacct.ctl.client import Client

_MOST_ROWS: Final = 5000
_LEAST_ROWS: Final = 50
"""Rows of all lanes that are told in words, the newest of each; and those of a lane at least. A browser has to lay all
of them out."""

_LEGEND: Final = (
    ('<rect class="life" x="0" y="3" width="30" height="18" rx="3"/>', "a grant, from its beginning to its end"),
    (
        '<rect class="life before after" x="0" y="3" width="30" height="18" rx="3"/>',
        "dashed: its end is not written, or it is in force",
    ),
    ('<rect class="served" x="0" y="7" width="30" height="10" rx="1.5"/>', "credentials were fetched, by one or often"),
    ('<rect class="refused" x="12" y="0" width="5" height="24" rx="1.5"/>', "refused, or failed"),
    ('<path class="yes" d="M15,3 L24,12 L15,21 L6,12 Z"/>', "a human said yes"),
    ('<path class="no" d="M8,5 L22,19 M22,5 L8,19"/>', "a human said no"),
    ('<rect class="step" x="12" y="9" width="5" height="6" rx="1.5"/>', "login, renewal and the like"),
)


def demand_free(path: str, *, force: bool) -> None:
    """Refuse a path at which something lies, before the daemon is asked for anything.

    Raises:
        CtlError: there is a file and `force` is not set, or something that is no file.
    """
    try:
        there = os.lstat(path)
    except OSError:
        return
    if not S_ISREG(there.st_mode):
        raise CtlError(f"{path} is no plain file.", "Name another; -: standard output", USAGE)
    if not force:  # guard: audit-page-over-no-file
        raise CtlError(f"{path} is there already.", "Name another file, or add --force.", USAGE)


def write(args: Namespace, client: Client, rows: Sequence[Row]) -> None:
    """Write the page to the file of --html, for its user alone, or to standard output.

    Args:
        args: of the verb.
        client: asked which grants are in force, and what time it is.
        rows: what happened.

    Raises:
        CtlError: the file can't be written.
    """
    living = [grant["id"] for grant in client.call("GET", wire.GRANTS, wire.GrantsAnswer)["grants"]]
    asked = [f"{name} {value}" for name in ("grant", "role", "since") if (value := getattr(args, name)) is not None]
    text = page(rows, living, ", ".join(asked), time.time())
    if args.html == "-":
        out(text)
        return
    put = fileio.write_private if args.force else fileio.write_new
    try:
        put(args.html, text.encode("utf-8", "backslashreplace"))
    except FileExistsError:
        raise CtlError(f"{args.html} is there already.", "Name another file, or add --force.", USAGE) from None
    except OSError as error:
        raise CtlError(f"{args.html} can't be written: {error.strerror}.", "Name another file.") from None
    say(f"xacctctl: {count(sum(row.lines for row in rows), 'line')} of the audit: {args.html}")


def page(rows: Sequence[Row], living: Iterable[str], asked: str, now: float) -> str:
    """Return the page.

    Args:
        rows: what happened, in the order of its beginning.
        living: ids of grants that are in force.
        asked: what the lines were chosen by, in words.
        now: Unix seconds.
    """
    span = timeline.span_of(rows)
    groups = lanes(rows, living)
    numbered = list(enumerate(lane for group in groups.values() for lane in group))
    most = max(_LEAST_ROWS, _MOST_ROWS // max(1, len(numbered)))
    names = {id(lane): f"lane-{number}" for number, lane in numbered}
    cards = [
        f'<section class="card"><h2>{escape(roles)}</h2>'
        + "".join(_lane(lane, names[id(lane)], span) for lane in group)
        + "</section>"
        for roles, group in groups.items()
    ]
    scale = f'<div class="lane scale"><p>local time<br>UTC</p><div>{timeline.axis(span)}</div></div>'
    body = [
        *_head(rows, span, asked, now),
        *([scale, *cards, scale, "<h2>In words</h2>"] if rows else ["<p>Nothing is written.</p>"]),
        *(_told(lane, names[id(lane)], most) for _, lane in numbered),
    ]
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">',
            '<meta name="viewport" content="width=device-width"><meta name="referrer" content="no-referrer">',
            f"<title>xacct: the audit</title><style>{STYLE}</style></head><body>",
            *body,
            "</body></html>",
        ]
    )


def _head(rows: Sequence[Row], span: timeline.Span, asked: str, now: float) -> list[str]:
    lines = sum(row.lines for row in rows)
    served = sum(row.count for row in rows if row.served)
    refused = sum(row.count for row in rows if timeline.kind_of(row) == "refused")
    grants = len({row.line["grant"]["id"] for row in rows if row.line["grant"] is not None})
    facts = [count(lines, "line"), count(grants, "grant"), f"credentials fetched {count(served, 'time')}"]
    when = f"{fold.local(rows[0].first)} to {fold.local(max(row.last for row in rows))}" if rows else "no time"
    legend = "".join(f'<li><svg role="img">{shape}</svg>{said}</li>' for shape, said in _LEGEND)
    only = f"; only {clean(asked)}" if asked else ""
    made = f"Written {fold.local(now)} by xacctctl audit --html."
    help_ = "Point at a mark for its words; a name leads to all of its lane."
    return [
        "<h1>Who had credentials, and when</h1>",
        f"<p>{escape(f'{when}, {timeline.zone(span)}{only}')}</p>",
        f'<p class="dim">{", ".join(facts)}, refused or failed {count(refused, "time")}. {made} {help_}</p>',
        f'<ul class="legend">{legend}</ul>',
    ]


def _lane(lane: Lane, name: str, span: timeline.Span) -> str:
    grants = count(len(lane.lives), "grant") if len(lane.lives) > 1 else ""
    below = [lane.scope and f"narrowed to: {lane.scope}", ", ".join(filter(None, [*lane.programs, grants]))]
    spans = "".join(f'<span title="{escape(said)}">{escape(said)}</span>' for said in below if said)
    label = f'<a href="#{name}" title="{escape(lane.label)}">{escape(lane.label)}</a>'
    drawn = timeline.track(lane, span)
    return f'<div class="lane"><div class="name">{label}{spans}</div><div>{drawn}</div></div>'


def _told(lane: Lane, name: str, most: int) -> str:
    """A lane in words: a table for each of its grants."""
    shown, tables = lane.rows[-most:], []
    by_grant: dict[str, list[Row]] = {}
    for row in shown:
        by_grant.setdefault("" if row.line["grant"] is None else row.line["grant"]["id"], []).append(row)
    for grant, rows in by_grant.items():
        title = f"<h3>grant {escape(clean(grant))}{escape(_narrowed(rows, grant))}</h3>" if grant else ""
        tables.append(f"{title}<table>{''.join(map(_row, rows))}</table>")
    left = len(lane.rows) - len(shown)
    more = f"<p>{left} that came before are left out here: xacctctl audit has them.</p>" if left else ""
    what = f"{lane.roles}: {lane.label}" if lane.label != ITSELF else lane.roles
    summary = f"{what} ({count(len(lane.rows), 'event')})"
    # a browser opens what a link leads into (HTML, ancestor revealing algorithm), not what it leads to
    inside = f'<div id="{name}">{more}{"".join(tables)}</div>'
    return f"<details><summary>{escape(summary)}</summary>{inside}</details>"


def _narrowed(rows: Sequence[Row], grant: str) -> str:
    number, narrowed = next((found for row in rows if (found := fold.scope_of(row.line))[0]), ("", ""))
    return f", narrowed to: {narrowed}; in CloudTrail: xacct grant {clean(grant)} scope {number}" if number else ""


def _row(row: Row) -> str:
    kind = timeline.kind_of(row)
    shape = {
        "yes": '<path class="yes" d="M5,2 L10,8 L5,14 L0,8 Z"/>',
        "no": '<path class="no" d="M1,4 L9,12 M9,4 L1,12"/>',
    }.get(kind, f'<rect class="{kind}" x="1" y="3" width="8" height="10" rx="2"/>')
    often = f"{row.count} times" if row.count > 1 else ""
    who = fold.processes(row, with_parents=True)
    cells = (("when", fold.span(row)), ("said", words.said(row)), ("often", often), ("who", who))
    mark = f'<td class="mark"><svg role="img">{shape}</svg></td>'
    # guard: audit-page-words-are-no-markup
    return f"<tr>{mark}{''.join(f'<td class={name}>{escape(said)}</td>' for name, said in cells)}</tr>"
