"""The macOS way, with a stand-in for psutil."""

import errno
import os
import sys
from types import SimpleNamespace

import pytest

from xacct.host import callers, callers_macos

CLIENT = ("127.0.0.1", 50000)
SERVER = ("127.0.0.1", 9477)


class FakePsutil:
    """psutil with these processes: pid -> (uid, connections as pairs of addresses)."""

    class Error(Exception):
        pass

    def __init__(self, **processes):
        self.processes = {int(name[1:]): what for name, what in processes.items()}
        self.looked_at = []

    def pids(self):
        return sorted(self.processes)

    def Process(self, pid):  # noqa: N802
        self.looked_at.append(pid)
        uid, connections = self.processes[pid]
        if connections is None:
            raise self.Error
        return SimpleNamespace(
            uids=lambda: SimpleNamespace(effective=uid),
            exe=lambda: f"/bin/{pid}",
            net_connections=lambda kind: [SimpleNamespace(laddr=a, raddr=b) for a, b in connections],
        )


def test_the_caller_is_found_among_our_processes():
    us = os.geteuid()
    psutil = FakePsutil(p1=(us, None), p2=(us, [(CLIENT, SERVER)]), p3=(us, [(("127.0.0.1", 1), ()), (CLIENT, ())]))
    ask = callers_macos.Psutil(psutil).caller
    found = ask(CLIENT, SERVER)
    assert (found.uid, found.pid, found.exe) == (us, 2, "/bin/2")
    psutil.looked_at.clear()
    assert ask(CLIENT, SERVER) == found
    assert psutil.looked_at == [2], "the last one found was not tried first"


def test_whom_it_does_not_find_may_be_anybody(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 501)
    psutil = FakePsutil(p1=(501, None), p2=(502, [(CLIENT, SERVER)]))
    found = callers_macos.Psutil(psutil).caller(CLIENT, SERVER)
    assert (found.uid, found.why) == (None, "among no process that may be looked at")


def test_without_psutil_nobody_is_known(monkeypatch):
    monkeypatch.setitem(sys.modules, "psutil", None)
    assert callers_macos.choose()(CLIENT, SERVER).why == "psutil is not installed"


@pytest.mark.parametrize(("platform", "why"), [("darwin", "among no process"), ("sunos5", "no way to tell on sunos5")])
def test_each_system_has_its_way(monkeypatch, platform, why):
    monkeypatch.setitem(sys.modules, "psutil", FakePsutil())
    monkeypatch.setattr(sys, "platform", platform)
    assert why in callers.choose()(CLIENT, SERVER).why


def test_a_look_without_descriptors_has_not_looked():
    psutil = FakePsutil(p5=(os.geteuid(), []))

    def starved(pid):
        raise OSError(errno.EMFILE, "Too many open files")

    psutil.Process = starved
    caller = callers_macos.Psutil(psutil).caller(CLIENT, SERVER)
    assert (caller.uid, caller.unasked) == (None, True)
