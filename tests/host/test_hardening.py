"""What the kernel says of a process after it has asked to be hardened. tests/system/test_tracing.py attacks one."""

import json
import os
import resource
import subprocess
import sys

import pytest

from xacct.host import hardening

AFTERWARDS = """
import ctypes, json, resource, sys
from xacct.host import hardening
refused = hardening.harden()
dumpable = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0) if sys.platform == "linux" else 0
print(json.dumps([refused, dumpable, resource.getrlimit(resource.RLIMIT_CORE)]))
"""


def test_no_core_and_no_tracer():
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", AFTERWARDS], env=environment, capture_output=True, check=True)
    assert json.loads(done.stdout) == [[], 0, [0, 0]]


def test_what_the_kernel_refuses_is_said_and_not_fatal(monkeypatch):
    def refuse(*_):
        raise ValueError

    class Libc:
        @staticmethod
        def prctl(*_):
            return -1

    monkeypatch.setattr(resource, "setrlimit", refuse)
    monkeypatch.setattr(hardening.ctypes, "CDLL", lambda *_, **__: Libc)
    monkeypatch.setattr(sys, "platform", "linux")
    assert [sentence.endswith(".") for sentence in hardening.harden()] == [True, True]


@pytest.mark.parametrize(
    ("limits", "wanted"),
    [
        ((1024, 1 << 20), (hardening.FILES, 1 << 20)),
        ((1024, 4096), (4096, 4096)),
        ((1024, resource.RLIM_INFINITY), (hardening.FILES, resource.RLIM_INFINITY)),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), None),
        ((1 << 16, 1 << 20), None),
    ],
)
def test_room_for_sockets_is_never_less_than_there_was(monkeypatch, limits, wanted):
    done = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda _, new: done.append(new))
    hardening.room_for_sockets()
    assert done == ([] if wanted is None else [wanted])
