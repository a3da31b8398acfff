"""Every test can fail by what it says itself: an assert, an expected exception, or a helper that asserts."""

import ast
import functools
from pathlib import Path

import pytest

ROOT = Path(__file__).parent
PAGES = {
    str(file.relative_to(ROOT)): file.read_text(encoding="utf-8")
    for file in sorted(ROOT.rglob("*.py"))
    if not {"node_modules", "made"} & set(file.parts)
}
EXPECTS = {"raises", "warns", "fail"}
"""What of pytest fails a test."""

EVERYDAY = {name for kind in (dict, list, set, str, bytes, Path) for name in dir(kind)}
"""Methods that are somebody else's far more often than those of a helper's."""


@functools.cache
def functions(page):
    return [each for each in ast.walk(ast.parse(page)) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]


@functools.cache
def asserts(function):
    """Whether it has an assert of its own, expects an exception, or raises what an assert does."""
    return any(
        isinstance(each, ast.Assert)
        or (isinstance(each, ast.Attribute) and each.attr in EXPECTS and ast.unparse(each.value) == "pytest")
        or (isinstance(each, ast.Raise) and each.exc is not None and "AssertionError" in ast.unparse(each.exc))
        for each in ast.walk(function)
    )


@functools.cache
def calls(function):
    """The names of the functions and methods that are called in it, decorators and defaults left out."""
    return frozenset(_calls(function))


def _calls(function):
    for each in (each for statement in function.body for each in ast.walk(statement)):
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Name):
            yield each.func.id
        elif isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute) and each.func.attr not in EVERYDAY:
            yield each.func.attr
        elif isinstance(each, ast.Return) and isinstance(each.value, ast.Name):
            yield each.value.id  # a fixture that hands on a helper


def silent(pages):
    """The tests that can't fail by anything that they say: where each is.

    A helper is whatever its own file calls so, else everything in the tests that bears its name: all have to assert.
    """
    helpers = {path: [each for each in functions(page) if not is_test(each)] for path, page in pages.items()}
    own = {path: by_name(found) for path, found in helpers.items()}
    everywhere = by_name([each for found in helpers.values() for each in found])
    saying = {each for found in helpers.values() for each in found if asserts(each)}

    def says(function, path):
        called = (own[path].get(name) or everywhere.get(name) for name in calls(function))
        return asserts(function) or any(bearers and saying.issuperset(bearers) for bearers in called)

    while more := {
        each for path, found in helpers.items() for each in found if each not in saying and says(each, path)
    }:
        saying |= more
    tests = [(path, each) for path, page in pages.items() for each in functions(page) if is_test(each)]
    return [f"{path}:{each.lineno} {each.name}" for path, each in tests if not says(each, path)]


def is_test(function):
    return function.name.startswith("test_")


def by_name(found):
    names = {}
    for each in found:
        names.setdefault(each.name, []).append(each)
    return names


def test_every_test_asserts():
    assert silent(PAGES) == []


HELPERS = """
def looks(x):
    assert x

def hands_on(x):
    for each in x:
        looks(each)

def only_does(x):
    return x

def two(x):
    assert x

class Else:
    def two(self, x):
        return x

def fixture():
    return looks
"""


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("assert 1", True),
        ("with pytest.raises(ValueError): int('x')", True),
        ("pytest.fail('no')", True),
        ("looks(1)", True),
        ("it.hands_on([1])", True),
        ("fixture(1)", True),
        ("only_does(1)", False),
        ("two(1)", False),  # one of that name does, the other does not
        ("d.get(1)", False),
        ("pass", False),
    ],
)
def test_what_it_takes_for_an_assertion(body, says):
    found = silent({"a.py": HELPERS, "b.py": f"@looks\ndef test_it():\n    {body}\n"})
    assert found == ([] if says else ["b.py:2 test_it"])
