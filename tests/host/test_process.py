import os
import shutil
import struct
import subprocess
import sys

import pytest
from waiting import wait_until

from xacct.host import process
from xacct.host.process import started

SLEEP = [sys.executable, "-c", "input()"]


@pytest.fixture
def child():
    with subprocess.Popen(SLEEP, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        yield process
        process.kill()


def test_a_process_has_one_mark_for_life(child):
    assert started(child.pid)
    assert started(child.pid) == started(child.pid)
    assert started(os.getpid()) == started(os.getpid())


def test_another_process_has_another_mark(child):
    assert started(child.pid) != started(os.getpid())


def test_a_process_that_has_ended_has_none(child):
    child.kill()
    child.wait()
    assert started(child.pid) is None


def test_a_process_that_waits_to_be_buried_has_none(child):
    child.kill()
    wait_until(lambda: started(child.pid) is None, what="that a zombie counts as none")
    assert child.returncode is None  # nobody has waited for it yet


@pytest.mark.parametrize("pid", [0, -1, 2**31 - 1, 2**63])
def test_what_is_no_process_has_none(pid):
    assert started(pid) is None


@pytest.mark.skipif(sys.platform != "linux", reason="/proc shows names of processes on Linux")
def test_a_process_may_be_called_anything(tmp_path):
    program = tmp_path / "a) Z (b) R 1"
    shutil.copy(shutil.which("sleep"), program)
    with subprocess.Popen([program, "60"]) as process:
        try:
            mark = started(process.pid)
            assert mark is not None
            assert mark.isdigit()
            assert int(mark) > 1
        finally:
            process.kill()


def test_on_macos_the_kernel_is_asked(monkeypatch):
    """Its answer as XNU has it: a struct that begins with seconds and microseconds; nothing for one that is gone."""
    starts = {7: (1700000000, 5), 8: (1700000000, 6)}

    class Library:
        @staticmethod
        def sysctl(name, count, found, size, *_):
            assert (count, *name[:3]) == (4, 1, 14, 1)
            if name[3] not in starts:
                size._obj.value = 0
                return 0
            struct.pack_into("<qi", found, 0, *starts[name[3]])
            return 0

    monkeypatch.setattr(process.sys, "platform", "darwin")
    monkeypatch.setattr(process.ctypes, "CDLL", lambda *_: Library)
    assert started(7)
    assert started(7) == started(7) != started(8)
    assert [started(pid) for pid in (9, 0, -1, 2**32 + 7)] == [None] * 4
