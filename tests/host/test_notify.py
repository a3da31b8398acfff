"""The messages as a real datagram socket receives them, descriptors and all."""

import array
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from xacct.host.notify import Manager


class Listener:
    """The manager's end."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self.socket.settimeout(2)
        self.address = address

    def heard(self):
        """One message's lines, and the descriptors that came with it."""
        size = array.array("i").itemsize
        data, ancillary, _, _ = self.socket.recvmsg(4096, socket.CMSG_SPACE(4 * size))
        found = array.array("i")
        for _, _, rights in ancillary:
            found.frombytes(rights[: len(rights) - len(rights) % size])
        return data.decode().split("\n"), list(found)


@pytest.fixture(params=["path", "abstract"])
def listener(request, tmp_path):
    address = str(tmp_path / "n") if request.param == "path" else f"@xacct-test-{os.getpid()}-{tmp_path.name}"
    made = Listener(address)
    yield made
    made.socket.close()


def test_plain_messages(listener):
    manager = Manager(listener.address)
    assert manager.present
    said = [
        (manager.ready(), ["READY=1"]),
        (manager.ready("serving 3 roles"), ["READY=1", "STATUS=serving 3 roles"]),
        (manager.stopping(), ["STOPPING=1"]),
        (manager.status("two\nlines"), ["STATUS=two lines"]),
        (manager.status("a name \udcff that is none"), ["STATUS=a name ? that is none"]),
        (manager.alive(), ["WATCHDOG=1"]),
        (manager.main_pid(4321), ["MAINPID=4321"]),
    ]
    for sent, lines in said:
        assert sent
        assert listener.heard() == (lines, [])


def test_a_stored_descriptor_is_the_same_file(listener, tmp_path):
    manager = Manager(listener.address)
    with (tmp_path / "state").open("w+b") as file:
        file.write(b"kept")
        file.flush()
        assert manager.store("st-1", file.fileno())
    lines, (received,) = listener.heard()
    assert lines == ["FDSTORE=1", "FDNAME=st-1"]
    assert os.pread(received, 10, 0) == b"kept"
    os.close(received)
    assert manager.forget("st-0")
    assert listener.heard() == (["FDSTOREREMOVE=1", "FDNAME=st-0"], [])


def test_without_a_manager_nothing_is_said_and_nothing_raises(tmp_path):
    before = len(list(Path("/dev/fd").iterdir()))
    gone = [Manager(), Manager(str(tmp_path / "nobody")), Manager("/" + "x" * 200)]
    for manager in gone:
        assert not any([manager.ready(), manager.status("x"), manager.store("st-0", 0), manager.forget("st-0")])
    assert len(list(Path("/dev/fd").iterdir())) == before
    assert not Manager().present


def test_a_manager_that_reads_nothing_blocks_nobody(listener):
    manager = Manager(listener.address)
    answers = [manager.status("x" * 1000) for _ in range(5000)]
    assert answers[0]
    assert not answers[-1]


def test_the_environment_is_taken_and_handed_on(listener):
    env = {"NOTIFY_SOCKET": listener.address, "WATCHDOG_USEC": "9000000", "WATCHDOG_PID": str(os.getpid()), "HOME": "/"}
    manager = Manager.from_environment(env)
    assert env == {"HOME": "/"}
    assert manager.alive_every == 3.0
    handed = manager.environment()
    assert handed == {"NOTIFY_SOCKET": listener.address, "WATCHDOG_USEC": "9000000"}
    successor = Manager.from_environment(handed)
    assert successor.alive_every == 3.0
    assert successor.ready()
    assert listener.heard()[0] == ["READY=1"]


@pytest.mark.parametrize(
    ("more", "every"),
    [
        ({"WATCHDOG_USEC": "9000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({}, None),
        ({"WATCHDOG_USEC": "3000000"}, 1.0),
    ],
)
def test_the_watchdog_is_ours_or_none(more, every):
    assert Manager.from_environment({"NOTIFY_SOCKET": "/run/n", **more}).alive_every == every


@pytest.mark.parametrize("address", ["", "vsock:2:9", "relative"])
def test_an_address_that_is_no_unix_socket_is_nobody(address):
    manager = Manager.from_environment({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "9000000"})
    assert not manager.present
    assert manager.alive_every is None
    assert manager.environment() == {}


@pytest.mark.parametrize("module", ["notify", "activation"])
def test_nothing_heavy_is_imported_before_the_sockets_are_known(module):
    probe = (
        f"import sys; before = set(sys.modules); import xacct.host.{module}; print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "xacct" in loaded
    assert loaded <= {*sys.stdlib_module_names, "xacct"}
    assert loaded.isdisjoint({"asyncio", "typing", "re", "ctypes", "dataclasses", "pathlib", "logging", "subprocess"})
