"""Every test runs at `make test` or at `make test-live`, both of which CI runs: none falls out of both."""

import ast
import functools
import re
from itertools import chain, combinations
from pathlib import Path

import pytest
from _pytest.mark.expression import Expression

TESTS = Path(__file__).parent
ROOT = TESTS.parent
APART = {"contract", "system"}
"""Folders with targets of their own."""

STAY = {
    "test_canary.py": "test_no_secret_shows_anywhere",
    "test_main_job.py": "test_renewals_need_no_code",
}
"""Tests of `make test` that are worth their seconds every time. (test_other_sts.py has one in LIVE.)"""


@pytest.fixture
def conftest(pytestconfig):
    """tests/conftest.py, for its tables."""
    plugins = pytestconfig.pluginmanager.get_plugins()
    return next(each for each in plugins if getattr(each, "__file__", None) == str(TESTS / "conftest.py"))


@functools.cache
def functions(file):
    """The names of a file's tests, those in classes included."""
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    every = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {node.name for node in every if node.name.startswith("test_")}


def taken(target):
    """What a target of the Makefile gives pytest as `-m`, as a function of a test's marks."""
    rule = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[1]
    marks = re.search(r'pytest .*-m ("[^"]+"|\S+)', rule)[1]
    return Expression.compile(marks.strip('"')).evaluate


def test_whatever_marks_a_test_has_it_runs():
    marks = ("live", "hypothesis", "asyncio", "parametrize")
    for held in chain.from_iterable(combinations(marks, size) for size in range(len(marks) + 1)):
        has = lambda name, held=held, **_: name in held  # noqa: E731
        assert taken("test")(has) or taken("test-live")(has), held
        assert taken("test")(has) == ("live" not in held), held


def test_property_tests_have_all_their_examples_at_one_of_them():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.findall(r"^\t.*HYPOTHESIS_PROFILE=brief.*-m (.*)$", makefile, re.MULTILINE) == ['"not live"']
    assert taken("test-live")(lambda name, **_: name == "hypothesis")


@pytest.mark.parametrize("target", ["test", "test-live"])
def test_ci_fails_where_one_of_them_does(target):
    steps = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    pattern = rf'^check "make {target}" \d+ make --no-print-directory {target}$'
    assert re.search(pattern, steps, re.MULTILINE)


def test_no_file_with_tests_is_passed_over():
    named = {file for file in TESTS.rglob("*.py") if re.fullmatch(r"test_\w+\.py|\w+_test\.py", file.name)}
    others = {
        file.relative_to(TESTS).as_posix()
        for file in {*TESTS.rglob("*.py")} - named
        if not APART & set(file.relative_to(TESTS).parts) and functions(file.relative_to(TESTS).as_posix())
    }
    assert others == set()


def test_nothing_else_is_ignored():
    found = re.compile(r"^.*(?:collect_ignore|pytest_ignore_).*$", re.MULTILINE)
    lines = [line for file in TESTS.rglob("conftest.py") for line in found.findall(file.read_text(encoding="utf-8"))]
    assert lines == ['collect_ignore = ["contract", "system"]']


def test_what_is_left_out_is_what_has_a_suite_of_its_own(conftest):
    assert set(conftest.collect_ignore) == APART


def test_the_tables_name_tests_that_there_are(conftest):
    for table in (conftest.LIVE, conftest.LATER):
        for file, names in table.items():
            assert set(names) <= functions(file), file
    assert all(reason for tests in conftest.LATER.values() for reason in tests.values())
    assert not conftest.LIVE.keys() & conftest.LATER.keys(), "LIVE alone says what of its files stays"


def test_some_stay(conftest):
    for file, name in STAY.items():
        assert name in functions(file)
        assert name not in conftest.LATER.get(file, {})
        assert file not in conftest.LIVE or name in conftest.LIVE[file]
    assert conftest.LIVE["test_other_sts.py"]
