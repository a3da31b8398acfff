"""An upgrade under a running process is noticed, and nothing else is."""

import os

import pytest

from xacct.host import code_stamp
from xacct.host.code_stamp import CodeStamp


@pytest.fixture
def package(tmp_path):
    (tmp_path / "credentials").mkdir()
    (tmp_path / "wire.py").write_text("API = 1\n")
    (tmp_path / "credentials/entry.py").write_text("HOUR = 3600\n")
    return tmp_path


def test_nothing_has_changed(package):
    code = CodeStamp(package)
    (package / "__pycache__").mkdir()
    (package / "__pycache__/wire.cpython-311.pyc").write_bytes(b"compiled")
    assert not code.changed()


@pytest.mark.parametrize(
    "upgrade",
    [
        lambda package: (package / "wire.py").write_text("API = 22\n"),
        lambda package: os.utime(package / "credentials/entry.py", (1, 1)),
        lambda package: (package / "credentials/new.py").write_text(""),
        lambda package: (package / "wire.py").unlink(),
        lambda package: package.rename(package.with_name("gone")),
    ],
)
def test_an_upgrade_is_noticed(package, upgrade):
    code = CodeStamp(package)
    upgrade(package)
    assert code.changed()


def test_whoever_asks_often_is_told_what_the_last_look_found(package, monkeypatch):
    code = CodeStamp(package)
    (package / "wire.py").unlink()
    assert not code.found_changed()
    assert code.changed()
    monkeypatch.setattr(code_stamp, "_stamp", None)
    assert code.found_changed()


def test_of_links_to_folders_nothing_is_looked_at(package, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "unit.py").write_text("")
    (package / "units").symlink_to(elsewhere)
    code = CodeStamp(package)
    (elsewhere / "unit.py").unlink()
    assert not code.changed()
