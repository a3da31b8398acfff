"""Where things are, and whose they are."""

import stat

import pytest

from xacct.ctl import paths
from xacct.ctl.failure import CtlError


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
    lax.mkdir(mode=0o755)
    for directory in (fresh, lax):
        paths.make_private(str(directory))
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_somebody_elses_directory_is_refused(place, monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 4242)
    with pytest.raises(CtlError, match="somebody else"):
        paths.make_private(str(place))
