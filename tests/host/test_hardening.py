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
def test_raise_file_limit_is_never_less_than_there_was(monkeypatch, limits, wanted):
    done = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda _, new: done.append(new))
    hardening.raise_file_limit()
    assert done == ([] if wanted is None else [wanted])


IN_SWAP_OR_NOT = """
import re, resource, sys
from pathlib import Path
from xacct.host import hardening
limit = resource.RLIM_INFINITY if sys.argv[1] == "all" else 8 * 1024 * 1024
resource.getrlimit = lambda _: (limit, limit)  # raising it may be forbidden even to root
resource.setrlimit = lambda *_: None
kept_out = hardening.keep_out_of_swap()
print(kept_out, int(re.search(r"VmLck:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) > 0)
"""


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="locking more than the limit takes root")
@pytest.mark.parametrize(("allowed", "outcome"), [("all", "True True"), ("some", "False False")])
def test_memory_is_locked_where_all_of_it_may_be(allowed, outcome):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    asked = [sys.executable, "-c", IN_SWAP_OR_NOT, allowed]
    done = subprocess.run(asked, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == outcome
