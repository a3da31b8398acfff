"""The page's timeline: the drawing of each lane, and the axis, as SVG whose widths are parts of a hundred."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Final, NamedTuple

from xacct.ctl.audit import fold, words
from xacct.ctl.render import duration
from xacct.text import clean, listed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xacct.ctl.audit.fold import Row
    from xacct.ctl.audit.lanes import Lane, Life

_NEAR: Final = 0.25
_NEAR_ANSWERS: Final = 3.0
"""Parts of a hundred: marks of one kind that are nearer are one; those of a human's answers are wider."""

_THIN: Final = 0.35
"""The width of what took no time."""

_TICKS: Final = 5
"""Times on the axis at most: they have to fit beside each other on a narrow page."""

_MINUTE: Final = 60
_DAY: Final = 86400
_STEPS: Final = (
    *(1, 5, 15, 30),
    *(number * _MINUTE for number in (1, 2, 5, 10, 20, 30, 60, 120, 180, 360, 720)),
    *(number * _DAY for number in (1, 2, 7, 14, 30, 90, 180, 365, 1825, 3650, 36500, 365000)),
)
_EDGE: Final = 6.0
_MARGIN: Final = 0.02

HEIGHT: Final = 30
"""Pixels of a lane."""

_MIDDLE: Final = HEIGHT / 2
_LISTED: Final = 12
"""Things that a mark's words name, where it stands for several."""


class Span(NamedTuple):
    """The time that the page is of, in Unix seconds."""

    start: float
    end: float

    def at(self, instant: float) -> float:
        """Return where an instant is, in parts of a hundred."""
        return min(100.0, max(0.0, (instant - self.start) * 100 / (self.end - self.start)))


def span_of(rows: Iterable[Row]) -> Span:
    """Return the time of all rows, with a margin."""
    times = [time for row in rows for time in (row.first, row.last)] or [0.0]
    first, last = min(times), max(times)
    margin = max((last - first) * _MARGIN, 30.0)
    return Span(first - margin, last + margin)


def track(lane: Lane, span: Span) -> str:
    """Return the drawing of a lane."""
    parts = [_line(span.at(tick)) for tick in ticks(span)]
    parts += [_life(lives, span) for lives in _short_ones_together(lane, span)]
    for kind, rows in _kinds(lane.rows).items():
        parts += [_mark(kind, near, span) for near in _near(rows, span, _NEAR_ANSWERS if kind in _ANSWERS else _NEAR)]
    return f'<svg class="track" width="100%" height="{HEIGHT}" role="img">{"".join(parts)}</svg>'


def _short_ones_together(lane: Lane, span: Span) -> list[list[Life]]:
    """The lives of grants; those too short and too near to be seen apart are one."""
    found: list[list[Life]] = []
    end = -1.0
    for life in sorted(lane.lives.values(), key=lambda life: life.start):
        at = span.at(life.start)
        short = span.at(life.end) - at < _THIN
        if short and at - end < _NEAR:
            found[-1].append(life)
        else:
            found.append([life])
        end = max(at, span.at(life.end)) if short else -1.0
    return found


def _life(lives: list[Life], span: Span) -> str:
    first, last = lives[0], max(life.end for life in lives)
    start = span.at(first.start)
    width = max(span.at(last) - start, _THIN)
    if len(lives) > 1:
        title = f"{len(lives)} grants, one after the other: {listed([life.grant for life in lives], _LISTED)}"
    else:
        lasted = duration(last - first.start) if last > first.start else "at once"
        title = f"grant {first.grant}, {lasted}: {first.why or 'no end is written'}"
    open_ends = ("" if first.made else " before") + ("" if all(life.ended for life in lives) else " after")
    shape = f'x="{start:.3f}%" y="6" width="{width:.3f}%" height="{HEIGHT - 12}" rx="3"'
    return f'<rect class="life{open_ends}" {shape}>{_title(title)}</rect>'


def axis(span: Span) -> str:
    """Return the axis: local time above, UTC below."""
    parts = []
    for tick in ticks(span):
        at = span.at(tick)
        anchor = "start" if at < _EDGE else "end" if at > 100 - _EDGE else "middle"
        here, utc = _label(tick, span, local=True), _label(tick, span, local=False)
        parts.append(_line(at))
        for y, name, said in ((13, "here", here), (28, "utc", utc)):
            parts.append(f'<text class="{name}" x="{at:.3f}%" y="{y}" text-anchor="{anchor}">{escape(said)}</text>')
    return f'<svg class="axis" width="100%" height="34" role="img">{"".join(parts)}</svg>'


def ticks(span: Span) -> list[float]:
    """Return the instants that the axis names: round ones, of clocks here."""
    step = _step(span)
    offset = _offset(span.start)
    first = ((span.start + offset) // step + 1) * step - offset
    found: list[float] = []
    while first < span.end and len(found) <= _TICKS:
        found.append(first + offset - _offset(first))  # clocks here may have been put forward or back since the start
        first += step
    return found


def zone(span: Span) -> str:
    """Return the name of the time zone here, and how far it is from UTC, at the end of the time."""
    try:
        end = datetime.fromtimestamp(span.end).astimezone()
    except (ValueError, OverflowError, OSError):
        return "UTC"
    return f"{clean(end.tzname() or '')} (UTC{end:%z})"


def kind_of(row: Row) -> str:
    """Return what kind of mark a row is; each is a class of the page's style, and a line of its legend."""
    event = row.line["event"]
    if event == words.YES:
        return "yes"
    if event == words.NO:
        return "no"
    if event == "fetch":
        return "served" if row.served else "refused"
    if event in ("refused", "denied", "not-renewed", "expired", "lost", "left-out"):
        return "refused"
    return "step"


_ANSWERS: Final = ("yes", "no")
_ORDER: Final = ("step", "served", "refused", *_ANSWERS)
"""The later ones are drawn above."""


def _kinds(rows: list[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {kind: [] for kind in _ORDER}
    for row in rows:
        if row.line["event"] not in (words.MADE, *words.ENDS):
            found[kind_of(row)].append(row)
    return found


def _near(rows: list[Row], span: Span, least: float) -> list[list[Row]]:
    """Put together what would lie upon one another."""
    found: list[list[Row]] = []
    end = 0.0
    for row in sorted(rows, key=lambda row: row.first):
        if found and span.at(row.first) - end < least:
            found[-1].append(row)
            end = max(end, span.at(row.last))
        else:
            found.append([row])
            end = span.at(row.last)
    return found


def _mark(kind: str, rows: list[Row], span: Span) -> str:
    start, end = span.at(rows[0].first), span.at(max(row.last for row in rows))
    more = [f"and {len(rows) - _LISTED} more"] if len(rows) > _LISTED else []
    title = _title("\n".join([*map(_words, rows[:_LISTED]), *more]))
    if kind in _ANSWERS:
        points = "M0,-9 L9,0 L0,9 L-9,0 Z" if kind == "yes" else "M-7,-7 L7,7 M7,-7 L-7,7"
        place = f'x="{start:.3f}%" y="{_MIDDLE}" overflow="visible"'
        return f'<svg {place}><path class="{kind}" d="{points}">{title}</path></svg>'
    y, height = {"served": (10, 10), "refused": (3, 24), "step": (12, 6)}[kind]
    width = max(end - start, _THIN)
    return (
        f'<rect class="{kind}" x="{start:.3f}%" y="{y}" width="{width:.3f}%" height="{height}" rx="1.5">{title}</rect>'
    )


def _words(row: Row) -> str:
    times = f"{row.count} times" if row.count > 1 else ""
    return ", ".join(filter(None, [f"{fold.span(row)}: {words.said(row)}", times, fold.processes(row)]))


def _title(text: str) -> str:
    return f"<title>{escape(text)}</title>"


def _line(at: float) -> str:
    return f'<line class="tick" x1="{at:.3f}%" x2="{at:.3f}%" y1="0" y2="100%"/>'


def _step(span: Span) -> float:
    return next((step for step in _STEPS if (span.end - span.start) / step <= _TICKS), _STEPS[-1])


def _offset(instant: float) -> float:
    try:
        offset = datetime.fromtimestamp(instant).astimezone().utcoffset()
    except (ValueError, OverflowError, OSError):
        return 0.0
    return offset.total_seconds() if offset is not None else 0.0


def _label(instant: float, span: Span, *, local: bool) -> str:
    step = _step(span)
    try:
        time = datetime.fromtimestamp(instant, UTC)
        time = time.astimezone() if local else time
    except (ValueError, OverflowError, OSError):
        return "-"
    if step < _MINUTE:
        return time.strftime("%H:%M:%S")
    whole = "%Y-%m-%d" if local else "%m-%d %H:%M"
    short = "%H:%M" if span.end - span.start < _DAY else "%a %H:%M" if step < _DAY else whole
    return time.strftime(short)
