"""What an installation changes: a part for each file, which knows how to come in and how to go out again. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from xacct.ctl.agent import jsonc, tables
from xacct.ctl.agent.record import Record, Taken, taken, unreadable
from xacct.ctl.failure import CtlError


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
            raise taken(self.path, error.args[0]) from None
        except ValueError as error:
            raise unreadable(self.path, error) from None
        new = jsonc.applied(text, found)
        if not jsonc.said(new, wanted):  # guard: json-is-read-again-before-it-is-written
            raise unreadable(self.path, ValueError("it can't be added to"))
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
            return tables.out_of(record, content)
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
            return tables.stands(record, content)
    return content == str(record["text"]).encode()


def lines_of(record: Record) -> list[str]:
    """Return the lines that are ours in a file, as `core` has them: they may be shown."""
    match record["kind"]:
        case "members":
            lines = [line for _, text in record["inserted"] if "\n" in text for line in text.splitlines()]
        case "tables":
            lines = tables.lines_of(record)
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
        raise unreadable(path, error) from None


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
