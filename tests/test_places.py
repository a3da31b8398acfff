import os
import stat
from pathlib import Path

import pytest

from xacct import places

HOME = {"HOME": "/home/alice"}


@pytest.fixture
def no_run_user(monkeypatch):
    monkeypatch.setattr(places, "is_ours", lambda _: False)


@pytest.fixture
def run_user(monkeypatch):
    monkeypatch.setattr(places, "is_ours", lambda directory: directory == Path(f"/run/user/{os.getuid()}"))


def test_linux_by_default(no_run_user):
    found = places.find(HOME, "linux")
    assert found.runtime == Path("/home/alice/.cache/xacct/run")
    assert found.state == Path("/home/alice/.local/state/xacct")
    assert found.config == Path("/home/alice/.config/xacct/config.toml")
    assert found.control == found.runtime / "control.sock"


def test_macos_by_default(run_user):
    found = places.find(HOME, "darwin")
    assert found.runtime == Path("/home/alice/Library/Caches/xacct/run")
    assert found.state == Path("/home/alice/Library/Application Support/xacct")
    assert found.config == Path("/home/alice/Library/Application Support/xacct/config.toml")


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_xdg_variables_count_on_both(run_user, platform):
    env = HOME | {"XDG_RUNTIME_DIR": "/r", "XDG_STATE_HOME": "/s", "XDG_CONFIG_HOME": "/c"}
    found = places.find(env, platform)
    assert found[:3] == (Path("/r/xacct"), Path("/s/xacct"), Path("/c/xacct/config.toml"))
    assert found.control == Path("/r/xacct/control.sock")


@pytest.mark.parametrize("value", ["", "relative", "./r", "~/r"])
def test_values_that_are_not_absolute_are_ignored(no_run_user, value):
    env = HOME | dict.fromkeys(("XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_CONFIG_HOME"), value)
    assert places.find(env, "linux") == places.find(HOME, "linux")


def test_the_runtime_directory_of_the_login_is_found_without_its_variable(run_user):
    assert places.find(HOME, "linux").runtime == Path(f"/run/user/{os.getuid()}/xacct")
    assert places.find(HOME | {"XDG_RUNTIME_DIR": "/r"}, "linux").runtime == Path("/r/xacct")


def test_another_socket_can_be_named(no_run_user):
    found = places.find(HOME | {"XACCT_SOCKET": "/elsewhere/c.sock"}, "linux")
    assert found.control == Path("/elsewhere/c.sock")
    assert found.runtime == places.find(HOME, "linux").runtime


def test_files_lie_in_their_directories(no_run_user):
    found = places.find(HOME, "linux")
    assert {found.lock.parent, found.start_lock.parent, found.tokens.parent} == {found.runtime}
    assert found.log.parent == found.state
    assert found.lock != found.start_lock


def test_a_directory_is_made_private_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        assert places.make_private(tmp_path / "a" / "b") is None
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o755, 0o777, 0o750, 0o701, 0o700])
def test_a_directory_that_is_there_becomes_private(tmp_path, mode):
    directory = tmp_path / "there"
    directory.mkdir()
    directory.chmod(mode)
    assert places.make_private(directory) is None
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_directory_of_another_is_refused_and_left_as_it_is(tmp_path):
    directory = tmp_path / "theirs"
    directory.mkdir(mode=0o755)
    os.chown(directory, 65534, 65534)
    assert "belongs to somebody else" in places.make_private(directory)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o755


def test_what_can_be_no_directory_is_said_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    assert places.make_private(tmp_path / "file") == f"{tmp_path / 'file'} can't be used (File exists)."
    assert "can't be used" in places.make_private(tmp_path / "file" / "below")


def test_ours_is_what_exists_and_belongs_to_us(tmp_path):
    assert places.is_ours(tmp_path)
    assert not places.is_ours(tmp_path / "missing")
