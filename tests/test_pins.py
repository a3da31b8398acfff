import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    "name", ["constraints.txt", "constraints-keychain.txt", "constraints-mcp.txt", "constraints-dev.txt"]
)
def test_every_pin_has_a_version_and_a_hash(name):
    """pip checks hashes only where it is told to, and then of everything: one pin without would stop it."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    pins = [line for line in text.splitlines() if re.match(r"[A-Za-z0-9]", line)]
    assert len(pins) > 10
    assert [pin for pin in pins if not re.match(r"[\w.-]+==[\w.]+ .*--hash=sha256:[0-9a-f]{64}", pin)] == []
    assert "--require-hashes" in (ROOT / "Makefile").read_text(encoding="utf-8")


@pytest.mark.parametrize("file", ["Makefile", "scripts/install.sh"])
def test_nothing_that_is_pinned_is_built_from_source(file):
    """A source distribution runs its own build dependencies, which nobody has pinned."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    installing = [line for line in lines if "install --require-hashes" in line]
    assert installing
    assert [line for line in installing if "--only-binary=:all:" not in line] == []
