"""Chains of parents: with real processes, and with those that come and go in between."""

import os
import signal
import socket
import struct
import subprocess
import sys

import pytest
from waiting import PATIENCE, wait_until

from xacct.host import ancestry, peer, process
from xacct.model import ProcessMark

SUBREAPER = "import ctypes; assert ctypes.CDLL(None).prctl(36, 1, 0, 0, 0) == 0;"
FORKS = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print(os.getpid(), flush=True)
        time.sleep(600)
    os._exit(0)
os.wait()
sys.stdin.read()
"""


def mark(pid):
    return ProcessMark(pid, process.started(pid))


@pytest.fixture
def table(monkeypatch):
    """Processes by number: when each started, and its parent. What is an error is raised."""
    found = {1: (5, 0), 10: (20, 1), 20: (30, 10), 30: (30, 20)}

    def entry(pid):
        row = found[pid]
        if isinstance(row, Exception):
            raise row
        return ancestry._Entry(str(row[0]), (row[0], 0), row[1])

    monkeypatch.setattr(ancestry, "_entry", entry)
    return found


def test_a_process_stems_from_its_parents():
    found = ancestry.of(mark(os.getpid()))
    assert {mark(os.getpid()), mark(os.getppid())} <= found
    assert min(one.pid for one in found) == 1 or os.getpid() == 1


@pytest.mark.parametrize("reaps", [True, False])
def test_what_forks_twice_comes_back_below_a_subreaper_and_below_no_other(reaps):
    top = subprocess.Popen(
        [sys.executable, "-c", SUBREAPER * reaps + FORKS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    daemon = 0
    try:
        daemon = int(top.stdout.readline())
        if reaps:
            wait_until(
                lambda: mark(top.pid) in (ancestry.of(mark(daemon)) or ()), what="the daemon below its subreaper"
            )
        else:
            wait_until(lambda: mark(top.pid) not in (ancestry.of(mark(daemon)) or {mark(top.pid)}), what="its escape")
    finally:
        if daemon:
            os.kill(daemon, signal.SIGKILL)
        top.communicate(timeout=PATIENCE)


def test_a_chain_is_read_to_its_top(table):
    of_30 = {ProcessMark(30, "30"), ProcessMark(20, "30"), ProcessMark(10, "20"), ProcessMark(1, "5")}
    assert ancestry.of(ProcessMark(30, "30")) == of_30


def test_a_later_process_of_the_same_number_is_not_taken_for_it(table):
    assert ancestry.of(ProcessMark(30, "29")) is None


def test_a_parent_that_is_younger_than_its_child_is_not_its_parent(table):
    table[20] = (31, 1)
    assert ancestry.of(ProcessMark(30, "30")) is None


def test_a_chain_that_fits_together_at_the_second_look_counts(table, monkeypatch):
    whole = ancestry._entry

    def entry(pid):
        if pid == 20 and seen.append(pid) is None and len(seen) == 1:
            raise ProcessLookupError
        return whole(pid)

    seen = []
    monkeypatch.setattr(ancestry, "_entry", entry)
    assert ProcessMark(1, "5") in ancestry.of(ProcessMark(30, "30"))


@pytest.mark.parametrize("why", [PermissionError(), FileNotFoundError(), ValueError()])
def test_what_cannot_be_read_is_not_known(table, why):
    table[10] = why
    assert ancestry.of(ProcessMark(30, "30")) is None


def test_a_chain_without_an_end_is_not_known(table):
    table[10] = (20, 20)
    table[20] = (20, 10)
    assert ancestry.of(ProcessMark(30, "30")) is None


@pytest.mark.parametrize(
    ("row", "lives"),
    [
        ((30, 20), True),
        ((31, 20), False),
        (ProcessLookupError(), False),
        (FileNotFoundError(), False),
        (OSError(24, "Too many open files"), True),
        (PermissionError(), True),
    ],
)
def test_what_nobody_can_tell_to_have_ended_lives(table, row, lives):
    table[30] = row
    assert ancestry.lives(ProcessMark(30, "30")) is lives


def test_on_macos_the_kernels_entry_has_the_parent(monkeypatch):
    entry = struct.pack("=qi4x", 1700000000, 250000).ljust(560, b"\0") + struct.pack("=i", 41) + b"\0" * 84
    monkeypatch.setattr(process, "kernel_entry", lambda pid: entry if pid == 42 else None)
    found = ancestry._entry_macos(42)
    assert (found.age, found.parent, found.started) == ((1700000000, 250000), 41, entry[:16].hex())
    assert ancestry._entry_macos(43) is None


@pytest.fixture
def pair(tmp_path):
    """A listener, and what connects a child to it."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()

        def connected():
            code = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); sys.stdin.read()"
            child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "s")], stdin=subprocess.PIPE)
            connection, _ = listener.accept()
            return child, connection

        yield connected


def test_the_process_that_connected_is_known_while_it_lives(pair):
    child, connection = pair()
    with connection:
        assert peer.mark(connection) == mark(child.pid)
        child.communicate(timeout=PATIENCE)
        assert peer.mark(connection) is None


def test_who_has_its_number_afterwards_is_not_taken_for_it(pair, monkeypatch):
    child, connection = pair()
    with connection:
        try:
            os.close(struct.unpack("i", connection.getsockopt(socket.SOL_SOCKET, peer._SO_PEERPIDFD, 4))[0])
        except OSError:
            pytest.skip("before Linux 6.5 the kernel tells but a number")
        finally:
            child.communicate(timeout=PATIENCE)
        monkeypatch.setattr(process, "started", lambda _pid: "later")
        assert peer.mark(connection) is None


def test_an_older_kernel_tells_the_number(pair, monkeypatch):
    child, connection = pair()
    with connection:
        monkeypatch.setattr(peer, "_SO_PEERPIDFD", 32000)
        assert peer.mark(connection) == mark(child.pid)
        child.communicate(timeout=PATIENCE)
        assert peer.mark(connection) is None


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_the_processes_that_one_stems_from_are_named_whatever_they_are_called(tmp_path):
    odd = tmp_path / ") 1 1 (x"
    odd.symlink_to("/bin/sh")
    command = f"exec 3>&1; '{odd}' -c 'sleep 60 & echo $$ $!; wait'; :"
    with subprocess.Popen(["/bin/sh", "-c", command], stdout=subprocess.PIPE, text=True) as outer:
        between, inner = map(int, outer.stdout.readline().split())
        try:
            found = ancestry.parents(inner)
            assert [each.pid for each in found[:3]] == [between, outer.pid, os.getpid()]
            assert found[0].exe == os.path.realpath("/bin/sh")
            assert len(found) <= ancestry.TOLD
            assert 1 not in {each.pid for each in found}
        finally:
            for pid in (between, inner):  # the other way round the first would end by itself
                os.kill(pid, signal.SIGKILL)


def test_of_a_process_that_is_gone_no_more_is_known():
    assert ancestry.parents(None) == ancestry.parents(2**22 + 1) == ()


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_what_has_a_parents_number_by_now_is_told_of_as_nobodys_parent(monkeypatch):
    whole = process.stat
    reused = {os.getppid(): whole(os.getpid()).started + 1}

    def stat(pid, proc="/proc"):
        found = whole(pid, proc)
        return found._replace(started=reused.get(pid, found.started))

    assert ancestry.parents(os.getpid())[0].pid == os.getppid()
    monkeypatch.setattr(process, "stat", stat)
    assert ancestry.parents(os.getpid()) == ()
