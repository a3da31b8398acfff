"""The findings for people: grouped, aligned, coloured at a terminal; and for programs."""

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Final

from xacct.ctl.doctor.catalogue import Row
from xacct.ctl.render import clean, columns, count, folded, paint

_TONES: Final = {"ok": "good", "warning": "warn", "broken": "bad", "skipped": "dim"}
_STATE: Final = max(map(len, _TONES))


def lines(rows: list[Row]) -> Iterator[str]:
    """Yield the report."""
    width = max(len(row.id) for row in rows)
    for group, members in groupby(rows, key=lambda row: row.group):
        yield group
        for row in members:
            yield from _lines(row, width)
    yield ""
    yield _sum(rows)


def as_json(rows: list[Row]) -> str:
    """Return the findings as a JSON list."""
    found = [
        {
            "group": group,
            "id": name,
            "state": finding.state,
            "sentence": clean(finding.sentence),
            "fix": clean(finding.fix),
        }
        for group, name, finding in rows
    ]
    return json.dumps(found, indent=2)


def _lines(row: Row, width: int) -> Iterator[str]:
    finding = row.finding
    state = paint(finding.state.ljust(_STATE), _TONES[finding.state])
    indent = 2 + _STATE + 2 + width + 2
    yield f"  {state}  {row.id.ljust(width)}  {folded(clean(finding.sentence), columns(), indent)}"
    if finding.fix:
        yield f"{' ' * indent}fix: {clean(finding.fix)}"


def _sum(rows: list[Row]) -> str:
    states = [row.finding.state for row in rows]
    broken, warnings = states.count("broken"), states.count("warning")
    what = f"{count(broken, 'thing')} broken" if broken else "Nothing is broken"
    return paint(f"{what}, {count(warnings, 'warning')}.", "bad" if broken else "warn" if warnings else "good")
