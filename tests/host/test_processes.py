import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace
from waiting import PATIENCE

from xacct.host import peer, processes
from xacct.host.processes import AHEAD, REMEMBERED, SHARE, Processes, ProcessResolver
from xacct.model import Caller

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

HOLD = """
import socket, sys
held = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
import os; print(os.fstat(held.fileno()).st_ino, flush=True)
input()
"""


@pytest.fixture
def holder():
    """A child of ours with a connection: its process, and its socket's inode."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        subprocess.Popen(
            [sys.executable, "-c", HOLD, str(listener.getsockname()[1])], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as child,
    ):
        yield child, int(child.stdout.readline())
        child.kill()


def exe_of(child):
    return str(Path(f"/proc/{child.pid}/exe").readlink())


def open_descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


def of_us(inode):
    return Caller(uid=os.geteuid(), inode=inode)


def test_the_process_that_holds_a_socket_is_found_with_what_it_runs(holder):
    child, inode = holder
    found = Processes().find(of_us(inode))
    assert (found.pid, found.exe) == (child.pid, exe_of(child))
    assert (found.uid, found.inode) == (os.geteuid(), inode)


def test_whoever_was_found_is_looked_at_first_the_next_time(holder, monkeypatch):
    child, inode = holder
    finder = Processes()
    finder.find(of_us(inode))
    monkeypatch.setattr(processes, "_newest_first", list)
    assert finder.find(of_us(inode)).pid == child.pid


@pytest.mark.parametrize(
    "caller",
    [Caller(), Caller(uid=os.geteuid()), Caller(uid=os.geteuid() + 1, inode=5), of_us(2**32 - 1)],
    ids=["unknown", "hung up", "another user", "no such socket"],
)
def test_where_there_is_nothing_to_find_the_caller_stays_as_it_was(caller):
    assert Processes().find(caller) == caller


def test_what_is_known_is_not_looked_for(monkeypatch):
    monkeypatch.setattr(processes, "_newest_first", lambda: pytest.fail("looked"))
    known = Caller(uid=os.geteuid(), inode=5, pid=1, exe="/x")
    assert Processes().find(known) is known


# Looks have a price.


def scouting(time, cost=0.0):
    """A resolver whose clock is `time[0]`, what it has looked for, whom it finds (by inode). A look takes `cost`."""
    looked, there = [], {1: 11, 2: 12, 3: 13}

    def find(caller):
        looked.append(caller.inode)
        time[0] += cost
        return replace(caller, pid=there.get(caller.inode))

    resolver = ProcessResolver(find, lambda: time[0])
    return resolver, looked, there


def test_a_connection_is_looked_for_once():
    resolver, looked, there = scouting([100.0])
    assert resolver.find(of_us(1)).pid == 11
    there.clear()
    assert resolver.find(of_us(1)).pid == 11
    assert looked == [1]


def test_many_connections_cost_a_share_of_the_time_and_no_more():
    time, cost = [100.0], 0.026
    resolver, looked, there = scouting(time, cost)
    there.clear()
    for inode in range(1, 20_001):  # two hundred connections a second, for a hundred seconds
        resolver.find(of_us(inode))
        time[0] += 0.005
    passed = time[0] - 100.0
    assert AHEAD / cost < len(looked) <= (AHEAD + passed * SHARE) / cost + 1


def test_who_comes_after_many_connections_is_looked_for_again():
    time = [100.0]
    resolver, looked, _ = scouting(time, cost=2 * AHEAD)
    resolver.find(of_us(7))
    assert resolver.find(of_us(1)).pid is None
    time[0] += 2 * AHEAD / SHARE
    assert resolver.find(of_us(1)).pid == 11
    assert looked == [7, 1]


def test_few_are_remembered():
    resolver, _, there = scouting([0.0])
    for inode in range(1, 100):
        there[inode] = inode
        resolver.find(of_us(inode))
    assert len(resolver._found) == REMEMBERED


def test_callers_by_the_control_socket_are_not_taken_for_one_another():
    resolver = ProcessResolver(Processes().find, lambda: 0.0)
    for pid in (11, 12):
        known = Caller(uid=os.geteuid(), pid=pid, exe=f"/{pid}")
        assert resolver.find(known) is known


# The control socket's peer.

CONNECT = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); print(1, flush=True); input()"


@pytest.fixture
def connected(tmp_path):
    """A child of ours connected to a Unix socket, and our end."""
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        with subprocess.Popen(
            [sys.executable, "-c", CONNECT, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as child:
            ours, _ = listener.accept()
            child.stdout.readline()
            with ours:
                yield child, ours
            child.kill()


def test_a_peer_is_named_with_what_it_runs_and_no_descriptor_is_left(connected):
    child, ours = connected
    before = open_descriptors()
    caller = peer.caller(ours)
    assert (caller.uid, caller.pid) == (os.geteuid(), child.pid)
    assert caller.exe == exe_of(child)
    assert open_descriptors() == before


def test_a_peer_that_has_ended_runs_nothing(connected, monkeypatch):
    child, ours = connected
    child.kill()
    child.wait()
    # Its pid may be another's by now: this one's would be it.
    monkeypatch.setattr(peer, "executable", lambda pid: "/bin/another")
    caller = peer.caller(ours)
    assert caller.pid == child.pid
    assert caller.exe is None


def test_an_older_kernel_tells_by_peercred(connected, monkeypatch):
    child, ours = connected
    monkeypatch.setattr(peer, "_SO_PEERPIDFD", 9999)
    caller = peer.caller(ours)
    assert (caller.pid, caller.exe) == (child.pid, exe_of(child))


def test_no_unix_socket_has_no_peer():
    closed = socket.socket(socket.AF_UNIX)
    closed.close()
    assert "no peer" in peer.caller(closed).why


UNDUMPABLE = """
import ctypes, encodings.ascii, os, socket, sys
from xacct.host import peer
from xacct.host.processes import Processes
from xacct.model import Caller
if os.geteuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)
ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)
listener = socket.socket(); listener.bind(("127.0.0.1", 0)); listener.listen()
unix = socket.socket(socket.AF_UNIX); unix.bind("\\0xacct-test-%d" % os.getpid()); unix.listen(); unix.settimeout(10)
told, tell = os.pipe()
if os.fork() == 0:
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # an ordinary caller
    a = socket.socket(); a.connect(listener.getsockname())
    b = socket.socket(socket.AF_UNIX); b.connect(unix.getsockname())
    os.write(tell, b"%d %d" % (os.getpid(), os.fstat(a.fileno()).st_ino))
    b.recv(1); os._exit(0)
control, _ = unix.accept()
pid, inode = map(int, os.read(told, 99).split())
by_tcp, by_unix = Processes().find(Caller(uid=os.geteuid(), inode=inode)), peer.caller(control)
print(by_tcp.pid == pid, by_tcp.exe == by_unix.exe != None, by_unix.pid == pid)
"""


def test_an_undumpable_process_without_privileges_can_still_tell():
    """The daemon is one; root, as whom tests may run, could do it anyway."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", UNDUMPABLE],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        timeout=PATIENCE,
    )
    assert (done.stdout, done.stderr) == ("True True True\n", "")


def test_a_program_whose_name_is_no_utf8_is_named_all_the_same(tmp_path):
    program = os.fsencode(tmp_path) + b"/sl\xe9ep"
    shutil.copy(shutil.which("sleep"), program)
    with subprocess.Popen([program, "60"]) as child:
        try:
            named = processes.executable(child.pid)
        finally:
            child.kill()
    assert named == f"{tmp_path}/sl\\xe9ep"
    named.encode("utf-8")
