"""Where things are, and whose they are."""

import os
import stat

import pytest

from xacct import paths


@pytest.fixture
def place(monkeypatch, tmp_path):
    for variable, name in (("XDG_RUNTIME_DIR", "r"), ("XDG_STATE_HOME", "s"), ("XDG_CONFIG_HOME", "c"), ("HOME", "h")):
        monkeypatch.setenv(variable, str(tmp_path / name))
    return tmp_path


def test_xdg_decides(place):
    assert paths.socket_path() == f"{place}/r/xacct/control.sock"
    assert paths.log_file() == f"{place}/s/xacct/xacctd.log"
    assert paths.config_file() == f"{place}/c/xacct/config.toml"


def test_without_xdg_the_home_directory(place, monkeypatch):
    for name in ("RUNTIME_DIR", "STATE_HOME", "CONFIG_HOME"):
        monkeypatch.setenv(f"XDG_{name}", "relative is ignored")
    home = f"{place}/h"
    monkeypatch.setattr("sys.platform", "linux")
    assert paths.state_dir() == f"{home}/.local/state/xacct"
    assert paths.config_file() == f"{home}/.config/xacct/config.toml"
    monkeypatch.setattr("sys.platform", "darwin")
    assert paths.runtime_dir() == f"{home}/Library/Caches/xacct/run"
    assert paths.state_dir() == f"{home}/Library/Application Support/xacct"


def test_run_user_if_it_is_ours(place, monkeypatch):
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("os.getuid", lambda: 4242)
    monkeypatch.setattr(paths, "_is_ours", lambda directory: directory == "/run/user/4242")
    assert paths.runtime_dir() == "/run/user/4242/xacct"
    monkeypatch.setattr(paths, "_is_ours", lambda _directory: False)
    assert paths.runtime_dir() == f"{place}/h/.cache/xacct/run"


def test_the_socket_can_be_named(monkeypatch):
    monkeypatch.setenv("XACCT_SOCKET", "/x/y")
    assert paths.socket_path() == "/x/y"


def test_directories_are_made_private(place):
    fresh, lax = place / "a/b", place / "lax"
    lax.mkdir()
    lax.chmod(0o755)
    for directory in (fresh, lax):
        paths.make_private(str(directory))
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_somebody_elses_directory_is_refused(place, monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 4242)
    with pytest.raises(paths.UnusableError, match="somebody else"):
        paths.make_private(str(place))


def test_a_parent_of_somebody_elses_is_refused(place):
    if os.geteuid():
        pytest.skip("takes root, to give a directory away")
    theirs = place / "theirs"
    theirs.mkdir()
    os.chown(theirs, 65534, 65534)
    with pytest.raises(paths.UnusableError, match="somebody else"):
        paths.make_private(str(theirs / "xacct"))
    assert list(theirs.iterdir()) == []


def test_a_link_of_our_own_is_followed_and_one_of_somebody_elses_is_not(place):
    lax = place / "lax"
    lax.mkdir()
    lax.chmod(0o755)
    (place / "link").symlink_to(lax)
    if not os.geteuid():
        os.lchown(place / "link", 65534, 65534)
        with pytest.raises(paths.UnusableError, match="somebody else"):
            paths.make_private(str(place / "link"))
        assert stat.S_IMODE(lax.stat().st_mode) == 0o755, "it was changed by way of another's link"
        os.lchown(place / "link", 0, 0)
    paths.make_private(str(place / "link"))
    assert stat.S_IMODE(lax.stat().st_mode) == 0o700


def test_what_is_no_directory_is_refused(place):
    (place / "file").write_text("")
    with pytest.raises(paths.UnusableError, match="Not a directory"):
        paths.make_private(str(place / "file"))
    (place / "loop").symlink_to(place / "loop")
    with pytest.raises(paths.UnusableError):
        paths.make_private(str(place / "loop"))


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root, to give a directory away")
def test_a_link_of_our_own_to_a_directory_of_somebody_elses_is_refused(place):
    theirs = place / "theirs"
    theirs.mkdir(mode=0o755)
    os.chown(theirs, 65534, 65534)
    (place / "link").symlink_to(theirs)
    with pytest.raises(paths.UnusableError, match="somebody else"):
        paths.make_private(str(place / "link"))
    assert stat.S_IMODE(theirs.stat().st_mode) == 0o755
