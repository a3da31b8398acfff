"""Tables of a TOML file of the user's that get lines of ours: between two comments, by which they go out again. Pure.

What else writes such a file may move or drop the comments: Codex writes its tables of MCP servers anew, and leaves the
last comment at the end of the file. So they count only where all is as it was; elsewhere our lines go one by one.
"""

import json
import tomllib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, Final

from xacct.ctl import block
from xacct.ctl.agent.record import Record, Taken, taken, unreadable
from xacct.ctl.failure import CtlError

ENVIRONMENT: Final = block.Marks(
    "# >>> xacct agent >>>",
    "# <<< xacct agent <<<",
    'Made by "xacctctl agent install"; "xacctctl agent uninstall" takes it out.',
)
SERVER: Final = block.Marks(
    "# >>> xacct agent mcp >>>",
    "# <<< xacct agent mcp <<<",
    'Made by "xacctctl agent install --mcp"; "xacctctl agent uninstall" takes it out.',
)
_MARKS: Final = {marks.begin: marks for marks in (ENVIRONMENT, SERVER)}


class Tables:
    """Lines in a TOML file: in a table that it has, or at its end.

    Args:
        path: the file.
        table: the table's name, its parts.
        values: what it is to say: strings, and lists of them.
        marks: between which the lines are.
    """

    def __init__(
        self, path: str, table: Sequence[str], values: Mapping[str, str | list[str]], marks: block.Marks
    ) -> None:
        self.path = path
        self._table = table
        self._values = values
        self._marks = marks

    def into(self, content: bytes, *, there: bool) -> tuple[bytes, Record]:
        """See `Part`."""
        before = _toml(self.path, content)
        lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in self._values.items()]
        heading = f"[{'.'.join(self._table)}]"
        for name in self._values:
            if name in _at(before, self._table):
                raise taken(self.path, ".".join((*self._table, name)))
        place = _behind(content, heading)
        section = [heading, *lines] if place is None else lines
        new = block.with_block(place or block.cut(content, self._marks, self.path), self._marks, [section])
        wanted = {**_at(before, self._table), **self._values}
        if not _is_added(before, _toml_or_none(new), self._table, wanted):  # guard: toml-is-read-again-before-written
            raise CtlError(
                f"{self.path} has {'.'.join(self._table)} in a form that can't be added to here; it was left alone.",
                f"Write it as a table of its own, {heading}, and say it again.",
            )
        return new, {
            "kind": "tables",
            "path": self.path,
            "there": there,
            "marks": self._marks.begin,
            "lines": section,
            "table": list(self._table),
            "values": dict(self._values),
        }


def out_of(record: Record, content: bytes) -> Taken:
    """Return a file's content without the lines that a record is of.

    Raises:
        CtlError: the file can't be read, or would say something else besides.
    """
    before = _toml(record["path"], content)
    new = _intact(record, content)
    if new is None:
        new = _line_by_line(record, content)
    if _toml_or_none(new) not in _without(record, before):  # guard: only-our-lines-of-a-toml-file-go
        raise CtlError(
            f"{record['path']} has been changed around what was put in; it was left alone.",
            f"Take out by hand what {'.'.join(record['table'])} has of xacct's.",
        )
    gone = not record["there"] and not new.strip()
    left = _at(_toml(record["path"], new), record["table"])
    return Taken(None if gone else new, stays=any(name in left for name in record["values"]))


def stands(record: Record, content: bytes) -> bool:
    """Say whether a file still has all of it."""
    found = _at(_toml_or_none(content) or {}, record["table"])
    return all(found.get(name) == value for name, value in record["values"].items())


def lines_of(record: Record) -> list[str]:
    """Return the lines that are ours."""
    marks = _MARKS[record["marks"]]
    return [f"{marks.begin} {marks.remark}", *record["lines"], marks.end]


def _intact(record: Record, content: bytes) -> bytes | None:
    """Return the file without the block, to the byte; None where that is not as it was."""
    marks = _MARKS[record["marks"]]
    try:
        place = block.cut(content, marks)
    except CtlError:
        return None
    if place.body is None or place.body.splitlines() != record["lines"]:
        return None
    return block.with_block(place, marks, [])


def _line_by_line(record: Record, content: bytes) -> bytes:
    """Return the file without our comments, and without our values in their table; a heading of ours goes with them."""
    heading, comments = f"[{'.'.join(record['table'])}]", {lines_of(record)[0], lines_of(record)[-1]}
    lines = [line for line in content.decode().splitlines(keepends=True) if line.strip() not in comments]
    start = next((at for at, line in enumerate(lines) if line.partition("#")[0].strip() == heading), None)
    if start is None:
        return "".join(lines).encode()
    following = (at for at, line in enumerate(lines) if at > start and line.lstrip().startswith("["))
    end = next(following, len(lines))
    kept = [line for line in lines[start + 1 : end] if not _is_ours(record, line)]
    if heading not in record["lines"] or any(line.partition("#")[0].strip() for line in kept):
        kept.insert(0, lines[start])
    return "".join([*lines[:start], *kept, *lines[end:]]).encode()


def _is_ours(record: Record, line: str) -> bool:
    """Say whether a line gives one of our names our value, however it is written."""
    said = _toml_or_none(line.encode()) or {}
    return bool(said) and all(record["values"].get(name) == value for name, value in said.items())


def _without(record: Record, before: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what the file may say afterwards: without our values, and with or without tables that are empty then."""
    kept = deepcopy(dict(before))
    inner = _at(kept, record["table"])
    for name, value in record["values"].items():
        if inner.get(name) == value:
            del inner[name]  # type: ignore[attr-defined]  # it is a dict of the copy
    may = [deepcopy(kept)]
    for depth in range(len(record["table"]), 0, -1):
        *above, last = record["table"][:depth]
        outer = _at(kept, above)
        if outer.get(last) != {}:
            break
        del outer[last]  # type: ignore[attr-defined]  # as above
        may.append(deepcopy(kept))
    return may


def _behind(content: bytes, heading: str) -> block.Cut | None:
    """Return the file cut behind a table's heading; None where it has none in a line of its own."""
    at = 0
    for line in content.splitlines(keepends=True):
        at += len(line)
        if line.partition(b"#")[0].strip() == heading.encode() and line.endswith(b"\n"):
            eol = b"\r\n" if line.endswith(b"\r\n") else b"\n"
            return block.Cut(content[:at], eol, content[at:], eol, None)
    return None


def _toml(path: str, content: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise unreadable(path, error) from None


def _toml_or_none(content: bytes) -> dict[str, Any] | None:
    try:
        return tomllib.loads(content.decode())
    except (ValueError, RecursionError):
        return None


def _at(values: Mapping[str, Any], table: Sequence[str]) -> Mapping[str, Any]:
    """Return a table of a TOML file; an empty one where there is none."""
    found: Any = values
    for name in table:
        found = found.get(name, {}) if isinstance(found, dict) else {}
    return found if isinstance(found, dict) else {}


def _is_added(
    before: Mapping[str, Any], after: Mapping[str, Any] | None, table: Sequence[str], wanted: Mapping[str, Any]
) -> bool:
    """Say whether nothing is new but what is wanted in the table."""
    if after is None:
        return False
    first, *rest = table
    if not rest:
        return {**before, first: wanted} == after
    inner, now = before.get(first, {}), after.get(first)
    others = {key: value for key, value in after.items() if key != first}
    same = others == {key: value for key, value in before.items() if key != first}
    return same and isinstance(inner, dict) and isinstance(now, dict) and _is_added(inner, now, rest, wanted)
