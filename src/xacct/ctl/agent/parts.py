"""What an installation changes: a part for each file, which knows how to come in and how to go out again. Pure."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

from xacct.ctl import block
from xacct.ctl.agent import jsonc
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

Record = dict[str, Any]
"""What has to be known to take a part out again, as JSON; no secret is in it, and nothing of the user's."""


class Taken(NamedTuple):
    """A file's content without a part of ours.

    Attributes:
        content: what is to be in it; None where the file is to go.
        stays: whether something of ours stays, because somebody has changed it since.
    """

    content: bytes | None
    stays: bool


class Part(Protocol):
    """A change of one file."""

    path: str

    def into(self, content: bytes, *, there: bool) -> tuple[bytes, Record]:
        """Return the file's content with the part in it, and the record by which it goes out again.

        Raises:
            CtlError: the file can't be read, or says something else.
        """
        ...


class Members:
    """Members of a JSON file's objects; comments and all else stay.

    Args:
        path: the file.
        wanted: members, and in objects among them members of theirs.
        unless: paths of members that count only where the file has none.
    """

    def __init__(self, path: str, wanted: Mapping[str, Any], unless: Sequence[tuple[str, ...]] = ()) -> None:
        self.path = path
        self._wanted = wanted
        self._unless = unless

    def into(self, content: bytes, *, there: bool) -> tuple[bytes, Record]:
        """See `Part`."""
        text = _text(self.path, content)
        root = _parsed(self.path, text)
        wanted = _less(self._wanted, [path for path in self._unless if _has(root, path)])
        try:
            found = jsonc.insertions(text, root, wanted)
        except KeyError as error:
            raise _taken(self.path, error.args[0]) from None
        except ValueError as error:
            raise _unreadable(self.path, error) from None
        new = jsonc.applied(text, found)
        if not jsonc.said(new, wanted):  # guard: json-is-read-again-before-it-is-written
            raise _unreadable(self.path, ValueError("it can't be added to"))
        record = {
            "kind": "members",
            "path": self.path,
            "there": there,
            "wanted": wanted,
            "made": jsonc.made_by(root, wanted),
            "inserted": [list(each) for each in found],
            "length": len(new),
        }
        return new.encode(), record


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
                raise _taken(self.path, ".".join((*self._table, name)))
        place = _behind(content, heading)
        section = [heading, *lines] if place is None else lines
        new = block.with_block(place or block.cut(content, self._marks, self.path), self._marks, [section])
        wanted = {**_at(before, self._table), **self._values}
        if not _is_added(before, _toml_or_none(new), self._table, wanted):  # guard: toml-is-read-again-before-written
            raise CtlError(
                f"{self.path} has {'.'.join(self._table)} in a form that can't be added to here; it was left alone.",
                f"Write it as a table of its own, {heading}, and say it again.",
            )
        record = {"kind": "tables", "path": self.path, "there": there, "marks": self._marks.begin, "lines": section}
        return new, record


class Whole:
    """A file that is ours alone.

    Args:
        path: the file.
        content: all of it.
        executable: whether it is a program.
    """

    def __init__(self, path: str, content: bytes, *, executable: bool = False) -> None:
        self.path = path
        self._content = content
        self._executable = executable

    def into(self, content: bytes, *, there: bool) -> tuple[bytes, Record]:
        """See `Part`."""
        if there and content != self._content:  # guard: a-file-of-anothers-is-not-replaced
            raise CtlError(f"{self.path} is there already, and is not from here.", "Move it away, and say it again.")
        return self._content, {
            "kind": "whole",
            "path": self.path,
            "there": there,
            "text": self._content.decode(),
            "executable": self._executable,
        }


def out_of(record: Record, content: bytes) -> Taken:
    """Return a file's content without what a record says of it.

    Raises:
        CtlError: the file can't be read.
    """
    match record["kind"]:
        case "members":
            return _members_out(record, content)
        case "tables":
            return _tables_out(record, content)
    ours = content == str(record["text"]).encode()
    return Taken(content, stays=True) if record["there"] or not ours else Taken(None, stays=False)


def stands(record: Record, content: bytes) -> bool:
    """Say whether a file still has all that was put into it."""
    match record["kind"]:
        case "members":
            try:
                return jsonc.said(content.decode(), record["wanted"])
            except UnicodeDecodeError:
                return False
        case "tables":
            return str(record["marks"]).encode() in content
    return content == str(record["text"]).encode()


def lines_of(record: Record) -> list[str]:
    """Return the lines that are ours in a file, as `core` has them: they may be shown."""
    match record["kind"]:
        case "members":
            lines = [line for _, text in record["inserted"] if "\n" in text for line in text.splitlines()]
        case "tables":
            marks = _MARKS[record["marks"]]
            lines = [f"{marks.begin} {marks.remark}", *record["lines"], marks.end]
        case _:
            lines = str(record["text"]).splitlines()
    return [found for line in lines if (found := core(line))]


def core(line: str) -> str:
    """Return a line without what it has around it: white space, and the comma that the next line makes necessary."""
    return line.strip().rstrip(",")


def _members_out(record: Record, content: bytes) -> Taken:
    text = _text(record["path"], content)
    inserted = [jsonc.Insertion(*each) for each in record["inserted"]]
    before = jsonc.reverted(text, inserted) if len(text) == record["length"] else None
    if before is None:
        _parsed(record["path"], text)
        before = jsonc.without(text, record["wanted"], {tuple(path) for path in record["made"]})
    gone = not record["there"] and before.strip() in ("", "{}")
    stays = any(_has(jsonc.parse(before), path) for path in _made_leaves(record))
    return Taken(None if gone else before.encode(), stays and not gone)


def _tables_out(record: Record, content: bytes) -> Taken:
    marks = _MARKS[record["marks"]]
    before = block.with_block(block.cut(content, marks, record["path"]), marks, [])
    gone = not record["there"] and not before.strip()
    return Taken(None if gone else before, stays=False)


def _made_leaves(record: Record) -> list[tuple[str, ...]]:
    """Return the paths of what was put in, all the way down."""
    found: list[tuple[str, ...]] = []
    rest: list[tuple[tuple[str, ...], Any]] = [((), record["wanted"])]
    while rest:
        path, value = rest.pop()
        if isinstance(value, dict):
            rest += [((*path, key), each) for key, each in value.items()]
        else:
            found.append(path)
    return found


def _text(path: str, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise CtlError(f"{path} is not UTF-8; it was left alone.", "Save it as UTF-8, and say it again.") from None


def _parsed(path: str, text: str) -> jsonc.Node | None:
    try:
        return jsonc.parse(text)
    except (ValueError, RecursionError) as error:
        raise _unreadable(path, error) from None


def _has(root: jsonc.Node | None, path: Sequence[str]) -> bool:
    node = root
    for key in path:
        member = None if node is None else node.get(key)
        if member is None:
            return False
        node = member.value
    return True


def _less(wanted: Mapping[str, Any], paths: Sequence[tuple[str, ...]]) -> dict[str, Any]:
    """Return what is wanted without the members at these paths."""
    return {
        key: _less(value, [path[1:] for path in paths if path[0] == key]) if isinstance(value, Mapping) else value
        for key, value in wanted.items()
        if (key,) not in paths
    }


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
        raise _unreadable(path, error) from None


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


def _taken(path: str, what: str) -> CtlError:
    return CtlError(
        f"{path} says already what {what} is; it was left alone.",
        "Take that out first, or install it for one project: --project",
    )


def _unreadable(path: str, error: Exception) -> CtlError:
    return CtlError(f"{path} can't be read ({error}); it was left alone.", "Mend it, and say it again.")
