"""Docstrings are Google's style, with one entry a line: what ruff's rules about it do not see."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
SECTION = re.compile(r"^(Args|Attributes|Raises|Returns|Yields):(.*)$")
Documented = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def _arguments(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    given = function.args
    found = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    return {argument.arg for argument in found if argument} - {"self", "cls"}


def _attributes(node: ast.AST) -> Iterator[str]:
    """What a class sets of itself, in its body and in its functions."""
    for found in ast.walk(node):
        if isinstance(found, ast.FunctionDef) and found.name in {"__init__", "__new__"}:
            yield from _arguments(found)
        if isinstance(found, ast.FunctionDef) and found.decorator_list:
            yield found.name
        if isinstance(found, ast.AnnAssign) and isinstance(found.target, ast.Name):
            yield found.target.id
        if isinstance(found, ast.ClassDef):
            yield from (target.id for line in found.body if isinstance(line, ast.Assign) for target in line.targets)
        if isinstance(found, ast.Attribute) and isinstance(found.ctx, ast.Store):
            yield found.attr


def _names(node: Documented) -> set[str]:
    return set(_attributes(node)) if isinstance(node, ast.ClassDef) else _arguments(node)


def _entry_faults(section: str, line: str, names: set[str]) -> Iterator[str]:
    """What is wrong with a line of a section; one that is indented further goes on with the entry above."""
    entries = re.findall(r"(?:^|[.;,)] )\**(\w+)(?: \([^)]*\))?(?=: )", line.strip())
    if section == "Raises":
        starts, found = bool(re.match(r" {4}_?[A-Z]\w*: \S", line)), [name for name in entries if name[0].isupper()]
    else:
        starts, found = re.match(r" {4}\**(\w+): \S", line), [name for name in entries if name in names]
        if starts and starts[1] not in names:
            yield f"{starts[1]} is none of its names"
    if line.startswith(" " * 5):
        if found:
            yield f"an entry in the middle of another: {line.strip()}"
    elif not starts:
        yield f"no entry: {line.strip()}"
    elif len(found) > 1:
        yield f"several entries in a line: {line.strip()}"


def faults(text: str, node: Documented) -> Iterator[str]:
    """What is wrong with the sections of a docstring."""
    names, section = _names(node), ""
    for line in text.splitlines():
        if header := SECTION.match(line):
            section = header[1]
            if header[2]:
                yield f"text behind {section}:"
        elif line and not line.startswith(" "):
            section = ""
        if section in {"Args", "Attributes", "Raises"} and line and not header:
            yield from _entry_faults(section, line, names)
        if not section:
            yield from (f"{name} belongs into a section" for name in re.findall(r"`(\w+)`: ", line) if name in names)
            yield from (f"{name} belongs into Raises" for name in re.findall(r"\bRaises `?([A-Z]\w+)", line))
            if "\n\nArgs:" in text and "Returns " in line:
                yield "what it returns belongs into Returns"


def _documented(tree: ast.AST) -> Iterator[tuple[Documented, str]]:
    for node in ast.walk(tree):
        if isinstance(node, Documented) and (text := ast.get_docstring(node)):
            yield node, text


def test_every_argument_attribute_and_error_has_a_line_of_its_own():
    found = [
        f"{path.relative_to(TOP)}, {node.name}: {fault}"
        for folder in ("src", "scripts")
        for path in sorted((TOP / folder).rglob("*.py"))
        for node, text in _documented(ast.parse(path.read_text()))
        for fault in faults(text, node)
    ]

    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "Does.\n\nArgs: one: this.",
        "Does.\n\nArgs:\n    one: this. two: that.",
        "Does.\n\nArgs:\n    one: this,\n        and more. two: that.",
        "Does.\n\nArgs:\n    one, two: those.",
        "Does.\n\nArgs:\n    three: that.",
        "Does.\n\nRaises:\n    OSError: this. ValueError: that.",
        "Does.\n\nRaises:\n    This, or that.",
        "Does. Raises `OSError` if it can't.",
        "Does. `one`: this.",
        "Does. Returns that.\n\nArgs:\n    one: this.",
    ],
)
def test_what_does_not_have_a_line_of_its_own_is_seen(text):
    function = ast.parse("def does(one, two): ...").body[0]

    assert list(faults(text, function)) != []


def test_attributes_in_running_text_are_seen():
    node = ast.parse("class Thing:\n    one: int").body[0]

    assert list(faults("A thing. `one`: how many.", node)) == ["one belongs into a section"]
    assert list(faults("A thing.\n\nAttributes:\n    one: how many.", node)) == []
