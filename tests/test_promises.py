"""Every promise of docs/PROMISES.md names a test that exists and that CI runs; so does what docs/THREATS.md says."""

import ast
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
    for page in PAGES:
        for file, _, _ in links(page.read_text(encoding="utf-8")):
            suite = file.relative_to(ROOT).parts[1]
            assert f'check "{SUITES.get(suite, "make test")}"' in steps


def test_the_environment_that_wipes_is_the_one_that_was_tried():
    spec = importlib.util.spec_from_file_location("scripts_secrets", ROOT / "tests" / "system" / "test_secrets.py")
    tried = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = tried
    spec.loader.exec_module(tried)
    text = PAGES[1].read_text(encoding="utf-8")
    for name, value in tried.WIPING.items():
        assert f"{name}={value}" in text


def loaded(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_promise_has_a_mutant(page):
    """For each row something is switched off by `make mutate-guards` that one of its tests must notice."""
    noticed = {defence.tests.partition("::")[0] for defence in loaded(ROOT / "scripts" / "mutate_guards.py").DEFENCES}
    bare = [row for row in rows(page) if not {str(file.relative_to(ROOT)) for file, _, _ in links(row)} & noticed]
    assert bare == []


def test_every_mutant_finds_what_it_takes_away():
    for defence in loaded(ROOT / "scripts" / "mutate_guards.py").DEFENCES:
        assert defence.text in (ROOT / "src" / "xacct" / defence.file).read_text(encoding="utf-8"), defence.name
        assert (ROOT / defence.tests.partition("::")[0]).is_file(), defence.name
