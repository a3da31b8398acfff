import os
import socket
import time

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
