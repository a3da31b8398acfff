"""What /proc tells, read piece by piece."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from xacct.ctl import procfs

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="there is no procfs")


def test_a_file_is_read_to_its_end(monkeypatch):
    monkeypatch.setattr(procfs, "_PIECE", 7)
    assert procfs.read(os.getpid(), "environ") == Path("/proc/self/environ").read_bytes() != b""


def test_of_a_process_that_has_gone_there_is_nothing():
    done = subprocess.Popen(["true"])
    done.wait()
    assert procfs.read(done.pid, "stat") == b""
    assert procfs.stat(done.pid) == []
    assert procfs.command(done.pid) == ""


def test_a_process_has_its_fields():
    assert int(procfs.stat(os.getpid())[1]) == os.getppid()
