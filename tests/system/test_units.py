"""The units as systemd itself reads them. A key it does not know is a warning, and no failure: none is wanted."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from xacct.ctl import service_files

pytestmark = pytest.mark.system

DOCS = Path(__file__).parents[2] / "docs/service.md"


@pytest.fixture
def analyze(tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")

    def run(*words):
        env = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "LC_ALL": "C.UTF-8"}
        return subprocess.run(
            ["systemd-analyze", *words], env=env, capture_output=True, text=True, check=False, timeout=60
        )

    return run


@pytest.fixture
def program(tmp_path):
    """An xacctd at a path that has to be quoted."""
    path = tmp_path / "a b %h $HOME/xacctd"
    path.parent.mkdir()
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


def put(directory, files):
    for name, text in files.items():
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(text)
    return directory / "xacctd.service", directory / "xacctd.socket"


def rated_as_documented(analyze, row, *words):
    """Whether the exposure is the one in the docs; each version of systemd rates in its own way."""
    if "systemd 252 " not in analyze("--version").stdout:
        return True
    shown = re.search(rf"^\| {row} \| .*\| ([\d.]+) \|$", DOCS.read_text(), re.MULTILINE)[1]
    return f": {shown} " in analyze(*words).stdout


@pytest.mark.parametrize("sandbox", service_files.SANDBOXES)
def test_the_users_units(analyze, program, tmp_path, sandbox):
    files = put(tmp_path, service_files.for_systemd([program, "%h $x"], 9477, sandbox))
    done = analyze("--user", "verify", *files)
    assert (done.returncode, done.stderr) == (0, "")
    assert rated_as_documented(analyze, sandbox, "--user", "security", "--offline=true", files[0])


def test_what_is_wrong_would_be_seen(analyze, program, tmp_path):
    files = service_files.for_systemd([program], 9477, "default")
    files["xacctd.service"] = files["xacctd.service"].replace("UMask=", "Umask=")
    done = analyze("--user", "verify", *put(tmp_path, files))
    assert "'Umask'" in done.stderr
    done = analyze("--user", "verify", *put(tmp_path, service_files.for_systemd([program + "x"], 9477, "default")))
    assert "is not executable" in done.stderr


def test_the_units_of_a_shared_machine(analyze, program, tmp_path):
    for name in ("xacctd@.service", "xacctd@.socket"):
        text = (service_files.UNITS / "systemd/system" / name).read_text()
        (tmp_path / name).write_text(text.replace("@XACCTD@", "/bin/sh"))
    done = analyze("verify", tmp_path / "xacctd@alice.service", tmp_path / "xacctd@.socket")
    assert (done.returncode, done.stderr) == (0, "")
    assert rated_as_documented(analyze, "shared machine", "security", "--offline=true", tmp_path / "xacctd@.service")
