"""A debugger, /proc and a core dump, used by an unprivileged process of the daemon's own user.

Each attack is tried on the sandbox too, which runs as the same user and is not hardened: where it fails there as
well, this machine forbids it to everybody and the test would show nothing.
"""

import os
import resource
import shutil
import signal

import pytest
from unprivileged import OWNER, STRANGER, attack, unprivileged_stack

pytestmark = pytest.mark.system

READ_PROC = """
    import sys
    try:
        with open(f"/proc/{sys.argv[1]}/{sys.argv[2]}", "rb") as file:
            print("got", len(file.read(64)))
    except PermissionError:
        print("refused")
"""

LIST_PROC = """
    import os, sys
    try:
        print("got", len([os.readlink(entry) for entry in os.scandir(f"/proc/{sys.argv[1]}/{sys.argv[2]}")]))
    except PermissionError:
        print("refused")
"""

READ_MEMORY = """
    import ctypes, os, sys
    # The interpreter's own image lies at the same kind of place in every process: ask where, or guess where ours is.
    try:
        with open(f"/proc/{sys.argv[1]}/maps") as maps:
            at = int(maps.readline().split("-")[0], 16)
    except PermissionError:
        at = id(None) & ~4095
    try:
        with open(f"/proc/{sys.argv[1]}/mem", "rb", buffering=0) as memory:
            memory.seek(at)
            print("got", len(memory.read(64)))
    except PermissionError:
        print("refused")
"""

READ_VM = """
    import ctypes, errno, sys
    class Piece(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
    try:
        with open(f"/proc/{sys.argv[1]}/maps") as maps:
            at = int(maps.readline().split("-")[0], 16)
    except PermissionError:
        at = id(None) & ~4095
    room = ctypes.create_string_buffer(64)
    here, there = Piece(ctypes.addressof(room), 64), Piece(at, 64)
    libc = ctypes.CDLL(None, use_errno=True)
    got = libc.process_vm_readv(int(sys.argv[1]), ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
    print("got 64" if got == 64 else "refused" if ctypes.get_errno() == errno.EPERM else ctypes.get_errno())
"""

PTRACE = """
    import ctypes, errno, os, sys
    attach, detach = {"attach": (16, 17), "seize": (0x4206, 17)}[sys.argv[2]]
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(attach, int(sys.argv[1]), None, None) == 0:
        print("got it")
        if sys.argv[2] == "attach":
            os.waitpid(int(sys.argv[1]), 0x40000000)
        libc.ptrace(detach, int(sys.argv[1]), None, None)
    else:
        print("refused" if ctypes.get_errno() == errno.EPERM else ctypes.get_errno())
"""

STEAL_A_DESCRIPTOR = """
    import ctypes, errno, os, sys
    pidfd = os.pidfd_open(int(sys.argv[1]))
    libc = ctypes.CDLL(None, use_errno=True)
    got = libc.syscall(438, pidfd, 1, 0)
    print("got one" if got >= 0 else "refused" if ctypes.get_errno() == errno.EPERM else ctypes.get_errno())
"""

ATTACKS = {
    "/proc/PID/environ": (READ_PROC, "environ"),
    "/proc/PID/maps": (READ_PROC, "maps"),
    "/proc/PID/auxv": (READ_PROC, "auxv"),
    "/proc/PID/fd": (LIST_PROC, "fd"),
    "/proc/PID/map_files": (LIST_PROC, "map_files"),
    "/proc/PID/mem": (READ_MEMORY,),
    "process_vm_readv": (READ_VM,),
    "PTRACE_ATTACH": (PTRACE, "attach"),
    "PTRACE_SEIZE": (PTRACE, "seize"),
    "pidfd_getfd": (STEAL_A_DESCRIPTOR,),
}


@pytest.fixture(scope="module")
def stack():
    with unprivileged_stack() as stack:
        stack.login("prod")
        yield stack


@pytest.mark.parametrize("name", ATTACKS)
def test_a_process_of_the_same_user_gets_nothing_from_the_kernel(stack, name):
    code, *arguments = ATTACKS[name]
    if not attack(OWNER, code, stack.sandbox.pid, *arguments).startswith("got"):
        pytest.skip(f"{name} does not work here on any process")
    assert attack(OWNER, code, stack.daemon.pid, *arguments) == "refused"
    assert stack.status("prod")["state"] == "held"


@pytest.mark.parametrize("name", ["/proc/PID/environ", "/proc/PID/mem", "PTRACE_ATTACH"])
def test_another_user_gets_as_little(stack, name):
    code, *arguments = ATTACKS[name]
    assert attack(STRANGER, code, stack.daemon.pid, *arguments) == "refused"


GDB = """
    import subprocess, sys
    done = subprocess.run(
        ["gdb", "-nx", "-batch", "-p", sys.argv[1], "-ex", "print 6*7", "-ex", "info proc"],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=50,
    )
    print(done.stdout + done.stderr)
"""

GCORE = """
    import pathlib, subprocess, sys, tempfile
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["gcore", "-o", folder + "/core", sys.argv[1]], capture_output=True, timeout=50)
        print("got", sum(file.stat().st_size for file in pathlib.Path(folder).iterdir()))
"""


@pytest.fixture
def gdb():
    if shutil.which("gdb") is None or shutil.which("gcore") is None:
        pytest.skip("gdb is not installed")


def test_gdb_attaches_not(stack, gdb):
    if "ptrace: Operation not permitted" in attack(OWNER, GDB, stack.sandbox.pid):
        pytest.skip("gdb attaches to no process here")
    said = attack(OWNER, GDB, stack.daemon.pid)
    assert "ptrace: Operation not permitted" in said
    assert stack.status("prod")["state"] == "held"


def test_gcore_writes_nothing(stack, gdb):
    if attack(OWNER, GCORE, stack.sandbox.pid) == "got 0":
        pytest.skip("gcore writes no process here")
    assert attack(OWNER, GCORE, stack.daemon.pid) == "got 0"


@pytest.fixture
def cores_are_wanted():
    """As a developer's shell may have it: core dumps of any size."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, before)


@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGSEGV, signal.SIGQUIT])
def test_a_crash_leaves_no_core(cores_are_wanted, number):
    with unprivileged_stack() as stack:
        stack.login("prod")
        ended = {}
        for name, process in (("sandbox", stack.sandbox), ("daemon", stack.daemon)):
            process.send_signal(number)
            ended[name] = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT).si_code
            process.wait()
        if ended["sandbox"] != os.CLD_DUMPED:
            pytest.skip("this machine dumps no process")
        assert ended["daemon"] == os.CLD_KILLED
        cores = [path for path in stack.dir.rglob("core*") if path.is_file()]
        assert len(cores) <= 1  # the sandbox's, where the machine writes cores to files
