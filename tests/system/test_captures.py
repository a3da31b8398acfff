"""The captures in docs/captures are what a terminal shows: made anew in tmux, and compared."""

import importlib.util
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_spec = importlib.util.spec_from_file_location("captures", ROOT / "scripts" / "captures.py")
captures = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(captures)

pytestmark = pytest.mark.skipif(not shutil.which("tmux"), reason="tmux is not installed")


@pytest.mark.parametrize("name", captures.CAPTURES)
def test_a_capture_is_what_a_terminal_shows(monkeypatch, name):
    monkeypatch.delenv("TMUX", raising=False)
    assert captures.made(name) == (ROOT / "docs" / "captures" / f"{name}.txt").read_text("utf-8")


@pytest.mark.parametrize("name", captures.CAPTURES)
def test_no_line_is_wider_than_the_terminal(name):
    lines = (ROOT / "docs" / "captures" / f"{name}.txt").read_text("utf-8").splitlines()
    assert max(map(len, lines)) <= captures.CAPTURES[name].size[0]


def test_each_capture_is_made():
    assert {file.stem for file in (ROOT / "docs" / "captures").glob("*.txt")} == captures.CAPTURES.keys()
