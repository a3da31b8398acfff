"""The units come along with an installation, and what they say agrees with the code."""

import configparser
import importlib.metadata
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from xacct import paths
from xacct.ctl import service_files
from xacct.endpoint.server import ADDRESS, BACKLOG
from xacct.settings import Daemon

ROOT = Path(__file__).parents[1]
UNITS = service_files.UNITS
BUILD = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"


def unit(name):
    """A unit file's sections; of a key that is there more than once, all values."""

    class Many(dict):
        def __setitem__(self, key, value):
            if isinstance(value, list) and isinstance(self.get(key), list):
                self[key].extend(value)
            else:
                super().__setitem__(key, value)

    parser = configparser.RawConfigParser(dict_type=Many, strict=False, delimiters=["="])
    parser.optionxform = str
    parser.read_string((UNITS / "systemd" / name).read_text())
    return {section: {key: value.split("\n") for key, value in parser[section].items()} for section in parser}


def test_the_folders_at_the_top_are_what_is_packed():
    for name in ("systemd", "launchd"):
        top = ROOT / name
        if top.exists():  # a copy of src alone has them inside
            assert (UNITS / name).resolve() == top
    assert {path.name for path in (UNITS / "systemd").iterdir()} == {
        "xacctd.service", "xacctd.socket", "strict.conf", "none.conf", "system"
    }  # fmt: skip


def test_a_wheel_holds_every_unit(tmp_path):
    if int(importlib.metadata.version("setuptools").partition(".")[0]) < 77:
        pytest.skip("this setuptools is older than pyproject.toml wants")
    for name in ("src", "systemd", "launchd"):
        if (ROOT / name).exists():
            shutil.copytree(ROOT / name, tmp_path / name, symlinks=True, ignore=shutil.ignore_patterns("*.egg-info"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "LICENSE").touch()
    subprocess.run([sys.executable, "-c", BUILD, "out"], cwd=tmp_path, check=True, capture_output=True)
    [wheel] = (tmp_path / "out").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = {name: archive.read(name) for name in archive.namelist() if name.startswith("xacct/units/")}
    files = {f"xacct/units/{path.relative_to(UNITS)}": path for path in UNITS.glob("*/**/*") if path.is_file()}
    assert len(files) >= 7
    assert packed == {name: path.read_bytes() for name, path in files.items()}


def test_the_socket_is_where_xacctctl_looks(monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", "%t")
    monkeypatch.setattr(paths, "_directory", lambda variable, *_: "%t/xacct" if variable == "XDG_RUNTIME_DIR" else "")
    sockets = unit("xacctd.socket")["Socket"]
    assert sockets["ListenStream"] == [paths.socket_path(), f"{ADDRESS}:@PORT@"]
    assert sockets["Backlog"] == [str(BACKLOG)]
    assert (sockets["SocketMode"], sockets["DirectoryMode"]) == (["0600"], ["0700"])


def test_the_default_port_is_the_settings_own(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert service_files.port() == Daemon().port


@pytest.mark.parametrize("name", ["xacctd.service", "system/xacctd@.service"])
def test_what_a_service_must_never_lack(name):
    service = unit(name)["Service"]
    assert service["LimitCORE"] == service["MemorySwapMax"] == ["0"]
    assert service["UMask"] == ["0077"]
    assert service["MemoryMax"] == ["2G"]
    assert service["TasksMax"] == ["512"]
    assert service["NotifyAccess"] == ["main"]
    assert service["NoNewPrivileges"] == service["RestrictNamespaces"] == ["yes"]
    # Two places for states, and one for a state that is just being replaced.
    assert int(service["FileDescriptorStoreMax"][0]) >= 3
    assert "FileDescriptorStorePreserve" not in service
    # Secret memory can't be made without the second word, and the owner of a connection not be asked without netlink.
    assert {"@system-service", "memfd_secret"} <= set(service["SystemCallFilter"][0].split())
    assert "AF_NETLINK" in service["RestrictAddressFamilies"][0]
    # Without it, a refused call is the end of the daemon or its child.
    assert service["SystemCallErrorNumber"] == ["EPERM"]


def test_a_users_unit_has_nothing_that_takes_a_user_namespace():
    """In one, other processes' exe links are unreadable: the audit would lose its callers."""
    known = {"PrivateUsers", "PrivateTmp", "PrivateDevices", "PrivateNetwork", "PrivateMounts", "ReadWritePaths"}
    service = unit("xacctd.service")["Service"]
    assert not [key for key in service if key in known or key.startswith("Protect")]
    assert unit("strict.conf")["Service"]["PrivateUsers"] == ["yes"]


def test_both_services_filter_the_same():
    user, system = (unit(name)["Service"] for name in ("xacctd.service", "system/xacctd@.service"))
    for key in ("SystemCallFilter", "SystemCallArchitectures", "RestrictAddressFamilies", "ExecStopPost", "KillMode"):
        assert user[key] == system[key]
