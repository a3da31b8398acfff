"""Inherited descriptors, by real exec and real sockets; launchd's call by a stand-in in real memory."""

import ctypes
import json
import os
import plistlib
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from waiting import PATIENCE

from xacct.host import activation, launchd
from xacct.host.activation import InheritedSockets, inherited, sort

# Becomes, under its own pid, a program that finds the given descriptors from 3 on, as systemd would start it.
ADOPT = """
import fcntl, os, sys
descriptors = [int(d) for d in sys.argv[1].split(",") if d]
high = [fcntl.fcntl(d, fcntl.F_DUPFD, 100) for d in descriptors]  # free ones: who runs us may have that many open
for i, d in enumerate(high):
    os.dup2(d, 3 + i)
os.closerange(3 + len(high), 4096)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(high)), "LISTEN_FDNAMES": sys.argv[2]}
os.execv(sys.executable, [sys.executable, "-c", sys.argv[3]])
"""
REPORT = """
import json, os
from xacct.host.activation import inherited
found = inherited(os.environ)
open_now = sorted(int(d) for d in os.listdir("/dev/fd") if os.path.exists(f"/dev/fd/{d}"))
print(json.dumps({
    "control": found.control and found.control.getsockname(),
    "endpoint": found.endpoint and found.endpoint.getsockname(),
    "blocking": [s.getblocking() for s in (found.control, found.endpoint) if s],
    "stored": [(name, os.pread(d, 20, 0).decode()) for name, d in found.stored],
    "refused": found.refused,
    "inheritable": [d for d in open_now if d > 2 and os.get_inheritable(d)],
    "open": len([d for d in open_now if d > 2]),
    "left": [name for name in os.environ if name.startswith("LISTEN_")],
}))
"""


@pytest.fixture
def make():
    """Makers of descriptors of each kind; all are closed at the end."""
    made = []
    directory = tempfile.TemporaryDirectory(prefix="xa", dir="/tmp")

    class Make:
        path = f"{directory.name}/control.sock"

        def control(self, name="control.sock"):
            made.append(socket.socket(socket.AF_UNIX))
            made[-1].bind(f"{directory.name}/{name}")
            made[-1].listen()
            return made[-1].fileno()

        def endpoint(self, address="127.0.0.1", family=socket.AF_INET):
            made.append(socket.socket(family))
            made[-1].bind((address, 0))
            made[-1].listen()
            return made[-1].fileno()

        def silent(self):
            made.append(socket.socket())
            return made[-1].fileno()

        def file(self, text):
            made.append(tempfile.TemporaryFile("w+"))  # noqa: SIM115 - closed with the rest
            made[-1].write(text)
            made[-1].flush()
            return made[-1].fileno()

    yield Make()
    for each in made:
        each.close()
    directory.cleanup()


def started(names, *descriptors):
    done = subprocess.run(
        [sys.executable, "-c", ADOPT, ",".join(map(str, descriptors)), ":".join(names), REPORT],
        pass_fds=descriptors,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_daemon_finds_listeners_and_stored_state_whatever_their_order(make):
    found = started(
        ["xacctd.socket", "st-1", "xacctd.socket", "st-0"],
        make.endpoint(),
        make.file("newer"),
        make.control(),
        make.file("older"),
    )
    assert found["control"] == make.path
    assert found["endpoint"][0] == "127.0.0.1"
    assert found["stored"] == [["st-1", "newer"], ["st-0", "older"]]
    assert found["refused"] == []
    assert found["blocking"] == [False, False]
    assert found["inheritable"] == []
    assert found["left"] == []


def test_what_is_none_of_ours_is_closed_and_named(make):
    found = started(
        ["a", "b", "c", "d", "e", "st-x", "st-0"],
        make.control(),
        make.control("second.sock"),
        make.endpoint("0.0.0.0"),
        make.endpoint("::1", socket.AF_INET6),
        make.silent(),
        make.file("?"),
        make.file("kept"),
    )
    assert found["stored"] == [["st-0", "kept"]]
    assert found["endpoint"] is None
    assert found["refused"] == [
        ["b", "a second control listener"],
        ["c", "listens on 0.0.0.0, which is not IPv4 loopback"],
        ["d", "listens on ::1, which is not IPv4 loopback"],
        ["e", "a socket that does not listen"],
        ["st-x", "no socket, and no name of ours"],
    ]
    assert found["open"] == 2


def test_without_names_the_listeners_are_found_all_the_same(make):
    found = started([], make.control(), make.endpoint())
    assert found["control"] == make.path
    assert found["endpoint"]


@pytest.mark.parametrize(
    "env",
    [
        {},
        {"LISTEN_PID": "1", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "a:b"},
        {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "many"},
        {"LISTEN_PID": str(os.getpid())},
        {"LISTEN_FDS": "1"},
    ],
)
def test_what_was_meant_for_somebody_else_is_left_alone(env, monkeypatch):
    monkeypatch.setattr(activation, "_place", lambda *_: pytest.fail("looked at"))
    found = inherited(env, "linux")
    assert (found.control, found.endpoint, found.stored, found.refused) == (None, None, [], [])
    assert env == {}


def test_a_descriptor_that_is_not_open_is_no_trouble():
    found = sort([(250, "gone")])
    assert found.refused == [("gone", "Bad file descriptor")]
    assert isinstance(found, InheritedSockets)


# launchd.


class Library:
    """A C library whose launch_activate_socket is called through real pointers, and whose arrays are malloc's."""

    def __init__(self, held, status=0):
        self.libc = ctypes.CDLL(None)
        self.libc.malloc.restype, self.libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
        self.libc.free.restype, self.libc.free.argtypes = None, [ctypes.c_void_p]
        self.held, self.status, self.asked, self.given, self.freed = held, status, [], [], []
        array = ctypes.POINTER(ctypes.c_int)
        signature = ctypes.CFUNCTYPE(
            ctypes.c_int, ctypes.c_char_p, ctypes.POINTER(array), ctypes.POINTER(ctypes.c_size_t)
        )
        self.launch_activate_socket = signature(self._activate)
        self.free = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(self._free)

    def _activate(self, name, into, count):
        self.asked.append(name)
        if self.status:
            return self.status
        descriptors = self.held[name.decode()]
        memory = self.libc.malloc(ctypes.sizeof(ctypes.c_int) * max(1, len(descriptors)))
        self.given.append(memory)
        cells = ctypes.cast(memory, ctypes.POINTER(ctypes.c_int))
        for i, descriptor in enumerate(descriptors):
            cells[i] = descriptor
        into[0] = cells
        count[0] = len(descriptors)
        return 0

    def _free(self, memory):
        self.freed.append(memory)
        self.libc.free(memory)


def test_launchds_arrays_are_read_and_freed():
    library = Library({"control": [7], "endpoint": [2_000_000_000, 9]})
    assert launchd.listeners(library) == [(7, "control"), (2_000_000_000, "endpoint"), (9, "endpoint")]
    assert library.asked == [b"control", b"endpoint"]
    assert library.freed == library.given != []


@pytest.mark.parametrize("status", [2, 3, 37])
def test_launchd_that_did_not_start_us_holds_nothing(status):
    library = Library({}, status)
    assert launchd.listeners(library) == []
    assert library.freed == []


def test_a_library_without_the_call_is_no_macos():
    assert launchd.listeners(object()) == []


def test_on_macos_launchd_is_asked(make, monkeypatch):
    library = Library({"control": [os.dup(make.control())], "endpoint": [os.dup(make.endpoint())]})
    monkeypatch.setattr(launchd.ctypes, "CDLL", lambda _name: library)
    found = inherited({}, "darwin")
    assert found.control.getsockname() == make.path
    assert found.endpoint.getsockname()[0] == "127.0.0.1"
    found.control.close()
    found.endpoint.close()


def test_the_names_are_those_of_the_agents_file():
    units = Path(activation.__file__).parents[1] / "units"
    agent = plistlib.loads((units / "launchd/dev.xacct.xacctd.plist").read_bytes())
    assert tuple(agent["Sockets"]) == launchd.NAMES
