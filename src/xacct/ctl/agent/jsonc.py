"""JSON with comments (VS Code's settings) read with where everything stands, so that the rest of it stays. Pure text.

Read is what VS Code's own parser takes: JSON, comments of both kinds, and a comma behind the last member.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

# guard: comment-ends-where-vs-codes-does
_TRIVIA: Final = re.compile(r"(?:[ \t\r\n\ufeff]+|//[^\r\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING: Final = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_SCALAR: Final = re.compile(r"[-+.\w]+")
_DEEPEST: Final = 100
"""Levels: settings have five at most."""


class Member(NamedTuple):
    """A member of an object.

    Attributes:
        key: its name.
        start: where the name begins.
        value: the value.
        comma: where the comma behind it is; None where there is none.
    """

    key: str
    start: int
    value: "Node"
    comma: int | None


class Node(NamedTuple):
    """A value and where it stands.

    Attributes:
        start: where it begins.
        end: where it has ended.
        value: what it says; of an object a dict of that.
        members: an object's members, in order; None for anything else.
    """

    start: int
    end: int
    value: Any
    members: tuple[Member, ...] | None

    def get(self, key: str) -> Member | None:
        """Return the member of that name, if this is an object that has one."""
        return next((member for member in self.members or () if member.key == key), None)


class Insertion(NamedTuple):
    """Text that comes in at an offset of what was there before."""

    offset: int
    text: str


def parse(text: str) -> Node | None:
    """Return the value that the text is; None where there is nothing but white space and comments.

    Raises:
        ValueError: it is none, or an object has a name twice.
    """
    start = _behind(text, 0)
    if start == len(text):
        return None
    node = _value(text, start, 0)
    if _behind(text, node.end) != len(text):
        raise ValueError(f"more than a value, in line {_line(text, node.end)}")
    return node


def insertions(text: str, root: Node | None, wanted: Mapping[str, Any]) -> list[Insertion]:
    """Return what has to come in so that the text says all that is wanted, too.

    Args:
        text: the whole text.
        root: what it says.
        wanted: members, and in those that are objects members of theirs.

    Raises:
        KeyError: the text says something else already, at this path.
        ValueError: it is no object.
    """
    if root is None:
        eol = _eol(text)
        before = "" if not text or text.endswith("\n") else eol
        return [Insertion(len(text), before + _dumped(wanted, eol, "", "  ") + eol)]
    if root.members is None:
        raise ValueError("it is no object")
    return sorted(_missing(text, root, wanted, ()), key=lambda each: each.offset)


def applied(text: str, found: list[Insertion]) -> str:
    """Return the text with these insertions, which are in order."""
    parts, done = [], 0
    for offset, new in found:
        parts += [text[done:offset], new]
        done = offset
    return "".join([*parts, text[done:]])


def reverted(text: str, found: list[Insertion]) -> str | None:
    """Return what the text was before them; None where it is another by now."""
    parts, done, shift = [], 0, 0
    for offset, new in found:
        at = offset + shift
        if text[at : at + len(new)] != new:
            return None
        parts.append(text[done:at])
        done = at + len(new)
        shift += len(new)
    return "".join([*parts, text[done:]])


def without(text: str, wanted: Mapping[str, Any], made: set[tuple[str, ...]]) -> str:
    """Return the text without the members that still say what was wanted of them.

    Args:
        text: the whole text.
        wanted: as for `insertions`.
        made: paths of objects that came with them: those go, too, where nothing is left in them.

    Raises:
        ValueError: the text can't be read.
    """
    for path, value in _leaves(wanted, ()):
        root = parse(text)
        found = _found(root, path)
        if found is not None and found[1].value.value == value:
            text = _cut(text, *found)
    for path in sorted(made, key=len, reverse=True):
        found = _found(parse(text), path)
        if found is not None and found[1].value.members == () and _is_blank(text, found[1].value):
            text = _cut(text, *found)
    return text


def made_by(root: Node | None, wanted: Mapping[str, Any]) -> list[list[str]]:
    """Return the paths of the objects among what is wanted that are not there yet."""
    return [list(path) for path in _objects(wanted, ()) if _found(root, path) is None]


def said(text: str, wanted: Mapping[str, Any]) -> bool:
    """Say whether the text says all that is wanted; a text that can't be read does not."""
    try:
        root = parse(text)
    except ValueError:
        return False
    return all(
        (found := _found(root, path)) is not None and found[1].value.value == value
        for path, value in _leaves(wanted, ())
    )


# --- reading -----------------------------------------------------------------------------------------


def _value(text: str, start: int, depth: int) -> Node:
    if depth > _DEEPEST:
        raise ValueError("too deep")
    match text[start : start + 1]:
        case "{":
            return _object(text, start, depth)
        case "[":
            return _array(text, start, depth)
        case '"':
            end = _string_end(text, start)
            return Node(start, end, json.loads(text[start:end]), None)
    scalar = _SCALAR.match(text, start)
    if scalar is None:
        raise ValueError(f"no value in line {_line(text, start)}")
    try:
        return Node(start, scalar.end(), json.loads(scalar[0], parse_constant=_no_constant), None)
    except ValueError:
        raise ValueError(f"{scalar[0][:20]!r} in line {_line(text, start)}") from None


def _no_constant(word: str) -> None:
    """NaN and Infinity: Python's reader takes them, and the agents' own take none of a file that has one."""
    raise ValueError(word)  # guard: what-only-pythons-json-takes-is-none


def _object(text: str, start: int, depth: int) -> Node:
    members: list[Member] = []
    at = _behind(text, start + 1)
    while text[at : at + 1] != "}":
        if text[at : at + 1] != '"' or (members and members[-1].comma is None):
            raise ValueError(f"no name, or no comma before it, in line {_line(text, at)}")
        end = _string_end(text, at)
        colon = _behind(text, end)
        if text[colon : colon + 1] != ":":
            raise ValueError(f"no colon in line {_line(text, colon)}")
        value = _value(text, _behind(text, colon + 1), depth + 1)
        behind = _behind(text, value.end)
        comma = behind if text[behind : behind + 1] == "," else None
        members.append(Member(json.loads(text[at:end]), at, value, comma))
        at = behind if comma is None else _behind(text, comma + 1)
    names = [member.key for member in members]
    if len(set(names)) < len(names):  # guard: name-that-is-there-twice-is-not-changed
        raise ValueError(f"the same name twice in the object of line {_line(text, start)}")
    return Node(start, at + 1, {member.key: member.value.value for member in members}, tuple(members))


def _array(text: str, start: int, depth: int) -> Node:
    values: list[Any] = []
    at, parted = _behind(text, start + 1), True
    while text[at : at + 1] != "]":
        if not parted:
            raise ValueError(f"no comma in line {_line(text, at)}")
        value = _value(text, at, depth + 1)
        values.append(value.value)
        at = _behind(text, value.end)
        if parted := text[at : at + 1] == ",":
            at = _behind(text, at + 1)
    return Node(start, at + 1, values, None)


def _string_end(text: str, start: int) -> int:
    found = _STRING.match(text, start)
    if found is None:
        raise ValueError(f"a string without an end in line {_line(text, start)}")
    return found.end()


def _behind(text: str, at: int) -> int:
    """Return where what follows begins, behind white space and comments."""
    found = _TRIVIA.match(text, at)
    return at if found is None else found.end()


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


# --- writing -----------------------------------------------------------------------------------------


def _missing(text: str, node: Node, wanted: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Insertion]:
    new = {}
    for key, value in wanted.items():
        member = node.get(key)
        if member is None:
            new[key] = value
        elif isinstance(value, Mapping) and member.value.members is not None:
            yield from _missing(text, member.value, value, (*path, key))
        elif member.value.value != value:  # guard: what-somebody-else-has-set-stays
            raise KeyError(".".join((*path, key)))
    if new:
        yield from _into(text, node, new)


def _into(text: str, node: Node, new: Mapping[str, Any]) -> Iterator[Insertion]:
    """Yield the insertions that bring members into an object, written as those that it has are."""
    eol, outer = _eol(text), _indent(text, node.start)
    members = node.members or ()
    first = members[0].start if members else node.end - 1
    if members and "\n" not in text[node.start : first]:
        words = ", ".join(_member(key, value, None, "", "") for key, value in new.items())
        last = members[-1]
        if last.comma is None:
            yield Insertion(last.value.end, f", {words}")
        else:
            yield Insertion(last.comma + 1, f" {words},")
        return
    inner = _indent(text, first) if members else outer + _unit(text)
    unit = inner.removeprefix(outer) if inner != outer and inner.startswith(outer) else _unit(text)
    lines = f",{eol}{inner}".join(_member(key, value, eol, inner, unit) for key, value in new.items())
    if not members:
        at = _end_of_line(text, node.start + 1, node.end - 1)
        closing = "" if "\n" in text[at : node.end] else eol + outer
        yield Insertion(at, f"{eol}{inner}{lines}{closing}")
        return
    last = members[-1]
    if last.comma is None:
        yield Insertion(last.value.end, ",")
    behind = last.value.end if last.comma is None else last.comma + 1
    at = _end_of_line(text, behind, node.end - 1)
    closing = "" if "\n" in text[at : node.end] else eol + outer
    yield Insertion(at, f"{eol}{inner}{lines}{'' if last.comma is None else ','}{closing}")


def _member(key: str, value: Any, eol: str | None, indent: str, unit: str) -> str:
    dumped = json.dumps(value, ensure_ascii=False) if eol is None else _dumped(value, eol, indent, unit)
    return f"{json.dumps(key, ensure_ascii=False)}: {dumped}"


def _dumped(value: Any, eol: str, indent: str, unit: str) -> str:
    return json.dumps(value, indent=unit, ensure_ascii=False).replace("\n", eol + indent)


def _end_of_line(text: str, at: int, limit: int) -> int:
    """Return where the comments end that stand behind something in the same line."""
    end = at
    for part in re.compile(r"[ \t]+|//[^\r\n]*|/\*.*?\*/|(.|\n)", re.DOTALL).finditer(text, at, limit):
        if part[1] is not None:
            return end
        if not part[0].isspace():
            end = part.end()
    return end


def _indent(text: str, at: int) -> str:
    """Return the white space that the line of an offset begins with."""
    line = text[text.rfind("\n", 0, at) + 1 : at].removeprefix("\ufeff")
    return line[: len(line) - len(line.lstrip(" \t"))]


def _unit(text: str) -> str:
    """Return by what the first line that is indented is."""
    found = re.search(r"\n([ \t]+)[\"}\]]", text)
    return found[1] if found else "  "


def _eol(text: str) -> str:
    return "\r\n" if "\r\n" in text[: text.find("\n") + 1] else "\n"


# --- taking out --------------------------------------------------------------------------------------


def _objects(wanted: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for key, value in wanted.items():
        if isinstance(value, Mapping):
            yield (*path, key)
            yield from _objects(value, (*path, key))


def _leaves(wanted: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in wanted.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*path, key))
        else:
            yield (*path, key), value


def _found(root: Node | None, path: tuple[str, ...]) -> tuple[Node, Member] | None:
    """Return the object and the member of it at a path."""
    node = root
    for key in path[:-1]:
        member = None if node is None else node.get(key)
        node = None if member is None else member.value
    member = None if node is None else node.get(path[-1])
    return None if node is None or member is None else (node, member)


def _is_blank(text: str, node: Node) -> bool:
    return not text[node.start + 1 : node.end - 1].strip()


def _cut(text: str, node: Node, member: Member) -> str:
    """Return the text without a member: with the comma behind it, or, where it is the last, that before it."""
    members = node.members or ()
    place = members.index(member)
    comma = members[place - 1].comma if member.comma is None and place else member.comma
    behind = member.value.end if member.comma is None else member.comma + 1
    before = len(text[: member.start].rstrip(" \t\r\n"))
    if text[behind:].lstrip(" \t")[:1] not in ("", "\r", "\n"):
        # What stands behind it in its line would come to stand in a comment of the line before.
        ends = text.rfind("\n", before, member.start), text.rfind("\r", before, member.start)
        before = member.start if max(ends) >= 0 else before  # guard: what-stands-behind-ours-is-no-comment
    spans = [(before, member.value.end)]
    if comma is not None:
        spans.append((comma, comma + 1))
    for first, last in sorted(spans, reverse=True):
        text = text[:first] + text[last:]
    return text
