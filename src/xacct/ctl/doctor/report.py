"""The findings for people: grouped, aligned, coloured at a terminal; and for programs."""

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Final

from xacct.ctl.doctor.finding import Finding, count
from xacct.ctl.render import clean, columns, folded, paint

_TONES: Final = {"ok": "good", "warning": "warn", "broken": "bad", "skipped": "dim"}
_STATE: Final = max(map(len, _TONES))


def lines(findings: list[tuple[str, Finding]]) -> Iterator[str]:
    """Yield the report."""
    width = max(len(finding.name) for _, finding in findings)
    for group, members in groupby(findings, key=lambda pair: pair[0]):
        yield group
        for _, finding in members:
            yield from _lines(finding, width)
    yield ""
    yield _sum(findings)


def as_json(findings: list[tuple[str, Finding]]) -> str:
    """Return the findings as a JSON list."""
    rows = [
        {
            "group": group,
            "id": finding.name,
            "state": finding.state,
            "sentence": clean(finding.sentence),
            "fix": clean(finding.fix),
        }
        for group, finding in findings
    ]
    return json.dumps(rows, indent=2)


def _lines(finding: Finding, width: int) -> Iterator[str]:
    state = paint(finding.state.ljust(_STATE), _TONES[finding.state])
    indent = 2 + _STATE + 2 + width + 2
    yield f"  {state}  {finding.name.ljust(width)}  {folded(clean(finding.sentence), columns(), indent)}"
    if finding.fix:
        yield f"  {' ' * _STATE}  {' ' * width}  fix: {clean(finding.fix)}"


def _sum(findings: list[tuple[str, Finding]]) -> str:
    states = [finding.state for _, finding in findings]
    broken, warnings = states.count("broken"), states.count("warning")
    what = f"{count(broken, 'thing')} broken" if broken else "Nothing is broken"
    return paint(f"{what}, {count(warnings, 'warning')}.", "bad" if broken else "warn" if warnings else "good")
