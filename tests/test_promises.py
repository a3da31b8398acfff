"""Every promise of docs/PROMISES.md names a test that exists and that CI runs; so does what docs/THREATS.md says."""

import ast
import functools
import importlib
import importlib.util
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "docs" / name for name in ("PROMISES.md", "THREATS.md")]
LINK = re.compile(r"\[`([\w./]+\.py)(?:::(\w+))?`\]\(\.\./([\w./]+)\)")
SUITES = {"contract": "make test-sdks", "system": "make test-system"}


def rows(page):
    """The rows of a page's tables that say by what they are shown."""
    found, wanted = [], False
    for line in page.read_text(encoding="utf-8").splitlines():
        if not line.startswith("|"):
            wanted = False
        elif wanted and line.startswith("| "):
            found.append(line)
        wanted = wanted or line.endswith("| shown by |")
    return found


def links(text):
    return [(ROOT / path, shown, test) for shown, test, path in LINK.findall(text)]


@functools.cache
def names_in(file):
    """Top-level functions and assigned names: hypothesis' state machines are test cases by assignment."""
    body = ast.parse(file.read_text(encoding="utf-8")).body
    functions = {node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    assigned = {
        name.id for node in body if isinstance(node, ast.Assign) for name in node.targets if isinstance(name, ast.Name)
    }
    return functions | assigned


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_row_has_a_test(page):
    assert len(rows(page)) >= 10
    assert [row for row in rows(page) if not any(test for _, _, test in links(row))] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_that_is_named_exists(page):
    text = page.read_text(encoding="utf-8")
    assert len(links(text)) >= len(rows(page))
    assert text.count("](../tests/") == sum("tests/" in str(file) for file, _, _ in links(text)), (
        "a link in another form"
    )
    for file, shown, test in links(text):
        assert file.is_file(), shown
        assert str(file).endswith(shown)
        assert not test or (test.lower().startswith("test") and test in names_in(file)), f"{shown}::{test}"


def test_ci_runs_what_is_named():
    steps = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert 'check "make test"' in steps
    steps = steps.replace("check_again ", "check ")  # the same, and once more what failed
    for page in PAGES:
        for file, _, _ in links(page.read_text(encoding="utf-8")):
            suite = file.relative_to(ROOT).parts[1]
            assert re.search(rf'^check(_again)? "{SUITES.get(suite, "make test")}"', steps, re.MULTILINE)


def test_the_environment_that_wipes_is_the_one_that_was_tried():
    spec = importlib.util.spec_from_file_location("scripts_secrets", ROOT / "tests" / "system" / "test_secrets.py")
    tried = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = tried
    spec.loader.exec_module(tried)
    text = PAGES[1].read_text(encoding="utf-8")
    for name, value in tried.WIPING.items():
        assert f"{name}={value}" in text


@pytest.fixture
def runner(monkeypatch):
    """scripts/mutate_guards.py, as a module."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    return importlib.import_module("mutate_guards")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_promise_has_a_guard_that_one_of_its_own_tests_misses(page, runner):
    missed = {guard.test for guard in runner.GUARDS.values()}
    bare = [row for row in rows(page) if not missed & {f"{shown}::{test}" for _, shown, test in links(row)}]
    assert bare == []


def test_every_guard_is_at_one_line_and_finds_there_what_it_takes_away(runner):
    marked = runner.find()
    assert marked.keys() == runner.GUARDS.keys()
    for name, guard in runner.GUARDS.items():
        [file] = marked[name]
        source = file.read_text(encoding="utf-8")
        assert runner.without(source, name, guard) != source, name


def test_every_guard_names_one_test(runner):
    for name, guard in runner.GUARDS.items():
        file, *names = guard.test.split("::")
        assert names, f"{name} names a whole file"
        assert names[0] in names_in(ROOT / file), name


SOURCE = """
    # guard: above
    def ours(who):
        if who == us:  # guard: beside, as-well
            return who == us
        return False  # as ever
"""
WITHOUT_MARKS = """
    def ours(who):
        if who == us:
            return who == us
        return False  # as ever
"""


@pytest.mark.parametrize(
    ("name", "text", "instead"),
    [
        ("above", "def ours(who):\n", "def ours(we):\n"),
        ("beside", "who == us", "True"),
        ("as-well", "if who == us:\n            return who", "if False:\n            return us"),
    ],
)
def test_a_guard_is_taken_from_its_own_line_and_no_other(runner, name, text, instead):
    mutant = runner.without(SOURCE, name, runner.Guard(text, instead, ""))
    assert mutant == WITHOUT_MARKS.replace(text, instead, 1)


@pytest.mark.parametrize("text", ["return", "nowhere", "us", "== us:\n            return nobody"])
def test_what_is_not_there_just_once_is_no_guard(runner, text):
    source = SOURCE.replace("if who == us", "if us is us and who == us")
    with pytest.raises(ValueError, match="times in its line"):
        runner.without(source, "beside", runner.Guard(text, "", ""))


def test_a_test_that_does_not_end_is_no_notice(runner, monkeypatch, tmp_path):
    monkeypatch.setattr(runner, "PATIENCE", 0.1)
    (tmp_path / "test_it.py").write_text("import time\n\n\ndef test_it():\n    time.sleep(60)\n")
    monkeypatch.setattr(runner, "ROOT", tmp_path)
    (tmp_path / "it.py").write_text("here = True  # guard: it\n")
    guard = runner.Guard("True", "False", "test_it.py::test_it")
    assert runner.try_without(tmp_path, "it", guard, [tmp_path / "it.py"]) == (
        False,
        "UNKNOWN, the test did not run to its end (-1): no end within 0 s",
    )
    assert runner.try_without(tmp_path, "it", guard, [])[0] is False


class Tries:
    """Work whose tries have these outcomes, one after the other."""

    def __init__(self, *outcomes):
        self.outcomes = list(outcomes)

    def __call__(self, _tree):
        return self.outcomes.pop(0), f"{len(self.outcomes)} to come"


def test_only_what_fails_twice_is_a_failure_and_stands_at_the_end(runner, monkeypatch, tmp_path, capsys):
    busy, broken = Tries(False, True), Tries(False, False)
    tried = runner.Runner([tmp_path])
    results, failed = tried.run({"fine": Tries(True), "busy": busy, "broken": broken}, "once")
    assert {name: result.good for name, result in results.items()} == {"fine": True, "busy": False, "broken": False}
    assert [(result.good, result.said) for result in failed.pop("broken")] == [
        (False, "1 to come"),
        (False, "0 to come"),
    ]
    assert failed == {}
    assert busy.outcomes == broken.outcomes == []

    monkeypatch.setattr(runner, "GUARDS", {"gone": runner.Guard("a", "b", "tests/test_model.py::test_it")})
    monkeypatch.setattr(runner, "copy_trees", lambda *_: [tmp_path])
    monkeypatch.setattr(runner, "try_whole", lambda *_, **__: (True, ""))
    monkeypatch.setattr("sys.argv", ["mutate_guards.py"])
    assert runner.main() == 1
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "FAIL  gone",
        "      first: it is marked in 0 places",
        "      again: it is marked in 0 places",
    ]
