import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from xacct.host import clock, peer


def test_the_kernel_says_who_connected(tmp_path):
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ours, theirs:
        who = peer.of_unix_socket(ours)
    assert who.uid == os.geteuid()
    assert who.pid in (os.getpid(), None)


def test_a_reading_is_of_both_clocks():
    before = time.time()
    first, second = clock.read(), clock.read()
    assert before <= first.wall <= time.time()
    assert 0 < first.boot <= second.boot
    assert first.boot >= time.monotonic() - 1  # suspends are counted in, never out


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_the_processes_that_one_stems_from_are_named_whatever_they_are_called(tmp_path):
    odd = tmp_path / ") 1 1 (x"
    odd.symlink_to("/bin/sh")
    command = f"exec 3>&1; '{odd}' -c 'sleep 60 & echo $$ $!; wait'; :"
    with subprocess.Popen(["/bin/sh", "-c", command], stdout=subprocess.PIPE, text=True) as outer:
        between, inner = map(int, outer.stdout.readline().split())
        try:
            found = peer.parents(inner)
            assert [each.pid for each in found[:3]] == [between, outer.pid, os.getpid()]
            assert found[0].exe == os.path.realpath("/bin/sh")
            assert len(found) <= peer.DEPTH
            assert 1 not in {each.pid for each in found}
        finally:
            for pid in (inner, between):
                os.kill(pid, signal.SIGKILL)


def test_of_a_process_that_is_gone_no_more_is_known():
    assert peer.parents(None) == peer.parents(2**22 + 1) == ()
